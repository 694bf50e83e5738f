// Updates: at most one a side a turn, and only if a field really changed (kqueue's idea, made
// exact: the tuple is compared with what it was when the turn, or a call before it, first touched
// the record).

import {
  DIRTY_RECORD,
  DIRTY_RX_AVAILABLE,
  DIRTY_RX_ERROR,
  DIRTY_RX_MARKS,
  DIRTY_SIZE,
  DIRTY_TX_ERROR,
  DIRTY_TX_MARKS,
  DIRTY_TX_QUEUED,
  DIRTY_TX_SPACE,
} from './core-layout';
import { deliver } from './deliveries';
import * as layout from './layout';
import { count, dirty, long, settings, setWord, updates, word } from './memory';
import * as records from './records';
import { tells } from './triggers';

/** Remembers the record's tuples, once, before they are changed. */
export function touch(record: i32): void {
  const address = records.at(record);
  if (load<u32>(address, layout.RECORD_DIRTY) != 0) return;
  const place = word(layout.STATE_DIRTY_COUNT);
  setWord(layout.STATE_DIRTY_COUNT, place + 1);
  store<u32>(address, place + 1, layout.RECORD_DIRTY);
  const entry = dirty + <u32>place * DIRTY_SIZE;
  store<i32>(entry, record, DIRTY_RECORD);
  store<i32>(entry, load<i32>(address, layout.RX_AVAILABLE), DIRTY_RX_AVAILABLE);
  store<i32>(entry, load<i32>(address, layout.RX_ERROR), DIRTY_RX_ERROR);
  store<i32>(entry, load<u16>(address, layout.RX_EOF), DIRTY_RX_MARKS);
  store<i32>(entry, load<i32>(address, layout.TX_SPACE), DIRTY_TX_SPACE);
  store<i32>(entry, load<i32>(address, layout.TX_QUEUED), DIRTY_TX_QUEUED);
  store<i32>(entry, load<i32>(address, layout.TX_ERROR), DIRTY_TX_ERROR);
  store<i32>(entry, load<u16>(address, layout.TX_ENDED), DIRTY_TX_MARKS);
}

export function setAvailable(record: i32, available: i32, exactness: i32): void {
  touch(record);
  const address = records.at(record);
  store<i32>(address, available, layout.RX_AVAILABLE);
  store<u8>(address, <u8>exactness, layout.RX_EXACTNESS);
}

/** What a count of the kernel's is worth until the next report. */
export function exactnessOf(counted: i32): i32 {
  const grows = counted > 0 && (settings & layout.SETTING_LEVELS) != 0;
  return grows ? layout.EXACTNESS_LOWER_BOUND : layout.EXACTNESS_EXACT;
}

export function setSpace(record: i32, space: i32, exactness: i32): void {
  touch(record);
  const address = records.at(record);
  store<i32>(address, space, layout.TX_SPACE);
  store<u8>(address, <u8>exactness, layout.TX_EXACTNESS);
}

export function setEof(record: i32): void {
  touch(record);
  store<u8>(records.at(record), 1, layout.RX_EOF);
}

export function setEnded(record: i32): void {
  touch(record);
  store<u8>(records.at(record), 1, layout.TX_ENDED);
}

export function setReadError(record: i32, error: i32): void {
  touch(record);
  store<i32>(records.at(record), error, layout.RX_ERROR);
}

export function setWriteError(record: i32, error: i32): void {
  touch(record);
  store<i32>(records.at(record), error, layout.TX_ERROR);
}

export function setQueued(record: i32, queued: u32): void {
  touch(record);
  store<u32>(records.at(record), queued, layout.TX_QUEUED);
}

