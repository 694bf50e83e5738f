// Records: one a source. Slots are handed out last-freed-first, so that a busy server touches few
// of them; a generation goes up with each owner, so that what was meant for an earlier one is
// recognised.
import * as layout from './layout';
import { peers, records, recordsMax, setWord, word } from './memory';

export function at(record: i32): u32 {
  return records + ((<u32>record) << layout.RECORD_SHIFT);
}

export function peerAt(record: i32): u32 {
  return peers + ((<u32>record) << layout.PEER_SHIFT);
}

export function state(record: i32): i32 {
  return load<u8>(at(record), layout.RECORD_STATE);
}

export function setState(record: i32, value: i32): void {
  store<u8>(at(record), <u8>value, layout.RECORD_STATE);
}

export function kind(record: i32): i32 {
  return load<u8>(at(record), layout.RECORD_KIND);
}

export function generation(record: i32): u32 {
  return load<u32>(at(record), layout.RECORD_GENERATION);
}

export function work(record: i32): i32 {
  return load<i32>(at(record), layout.RECORD_WORK);
}

export function has(record: i32, bits: i32): bool {
  return (work(record) & bits) != 0;
}

export function set(record: i32, bits: i32): void {
  store<i32>(at(record), work(record) | bits, layout.RECORD_WORK);
}

export function clear(record: i32, bits: i32): void {
  store<i32>(at(record), work(record) & ~bits, layout.RECORD_WORK);
}

/** Is this the live owner that the caller means? False for any index, however wild. */
export function owns(record: i32, ofGeneration: u32): bool {
  if (<u32>record >= <u32>recordsMax) return false;
  return state(record) != layout.STATE_FREE && generation(record) == ofGeneration;
}

/** A fresh record, or NONE when all are in use. */
export function allocate(ofKind: i32, handlers: i32, wants: i32): i32 {
  let record = word(layout.STATE_FREE_RECORD);
  if (record != layout.NONE) {
    setWord(layout.STATE_FREE_RECORD, load<i32>(at(record), layout.RECORD_NEXT));
  } else {
    record = word(layout.RECORDS_TOUCHED);
    if (record >= recordsMax) return layout.NONE;
    setWord(layout.RECORDS_TOUCHED, record + 1);
  }
  const address = at(record);
  assert(load<u8>(address, layout.RECORD_STATE) == layout.STATE_FREE, 'allocated a record in use');
  const next = generation(record) + 1;
  memory.fill(address, 0, layout.RECORD_SIZE);
  store<u32>(address, next, layout.RECORD_GENERATION);
  store<u8>(address, <u8>ofKind, layout.RECORD_KIND);
  store<u8>(address, <u8>layout.STATE_OPENING, layout.RECORD_STATE);
  store<u16>(address, <u16>wants, layout.RECORD_WANTS);
  store<i32>(address, handlers, layout.RECORD_HANDLERS);
  store<i32>(address, layout.APPETITE_UNLIMITED, layout.RECORD_APPETITE);
  store<i32>(address, layout.UNKNOWN, layout.TX_SPACE);
  store<i32>(address, layout.NONE, layout.RECORD_PIECE_FIRST);
  store<i32>(address, layout.NONE, layout.RECORD_PIECE_LAST);
  store<i32>(address, layout.NONE, layout.RECORD_NEXT);
  memory.fill(peerAt(record), 0, layout.PEER_SIZE);
  setWord(layout.RECORDS_USED, word(layout.RECORDS_USED) + 1);
  return record;
}

export function free(record: i32): void {
  const address = at(record);
  assert(load<u8>(address, layout.RECORD_STATE) != layout.STATE_FREE, 'freed a free record');
  assert(
    load<i32>(address, layout.RECORD_PIECE_FIRST) == layout.NONE,
    'freed a record that holds bytes',
  );
  assert(load<u32>(address, layout.RECORD_DIRTY) == 0, 'freed a record in the dirty list');
  assert(!has(record, layout.WORK_LISTED), 'freed a record in the work list');
  store<u8>(address, <u8>layout.STATE_FREE, layout.RECORD_STATE);
  store<u8>(address, <u8>layout.KIND_FREE, layout.RECORD_KIND);
  store<i32>(address, word(layout.STATE_FREE_RECORD), layout.RECORD_NEXT);
  setWord(layout.STATE_FREE_RECORD, record);
  setWord(layout.RECORDS_USED, word(layout.RECORDS_USED) - 1);
}

// The work list: a queue of the records that the end of this turn must look at, each at most once.
// First in, first out: that is the fairness between sources.
export function list(record: i32): void {
  if (has(record, layout.WORK_LISTED)) return;
  set(record, layout.WORK_LISTED);
  store<i32>(at(record), layout.NONE, layout.RECORD_NEXT);
  const last = word(layout.STATE_WORK_TAIL);
  if (last == layout.NONE) setWord(layout.STATE_WORK_HEAD, record);
  else store<i32>(at(last), record, layout.RECORD_NEXT);
  setWord(layout.STATE_WORK_TAIL, record);
  setWord(layout.STATE_WORK_COUNT, word(layout.STATE_WORK_COUNT) + 1);
}

export function takeListed(): i32 {
  const record = word(layout.STATE_WORK_HEAD);
  assert(record != layout.NONE, 'took from an empty work list');
  const next = load<i32>(at(record), layout.RECORD_NEXT);
  setWord(layout.STATE_WORK_HEAD, next);
  if (next == layout.NONE) setWord(layout.STATE_WORK_TAIL, layout.NONE);
  setWord(layout.STATE_WORK_COUNT, word(layout.STATE_WORK_COUNT) - 1);
  clear(record, layout.WORK_LISTED);
  return record;
}
