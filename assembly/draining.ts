// Draining: the gentle end. A connection goes when it has been quiet for a while, not when it looks
// quiet for a moment: bytes of a peer that is still sending may be on their way. And it goes in the
// order that loses nothing: first our end, then whatever the peer still sends (read and dropped),
// then, at the peer's end, the close. Closing over unread bytes would make the kernel reset the
// connection, and with it throw away answers that were not yet read (tcp(7); RFC 2525, section
// 2.17).
import { abandonAll } from './failure';
import * as layout from './layout';
import { long, setLong, setWord, word } from './memory';
import * as pieces from './pieces';
import * as records from './records';

/** How long nothing may have arrived before a connection counts as quiet. */
const QUIET_TIME: u64 = 50_000_000;

/** The time is looked at in the next turn: a call from outside knows none. */
export function begin(deadline: i32): void {
  setWord(layout.STATE_DRAINING, 1);
  setLong(layout.STATE_DRAIN_AT, 0);
  if (deadline >= 0) setWord(layout.STATE_DRAIN_DELAY, deadline + 1);
}

/** In each turn, after the input was taken in. */
export function lookWhenDue(): void {
  if (!word(layout.STATE_DRAINING)) return;
  const now = long(layout.NOW);
  setLimit(now);
  const due = long(layout.STATE_DRAIN_AT);
  if (due > now) return;
  if (due != 0) look();
  setLong(layout.STATE_DRAIN_AT, now + QUIET_TIME);
  setLong(layout.STATE_DRAIN_TURN, long(layout.TURN));
}

/** Asked more than once, the earliest deadline counts. */
function setLimit(now: u64): void {
  const delay = word(layout.STATE_DRAIN_DELAY);
  if (delay == 0) return;
  const limit = now + <u64>(delay - 1) * 1_000_000;
  const before = long(layout.STATE_DRAIN_LIMIT);
  if (before == 0 || limit < before) setLong(layout.STATE_DRAIN_LIMIT, limit);
  setWord(layout.STATE_DRAIN_DELAY, 0);
}

/** At the end of a turn, so that what was delivered in it was heard. */
export function dropWhenLate(): void {
  const limit = long(layout.STATE_DRAIN_LIMIT);
  if (limit == 0 || limit > long(layout.NOW)) return;
  setLong(layout.STATE_DRAIN_LIMIT, 0);
  abandonAll();
}

function look(): void {
  const since = long(layout.STATE_DRAIN_TURN);
  const touched = word(layout.RECORDS_TOUCHED);
  for (let record = 0; record < touched; record++) {
    if (records.state(record) != layout.STATE_OPEN) continue;
    if (records.kind(record) == layout.KIND_CONNECTION && quiet(record, since)) leave(record);
  }
}

/** Nothing queued, nothing known to be unread, nothing that arrived since the last look. */
function quiet(record: i32, since: u64): bool {
  const source = records.at(record);
  if (load<u32>(source, layout.RECORD_DIRTY) != 0 || load<u64>(source, layout.RX_TURN) > since)
    return false;
  if (!pieces.empty(record)) return false;
  // Behind the peer's end there is nothing to read, though each edge goes on saying that there is.
  if (records.has(record, layout.WORK_END_DELIVERED)) return true;
  return !records.has(record, layout.WORK_READY | layout.WORK_READING);
}

function leave(record: i32): void {
  records.setState(record, layout.STATE_CLOSING);
  records.set(record, layout.WORK_LINGERING);
  store<i32>(records.at(record), layout.APPETITE_UNLIMITED, layout.RECORD_APPETITE);
  records.list(record);
}

/** When the next look or the drop is due; 0 when nothing drains. */
export function dueAt(): u64 {
  if (!word(layout.STATE_DRAINING) || word(layout.RECORDS_USED) == 0) return 0;
  const look = long(layout.STATE_DRAIN_AT);
  const limit = long(layout.STATE_DRAIN_LIMIT);
  return limit != 0 && limit < look ? limit : look;
}
