// Triggers: how `change` is repeated, for each source as its program wants it. The kernel knows
// nothing of this: it reports edges, registered once, and the record is always current. What a
// trigger decides is only whether the program hears of it again.
//
//   edge      │ once for each change (the default)
//   level     │ also in every turn that finds something to read which nobody took
//   one-shot  │ once; then nothing until the trigger is set again
//   dispatch  │ once; then nothing until it is enabled again
import * as layout from './layout';
import * as records from './records';
import { logged, result } from './stream';
import { again } from './submissions';
import { touch } from './updates';

const MODES = layout.WORK_LEVEL | layout.WORK_ONE_SHOT | layout.WORK_DISPATCH;

/** What a source inherits of the listener that accepted it. */
export function inherit(record: i32, listener: i32): void {
  records.set(record, records.work(listener) & (MODES | layout.WORK_AUTO_DELAY));
}

/** How `change` is repeated from now on: a WORK_ bit, or 0 for edge. It is enabled, too. */
export function trigger(record: i32, generation: u32, mode: i32): i32 {
  logged(layout.CALL_TRIGGER, record, generation, mode, 0);
  if (!records.owns(record, generation)) return result(layout.CALL_STALE);
  records.clear(record, MODES | layout.WORK_DISABLED);
  records.set(record, mode & MODES);
  if (mode != 0) tellAtOnce(record);
  return result(layout.CALL_TAKEN);
}

/** A dispatch source that has told may tell again, and does so at once if there is what to tell. */
export function enable(record: i32, generation: u32): i32 {
  logged(layout.CALL_ENABLE, record, generation, 0, 0);
  if (!records.owns(record, generation)) return result(layout.CALL_STALE);
  const waits = records.has(record, layout.WORK_DISABLED);
  if (!waits || !records.has(record, layout.WORK_DISPATCH)) return result(layout.CALL_TAKEN);
  records.clear(record, layout.WORK_DISABLED);
  tellAtOnce(record);
  return result(layout.CALL_TAKEN);
}

/** The next turn looks at it, whether it changes or not. */
function tellAtOnce(record: i32): void {
  if (records.state(record) > layout.STATE_OPEN) return;
  records.set(record, layout.WORK_TELL);
  touch(record);
  if (readable(record)) again();
}

/** Is there something to read (or to accept) that nobody took? */
function readable(record: i32): bool {
  const source = records.at(record);
  const available = load<i32>(source, layout.RX_AVAILABLE);
  if (available > 0) return true;
  if (available == layout.UNKNOWN && records.has(record, layout.WORK_READY)) return true;
  if (records.kind(record) == layout.KIND_LISTENER) return false;
  return load<u8>(source, layout.RX_EOF) != 0 && !records.has(record, layout.WORK_END_DELIVERED);
}

/** Does an open source that asked for `change` hear of it in this turn? */
export function tells(record: i32, changed: bool): bool {
  const bits = MODES | layout.WORK_DISABLED | layout.WORK_TELL;
  if (!records.has(record, bits)) return changed;
  if (records.has(record, layout.WORK_DISABLED)) return false;
  const repeats = records.has(record, layout.WORK_LEVEL | layout.WORK_TELL);
  const waits = readable(record);
  records.clear(record, layout.WORK_TELL);
  if (!changed && !(repeats && waits)) return false;
  if (records.has(record, layout.WORK_ONE_SHOT | layout.WORK_DISPATCH)) {
    records.set(record, layout.WORK_DISABLED);
  } else if (waits && records.has(record, layout.WORK_LEVEL)) {
    // It is looked at again in the next turn, which comes at once.
    touch(record);
    again();
  }
  return true;
}
