// Operations: what is asked of a source and answered later, with a promise in place of a handler.
// Each has an entry in a table; the host gets so many of them at once, the rest wait here in the
// order in which they were asked for. A short answer is asked on, until all is there, or the end,
// or an error.
import * as arenas from './arenas';
import { deliverOperation } from './deliveries';
import { fenceEntries } from './fences';
import * as layout from './layout';
import { count, readSegmentSize, setWord, tasks, word } from './memory';
import { METER_OPERATIONS } from './meter-layout';
import * as meters from './meters';
import * as records from './records';
import * as sendingFiles from './sending-files';
import { again, ENTRIES_A_SOURCE, roomFor, submit } from './submissions';

/** Submitted in one turn at the most, so that sockets get their share. */
const OPERATIONS_A_TURN = 128;

export function at(operation: i32): u32 {
  return tasks + ((<u32>operation) << layout.TASK_SHIFT);
}

export function initialiseOperations(): void {
  setWord(layout.STATE_FREE_OPERATION, layout.NONE);
  setWord(layout.STATE_WAITING_HEAD, layout.NONE);
  setWord(layout.STATE_WAITING_TAIL, layout.NONE);
  setWord(layout.STATE_REFUSED_LAST, layout.NONE);
}

export function generation(operation: i32): u32 {
  return load<u32>(at(operation), layout.TASK_GENERATION);
}

function state(operation: i32): i32 {
  return load<u8>(at(operation), layout.TASK_STATE);
}

function owns(operation: i32, ofGeneration: u32): bool {
  if (<u32>operation >= <u32>word(layout.STATE_OPERATIONS_TOUCHED)) return false;
  return state(operation) != layout.TASK_STATE_FREE && generation(operation) == ofGeneration;
}

/** A fresh entry that belongs to the record, or NONE when all are in use. */
export function allocate(task: i32, record: i32, offset: u64, length: u32): i32 {
  let operation = word(layout.STATE_FREE_OPERATION);
  if (operation != layout.NONE) {
    setWord(layout.STATE_FREE_OPERATION, load<i32>(at(operation), layout.TASK_NEXT));
  } else {
    operation = word(layout.STATE_OPERATIONS_TOUCHED);
    if (operation >= word(layout.OPERATIONS_MAX)) return layout.NONE;
    setWord(layout.STATE_OPERATIONS_TOUCHED, operation + 1);
  }
  const next = generation(operation) + 1;
  const entry = at(operation);
  memory.fill(entry, 0, layout.TASK_SIZE);
  store<u32>(entry, next, layout.TASK_GENERATION);
  store<u8>(entry, <u8>task, layout.TASK_KIND);
  store<i32>(entry, record, layout.TASK_RECORD);
  store<u32>(entry, records.generation(record), layout.TASK_RECORD_GENERATION);
  store<u64>(entry, offset, layout.TASK_OFFSET);
  store<u32>(entry, length, layout.TASK_LENGTH);
  store<i32>(entry, layout.NONE, layout.TASK_SEGMENT);
  store<i32>(entry, layout.NONE, layout.TASK_TARGET);
  setWord(layout.OPERATIONS_USED, word(layout.OPERATIONS_USED) + 1);
  meters.arrive(METER_OPERATIONS);
  if (records.kind(record) == layout.KIND_FILE) holdFile(record, 1);
  return operation;
}

/** A file stays open while operations on it are under way. */
function holdFile(record: i32, by: i32): void {
  const source = records.at(record);
  store<i32>(source, load<i32>(source, layout.RECORD_IN_FLIGHT) + by, layout.RECORD_IN_FLIGHT);
}

/** The bytes of a write stay where they are until the host has written them. */
export function holdBytes(operation: i32, address: u32, segment: i32): void {
  store<u32>(at(operation), address, layout.TASK_ADDRESS);
  store<i32>(at(operation), segment, layout.TASK_SEGMENT);
  arenas.hold(segment);
}

export function wait(operation: i32): void {
  store<u8>(at(operation), layout.TASK_STATE_WAITING, layout.TASK_STATE);
  store<i32>(at(operation), layout.NONE, layout.TASK_NEXT);
  const last = word(layout.STATE_WAITING_TAIL);
  if (last == layout.NONE) setWord(layout.STATE_WAITING_HEAD, operation);
  else store<i32>(at(last), operation, layout.TASK_NEXT);
  setWord(layout.STATE_WAITING_TAIL, operation);
  setWord(layout.STATE_WAITING_COUNT, word(layout.STATE_WAITING_COUNT) + 1);
}