function emit(record: i32, side: u8): void {
  const address = records.at(record);
  const place = word(layout.UPDATE_COUNT);
  assert(place < word(layout.UPDATES_MAX), 'more updates than sides');
  setWord(layout.UPDATE_COUNT, place + 1);
  const entry = updates + <u32>place * layout.UPDATE_SIZE;
  store<i32>(entry, record, layout.UPDATE_RECORD);
  store<u32>(entry, side, layout.UPDATE_SIDE);
  if (side == 0) {
    store<u8>(entry, load<u8>(address, layout.RX_EOF), layout.UPDATE_EOF);
    store<u8>(entry, load<u8>(address, layout.RX_EXACTNESS), layout.UPDATE_EXACTNESS);
    store<i32>(entry, load<i32>(address, layout.RX_AVAILABLE), layout.UPDATE_VALUE);
    store<i32>(entry, 0, layout.UPDATE_QUEUED);
    store<i32>(entry, load<i32>(address, layout.RX_ERROR), layout.UPDATE_ERROR);
    const sequence = load<u32>(address, layout.RX_SEQUENCE) + 1;
    store<u32>(address, sequence, layout.RX_SEQUENCE);
    store<u64>(address, long(layout.TURN), layout.RX_TURN);
    store<u32>(entry, sequence, layout.UPDATE_SEQUENCE);
  } else {
    store<u8>(entry, load<u8>(address, layout.TX_ENDED), layout.UPDATE_EOF);
    store<u8>(entry, load<u8>(address, layout.TX_EXACTNESS), layout.UPDATE_EXACTNESS);
    store<i32>(entry, load<i32>(address, layout.TX_SPACE), layout.UPDATE_VALUE);
    store<i32>(entry, load<i32>(address, layout.TX_QUEUED), layout.UPDATE_QUEUED);
    store<i32>(entry, load<i32>(address, layout.TX_ERROR), layout.UPDATE_ERROR);
    const sequence = load<u32>(address, layout.TX_SEQUENCE) + 1;
    store<u32>(address, sequence, layout.TX_SEQUENCE);
    store<u64>(address, long(layout.TURN), layout.TX_TURN);
    store<u32>(entry, sequence, layout.UPDATE_SEQUENCE);
  }
  count(layout.COUNTER_UPDATES);
}

/**
 * Compares every touched record with what it was; emits the updates, and `change` for those who
 * asked.
 */
export function settleUpdates(): void {
  const total = word(layout.STATE_DIRTY_COUNT);
  // Who is to be looked at in the next turn again is put at the front, over entries already read.
  setWord(layout.STATE_DIRTY_COUNT, 0);
  for (let place = 0; place < total; place++) {
    const entry = dirty + <u32>place * DIRTY_SIZE;
    const record = load<i32>(entry, DIRTY_RECORD);
    const address = records.at(record);
    store<u32>(address, 0, layout.RECORD_DIRTY);
    const received =
      load<i32>(entry, DIRTY_RX_AVAILABLE) != load<i32>(address, layout.RX_AVAILABLE) ||
      load<i32>(entry, DIRTY_RX_ERROR) != load<i32>(address, layout.RX_ERROR) ||
      load<i32>(entry, DIRTY_RX_MARKS) != <i32>load<u16>(address, layout.RX_EOF);
    const sent =
      load<i32>(entry, DIRTY_TX_SPACE) != load<i32>(address, layout.TX_SPACE) ||
      load<i32>(entry, DIRTY_TX_QUEUED) != load<i32>(address, layout.TX_QUEUED) ||
      load<i32>(entry, DIRTY_TX_ERROR) != load<i32>(address, layout.TX_ERROR) ||
      load<i32>(entry, DIRTY_TX_MARKS) != <i32>load<u16>(address, layout.TX_ENDED);
    if (received) emit(record, 0);
    if (sent) emit(record, 1);
    if (load<u8>(address, layout.RECORD_STATE) != layout.STATE_OPEN) continue;
    const wants =
      load<u8>(address, layout.RECORD_KIND) == layout.KIND_LISTENER
        ? layout.WANTS_LISTENER_CHANGE
        : layout.WANTS_CHANGE;
    if (!(load<u16>(address, layout.RECORD_WANTS) & wants)) continue;
    if (tells(record, received || sent)) deliver(layout.DELIVER_CHANGE, record, 0, 0, 0);
  }
}