/** Back to where it was taken from: the host had no room. Behind those that went back before it. */
function waitAgain(operation: i32): void {
  const before = word(layout.STATE_REFUSED_LAST);
  const next =
    before == layout.NONE
      ? word(layout.STATE_WAITING_HEAD)
      : load<i32>(at(before), layout.TASK_NEXT);
  store<u8>(at(operation), layout.TASK_STATE_WAITING, layout.TASK_STATE);
  store<i32>(at(operation), next, layout.TASK_NEXT);
  if (before == layout.NONE) setWord(layout.STATE_WAITING_HEAD, operation);
  else store<i32>(at(before), operation, layout.TASK_NEXT);
  if (next == layout.NONE) setWord(layout.STATE_WAITING_TAIL, operation);
  setWord(layout.STATE_REFUSED_LAST, operation);
  setWord(layout.STATE_WAITING_COUNT, word(layout.STATE_WAITING_COUNT) + 1);
}

function takeWaiting(): i32 {
  const operation = word(layout.STATE_WAITING_HEAD);
  const next = load<i32>(at(operation), layout.TASK_NEXT);
  setWord(layout.STATE_WAITING_HEAD, next);
  if (next == layout.NONE) setWord(layout.STATE_WAITING_TAIL, layout.NONE);
  setWord(layout.STATE_WAITING_COUNT, word(layout.STATE_WAITING_COUNT) - 1);
  return operation;
}

function kind(operation: i32): i32 {
  return load<u8>(at(operation), layout.TASK_KIND);
}

/** Its source is gone or was destroyed: nobody may ask the host for it any more. */
function abandoned(operation: i32): bool {
  if (kind(operation) == layout.TASK_SEND_FILE) {
    return load<i32>(at(operation), layout.TASK_TARGET) == layout.NONE;
  }
  const record = load<i32>(at(operation), layout.TASK_RECORD);
  if (!records.owns(record, load<u32>(at(operation), layout.TASK_RECORD_GENERATION))) return true;
  return (
    records.state(record) >= layout.STATE_FAILED && records.state(record) != layout.STATE_CLOSING
  );
}

/** In each turn, while its deliveries are made. */
export function cancelAbandoned(): void {
  setWord(layout.STATE_REFUSED_LAST, layout.NONE);
  while (word(layout.STATE_WAITING_HEAD) != layout.NONE) {
    if (!abandoned(word(layout.STATE_WAITING_HEAD))) return;
    cancel(takeWaiting());
  }
}

function cancel(operation: i32): void {
  if (kind(operation) == layout.TASK_SEND_FILE) return sendingFiles.dropped(operation);
  finish(operation, layout.ERROR_CANCELED, 0, 0, layout.VIA_AT_ONCE);
}

/**
 * Entries that operations leave alone: what they wait for may be room that only a source can make
 * by sending.
 */
function leftToSources(): i32 {
  return max<i32>(ENTRIES_A_SOURCE + fenceEntries(), word(layout.SUBMISSIONS_MAX) >> 1);
}

/** At the end of a turn: hands the host what waits, as much as it may hold. */
export function settleOperations(): void {
  for (let submitted = 0; word(layout.STATE_WAITING_HEAD) != layout.NONE; submitted++) {
    // One that failed is told of in the next turn, and so are those behind it.
    if (abandoned(word(layout.STATE_WAITING_HEAD))) return again();
    if (word(layout.OPERATIONS_FLYING) >= word(layout.OPERATIONS_FLYING_MAX)) return;
    if (word(layout.STATE_HOST_FULL) && word(layout.OPERATIONS_FLYING) > 0) return;
    if (submitted == OPERATIONS_A_TURN || !roomFor(1 + leftToSources())) return again();
    setWord(layout.STATE_HOST_FULL, 0);
    operate(takeWaiting());
  }
}

/** Of what is left, how much the host is asked for: with its record it has to fit a segment. */
function stepOf(left: u32): u32 {
  return min<u32>(left, min<u32>(word(layout.READ_SIZE_MAX), readSegmentSize - layout.BLOCK_SIZE));
}

/** Now if there is nobody before it and the host has room, else in its turn. */
export function start(operation: i32): void {
  const free = word(layout.OPERATIONS_FLYING) < word(layout.OPERATIONS_FLYING_MAX);
  const first = word(layout.STATE_WAITING_HEAD) == layout.NONE && !word(layout.STATE_HOST_FULL);
  if (free && first && roomFor(1)) return operate(operation);
  wait(operation);
  again();
}

/** The host holds it, and a completion will tell when it is done. */
export function fly(operation: i32): void {
  store<u8>(at(operation), layout.TASK_STATE_FLYING, layout.TASK_STATE);
  setWord(layout.OPERATIONS_FLYING, word(layout.OPERATIONS_FLYING) + 1);
}

function operate(operation: i32): void {
  const entry = at(operation);
  const sends = kind(operation) == layout.TASK_SEND_FILE;
  if (sends && !sendingFiles.reads(operation)) return;
  const done = load<u32>(entry, layout.TASK_DONE);
  const left = load<u32>(entry, layout.TASK_LENGTH) - done;
  const submission = submit(
    layout.OPERATION_OPERATE,
    load<i32>(entry, layout.TASK_RECORD),
    load<u32>(entry, layout.TASK_ADDRESS),
    stepOf(left),
    operation,
  );
  const task = sends ? layout.TASK_READ : kind(operation);
  store<u8>(submission, <u8>task, layout.SUBMISSION_DETAIL);
  fly(operation);
  again();
}

/** What OPERATE answered: the result, "later", or "no room". */
export function answered(entry: u32, record: i32, result: i32): void {
  const operation = load<i32>(entry, layout.SUBMISSION_ARGUMENT);
  assert(state(operation) == layout.TASK_STATE_FLYING, 'an answer to what was not asked');
  if (result == -layout.ERROR_IN_PROGRESS) return;
  if (result == -layout.ERROR_AGAIN) {
    setWord(layout.OPERATIONS_FLYING, word(layout.OPERATIONS_FLYING) - 1);
    return refused(operation);
  }
  const bytes = load<u32>(entry, layout.SUBMISSION_EXTRA);
  if (bytes != 0) arenas.arrived(bytes, result);
  advance(operation, result, bytes, layout.VIA_AT_ONCE);
  records.list(record);
}

/** The host had no room for it: it is the first to be asked for again. */
export function refused(operation: i32): void {
  count(layout.COUNTER_OPERATIONS_REFUSED);
  setWord(layout.STATE_HOST_FULL, 1);
  waitAgain(operation);
  if (word(layout.OPERATIONS_FLYING) == 0) again();
}

/** A completion arrived; one for an earlier owner of the entry is counted and dropped. */
export function completed(
  operation: i32,
  ofGeneration: u32,
  result: i32,
  bytes: u32,
  via: i32,
): void {
  const known = owns(operation, ofGeneration);
  if (known && kind(operation) == layout.TASK_SEND_FILE && !sendingFiles.awaits(operation, via)) {
    return;
  }
  if (!known || state(operation) != layout.TASK_STATE_FLYING) {
    count(layout.COUNTER_COMPLETIONS_STALE);
    return;
  }
  setWord(layout.STATE_HOST_FULL, 0);
  advance(operation, result, bytes, via);
}

/** One step is done: the last one, or there is more to ask for. */
function advance(operation: i32, result: i32, bytes: u32, via: i32): void {
  setWord(layout.OPERATIONS_FLYING, word(layout.OPERATIONS_FLYING) - 1);
  const entry = at(operation);
  const task = kind(operation);
  if (task == layout.TASK_SEND_FILE) return sendingFiles.brought(operation, result, bytes);
  if (result < 0) return finish(operation, -result, 0, 0, via);
  const arrived = bytes != 0 ? <u32>result : 0;
  const reads = task == layout.TASK_READ;
  if (!reads && task != layout.TASK_WRITE) return finish(operation, 0, bytes, arrived, via);
  const done = load<u32>(entry, layout.TASK_DONE) + result;
  const length = load<u32>(entry, layout.TASK_LENGTH);
  assert(done <= length, 'more was done than was asked for');
  store<u32>(entry, done, layout.TASK_DONE);
  if (result == 0 || done == length) {
    return finish(operation, 0, bytes, reads ? arrived : done, via);
  }
  if (<u32>result < stepOf(length - (done - result))) {
    count(layout.COUNTER_OPERATIONS_SHORT);
  }
  store<u64>(entry, load<u64>(entry, layout.TASK_OFFSET) + result, layout.TASK_OFFSET);
  if (reads) deliverOperation(layout.DELIVER_PART, operation, bytes, arrived, 0, via);
  else store<u32>(entry, load<u32>(entry, layout.TASK_ADDRESS) + result, layout.TASK_ADDRESS);
  wait(operation);
}

/** Tells the program, and gives the entry back. */
export function finish(operation: i32, error: i32, address: u32, length: u32, via: i32): void {
  const entry = at(operation);
  count(layout.COUNTER_OPERATIONS);
  if (via == layout.VIA_KERNEL) count(layout.COUNTER_OPERATIONS_KERNEL);
  else if (via == layout.VIA_POOL) count(layout.COUNTER_OPERATIONS_POOL);
  else count(layout.COUNTER_OPERATIONS_AT_ONCE);
  deliverOperation(layout.DELIVER_DONE, operation, address, length, error, via);
  const segment = load<i32>(entry, layout.TASK_SEGMENT);
  if (segment != layout.NONE) arenas.release(segment);
  const record = load<i32>(entry, layout.TASK_RECORD);
  if (records.owns(record, load<u32>(entry, layout.TASK_RECORD_GENERATION))) {
    if (records.kind(record) == layout.KIND_FILE) holdFile(record, -1);
    records.list(record);
  }
  store<u8>(entry, layout.TASK_STATE_FREE, layout.TASK_STATE);
  store<i32>(entry, word(layout.STATE_FREE_OPERATION), layout.TASK_NEXT);
  setWord(layout.STATE_FREE_OPERATION, operation);
  setWord(layout.OPERATIONS_USED, word(layout.OPERATIONS_USED) - 1);
  meters.depart(METER_OPERATIONS);
}
