// Files on their way to connections: a piece without bytes stands for the file in the connection's
// queue, so that what was written before it leaves before it, and what was written after it, after.
//
// Two ways lead from there. Where the host can send from a file (sendfile(2), a mapping), bytes and
// file leave in one operation, and no byte of the file passes through here:
//
//   QUEUED ── SEND_FILE ─→ sent, blocked, a part of it        → QUEUED, or done
//                       ─→ -EINPROGRESS: it is read from disk → FLYING → QUEUED
//                       ─→ -EBUSY: nobody is free to read it  → WAITING → QUEUED
//
// Else it is read, and its bytes put into the queue in front of it, where they lie. While one part
// is being written the next is being read, and never more than that:
//
//   QUEUED ── OPERATE (READ) ─→ WAITING → FLYING → bytes in the queue → QUEUED, or done
import * as arenas from './arenas';
import { admit, dropping } from './calls';
import { STATE_FILES_EXPECTED, STATE_FILES_STARVED } from './core-layout';
import { failSending } from './failure';
import * as layout from './layout';
import { count, settings, setWord, word } from './memory';
import { METER_QUEUE } from './meter-layout';
import * as meters from './meters';
import * as operations from './operations';
import * as pieces from './pieces';
import * as records from './records';
import { result as answer, detail, loggedBytes, named } from './stream';
import { again, submit } from './submissions';
import { setQueued, setSpace } from './updates';

/** Bytes of one file that leave in one operation, and of all files in one turn. */
const SEND_CHUNK: u64 = 256 << 10;
const SEND_BUDGET: u32 = 1 << 20;
/** Bytes that one read takes; as many may wait in front of a file while the next are read. */
const READ_CHUNK: u32 = 64 << 10;
/** In TASK_VIA: the program asked for just this way. */
const FORCED = 128;

function at(operation: i32): u32 {
  return operations.at(operation);
}

function method(operation: i32): i32 {
  return <i32>load<u8>(at(operation), layout.TASK_VIA) & ~FORCED;
}

function target(operation: i32): i32 {
  return load<i32>(at(operation), layout.TASK_TARGET);
}

function isFile(record: i32, generation: u32): bool {
  if (!records.owns(record, generation)) return false;
  if (records.kind(record) != layout.KIND_FILE || records.has(record, layout.WORK_WANT_CLOSE))
    return false;
  return records.state(record) == layout.STATE_OPEN;
}

/** A range of a file: u64 offset and u64 length lie where reserve() said. */
export function sendFile(
  record: i32,
  generation: u32,
  file: i32,
  fileGeneration: u32,
  address: u32,
  via: i32,
): i32 {
  loggedBytes(layout.CALL_SEND_FILE, record, generation, file, fileGeneration, address, 16, false);
  detail(via);
  const admitted = admit(record, generation, 0);
  if (admitted != layout.CALL_TAKEN) return answer(admitted);
  if (records.kind(record) != layout.KIND_CONNECTION) return answer(layout.CALL_WRONG_KIND);
  if (!isFile(file, fileGeneration)) return answer(layout.CALL_NO_FILE);
  const length = load<u64>(address, 8);
  const operation = operations.allocate(layout.TASK_SEND_FILE, file, load<u64>(address), 0);
  if (operation == layout.NONE) return answer(layout.CALL_NO_OPERATION);
  const task = at(operation);
  const asked = via != 0 ? via | FORCED : layout.VIA_SEND_FILE;
  const chosen = settings & layout.SETTING_COPY_FILES ? layout.VIA_READ : asked;
  store<u8>(task, <u8>chosen, layout.TASK_VIA);
  store<u8>(task, layout.TASK_STATE_QUEUED, layout.TASK_STATE);
  store<i32>(task, record, layout.TASK_TARGET);
  store<u32>(task, generation, layout.TASK_TARGET_GENERATION);
  store<u64>(task, length, layout.TASK_REMAINING);
  named(operations.generation(operation));
  if (dropping(record)) {
    const error = load<i32>(records.at(record), layout.TX_ERROR);
    drop(operation, error != 0 ? error : layout.ERROR_CANCELED);
  } else if (length == 0) {
    drop(operation, 0);
  } else {
    pieces.appendFile(record, operation);
    records.list(record);
  }
  return answer(operation);
}

// ── The end of a turn ──

/**
 * A file stands in the queue. True when there is nothing else to send now: it is its turn, or what
 * comes before it went with it.
 */
export function settleFile(record: i32): bool {
  const operation = pieces.firstFile(record);
  if (failed(operation)) return false;
  if (method(operation) == layout.VIA_READ) {
    readOn(record, operation);
    // The arenas belong to everybody, and to the bytes of this file too.
    pieces.stashBehindFile(record);
    return pieces.frontFile(record) == operation;
  }
  const ready = load<u8>(at(operation), layout.TASK_STATE) == layout.TASK_STATE_QUEUED;
  if (!ready || records.has(record, layout.WORK_BLOCKED)) {
    pieces.stash(record);
    return true;
  }
  const total = pieces.gather(record, layout.PIECES_A_SEND);
  // More bytes before it than one operation takes: those first.
  if (!pieces.gatheredToFile) return false;
  const expected = <u32>word(STATE_FILES_EXPECTED);
  if (expected >= SEND_BUDGET) {
    pieces.stash(record);
    records.list(record);
    again();
    return true;
  }
  send(record, operation, total);
  return true;
}

function send(record: i32, operation: i32, total: i32): void {
  const task = at(operation);
  const length = <u32>min<u64>(load<u64>(task, layout.TASK_REMAINING), SEND_CHUNK);
  setWord(STATE_FILES_EXPECTED, word(STATE_FILES_EXPECTED) + length);
  store<u32>(task, length, layout.TASK_LENGTH);
  records.set(record, layout.WORK_SENDING);
  store<u32>(records.at(record), pieces.gatheredLength, layout.RECORD_IN_FLIGHT);
  const first = total > 0 ? pieces.first(record) : layout.NONE;
  const bytes = pieces.gatheredLength;
  const entry = submit(layout.OPERATION_SEND_FILE, record, first, bytes, total);
  store<u8>(entry, <u8>method(operation), layout.SUBMISSION_DETAIL);
  store<i32>(entry, operation, layout.SUBMISSION_EXTRA);
  again();
}

/** Asks for the next part of a file that is read, while the last one is still being written. */
function readOn(record: i32, operation: i32): void {
  const task = at(operation);
  if (load<u8>(task, layout.TASK_STATE) != layout.TASK_STATE_QUEUED) return;
  const left = load<u64>(task, layout.TASK_REMAINING);
  const before = pieces.lengthBeforeFile(record);
  if (left == 0 || before > READ_CHUNK) return;
  // Its place among the unsent bytes is taken now, so that the bytes find it when they come.
  const total = <u32>word(layout.STATE_QUEUE_TOTAL);
  const most = <u32>word(layout.QUEUE_TOTAL_MAX);
  if (total >= most) return setWord(STATE_FILES_STARVED, 1);
  const room = min<u32>(min<u32>(READ_CHUNK, word(layout.READ_SIZE_MAX)), most - total);
  const length = <u32>min<u64>(left, room);
  setWord(layout.STATE_QUEUE_TOTAL, total + length);
  store<u32>(task, length, layout.TASK_LENGTH);
  if (before > 0) count(layout.COUNTER_FILE_OVERLAPS);
  operations.start(operation);
}

/** In each turn: unsent bytes have left, so who found no room may read on. */
export function feedStarved(): void {
  if (!word(STATE_FILES_STARVED)) return;
  if (<u32>word(layout.STATE_QUEUE_TOTAL) >= <u32>word(layout.QUEUE_TOTAL_MAX)) return;
  setWord(STATE_FILES_STARVED, 0);
  const touched = word(layout.STATE_OPERATIONS_TOUCHED);
  for (let operation = 0; operation < touched; operation++) {
    if (load<u8>(at(operation), layout.TASK_STATE) != layout.TASK_STATE_QUEUED) continue;
    records.list(target(operation));
  }
}

/** Its turn among the operations has come: true when it is a read that is asked of the host. */
export function reads(operation: i32): bool {
  if (method(operation) == layout.VIA_READ) return true;
  store<u8>(at(operation), layout.TASK_STATE_QUEUED, layout.TASK_STATE);
  records.list(target(operation));
  return false;
}

// ── What became of it ──

/** SEND_FILE: bytes of the queue and of the file behind them, or why not. */
export function sent(entry: u32, record: i32, result: i32): void {
  const operation = pieces.firstFile(record);
  const task = at(operation);
  if (result < 0) return refused(record, operation, -result);
  count(layout.COUNTER_WRITES);
  count(layout.COUNTER_BYTES_OUT, result);
  const source = records.at(record);
  const bytes = min<u32>(result, load<u32>(entry, layout.SUBMISSION_LENGTH));
  const part = <u32>result - bytes;
  assert(part <= load<u32>(task, layout.TASK_LENGTH), 'sent more of a file than was asked for');
  pieces.consume(record, bytes);
  store<u64>(source, load<u64>(source, layout.RECORD_BYTES_SENT) + bytes, layout.RECORD_BYTES_SENT);
  count(layout.COUNTER_FILE_BYTES_OUT, part);
  took(task, part);
  const marks = load<i32>(entry, layout.SUBMISSION_EXTRA);
  if (marks & layout.SENT_AHEAD) count(layout.COUNTER_FILE_OVERLAPS);
  if (marks & layout.SENT_BLOCKED) {
    count(result > 0 ? layout.COUNTER_WRITES_SHORT : layout.COUNTER_WRITES_BLOCKED);
    records.set(record, layout.WORK_BLOCKED);
    setSpace(record, 0, layout.EXACTNESS_EXACT);
  } else if (load<i32>(source, layout.TX_SPACE) != layout.UNKNOWN) {
    setSpace(record, layout.UNKNOWN, layout.EXACTNESS_UNKNOWN);
  }
  if (load<u64>(task, layout.TASK_REMAINING) == 0) leave(record, operation, 0);
}

function took(task: u32, length: u32): void {
  store<u64>(task, load<u64>(task, layout.TASK_OFFSET) + length, layout.TASK_OFFSET);
  store<u64>(task, load<u64>(task, layout.TASK_REMAINING) - length, layout.TASK_REMAINING);
}

function refused(record: i32, operation: i32, error: i32): void {
  if (error == layout.ERROR_IN_PROGRESS) {
    count(layout.COUNTER_FILE_COLD);
    return operations.fly(operation);
  }
  if (error == layout.ERROR_BUSY) return operations.refused(operation);
  if (error == layout.ERROR_AGAIN) {
    count(layout.COUNTER_WRITES_BLOCKED);
    records.set(record, layout.WORK_BLOCKED);
    return setSpace(record, 0, layout.EXACTNESS_EXACT);
  }
  const forced = load<u8>(at(operation), layout.TASK_VIA) & FORCED;
  if (!forced && unfit(error)) {
    // A file that cannot be sent so (of a file system without it, a device) can be sent otherwise.
    const next = method(operation) == layout.VIA_SEND_FILE ? layout.VIA_MAP : layout.VIA_READ;
    return store<u8>(at(operation), <u8>next, layout.TASK_VIA);
  }
  fail(record, operation, error);
}

function unfit(error: i32): bool {
  switch (error) {
    case layout.ERROR_INVALID:
    case layout.ERROR_NO_DEVICE:
    case layout.ERROR_NOT_IMPLEMENTED:
    case layout.ERROR_NOT_SUPPORTED:
      return true;
    default:
      return false;
  }
}

/**
 * Does it wait for this completion? A part that is read ahead is told of, too, and a completion of
 * SEND_FILE's own is VIA_SEND_FILE.
 */
export function awaits(operation: i32, via: i32): bool {
  if (load<u8>(at(operation), layout.TASK_STATE) != layout.TASK_STATE_FLYING) return false;
  return (via == layout.VIA_SEND_FILE) != (method(operation) == layout.VIA_READ);
}

/** A completion: the range is in memory now, or here are bytes of it. */
export function brought(operation: i32, result: i32, bytes: u32): void {
  const task = at(operation);
  const record = target(operation);
  if (record == layout.NONE) return dropped(operation);
  store<u8>(task, layout.TASK_STATE_QUEUED, layout.TASK_STATE);
  records.list(record);
  const reading = method(operation) == layout.VIA_READ;
  if (reading) giveUpRoom(task);
  if (result < 0 || (reading && result == 0)) {
    // What was promised before it is sent first.
    store<i32>(task, result < 0 ? -result : layout.ERROR_NO_DATA, layout.TASK_VALUE);
    if (!records.has(record, layout.WORK_SENDING)) settleRead(record);
    return;
  }
  if (!reading) return;
  const length = <u32>result;
  count(layout.COUNTER_FILE_BYTES_OUT, length);
  took(task, length);
  pieces.insertBeforeFile(record, bytes, length, arenas.deliveredIn(bytes, length));
  setQueued(record, pieces.queued(record) + length);
  setWord(layout.STATE_QUEUE_TOTAL, word(layout.STATE_QUEUE_TOTAL) + length);
  meters.arrive(METER_QUEUE, length);
  const source = records.at(record);
  const taken = load<u64>(source, layout.RECORD_BYTES_TAKEN) + length;
  store<u64>(source, taken, layout.RECORD_BYTES_TAKEN);
}

function giveUpRoom(task: u32): void {
  const length = load<u32>(task, layout.TASK_LENGTH);
  setWord(layout.STATE_QUEUE_TOTAL, word(layout.STATE_QUEUE_TOTAL) - length);
  store<u32>(task, 0, layout.TASK_LENGTH);
}

/** It could not be read. */
function failed(operation: i32): bool {
  return load<i32>(at(operation), layout.TASK_VALUE) != 0;
}

/**
 * Bytes have left: a file that was read to its end goes with the last of them, and so does one that
 * could not be read.
 */
export function settleRead(record: i32): void {
  const operation = pieces.frontFile(record);
  if (operation == layout.NONE) return;
  const error = load<i32>(at(operation), layout.TASK_VALUE);
  if (error != 0) return fail(record, operation, error);
  if (method(operation) != layout.VIA_READ) return;
  if (load<u64>(at(operation), layout.TASK_REMAINING) == 0) leave(record, operation, 0);
}

function leave(record: i32, operation: i32, error: i32): void {
  pieces.removeFile(record);
  operations.finish(operation, error, 0, 0, method(operation));
}

/** What was promised to the peer cannot be kept, so nothing else may follow on the connection. */
function fail(record: i32, operation: i32, error: i32): void {
  leave(record, operation, error);
  failSending(record, error);
}

/**
 * The connection takes it no more. It is told of when the turn's input is in; a read that is under
 * way is answered first, because it needs the file.
 */
export function drop(operation: i32, error: i32): void {
  const task = at(operation);
  const state = load<u8>(task, layout.TASK_STATE);
  if (state != layout.TASK_STATE_QUEUED && method(operation) == layout.VIA_READ) giveUpRoom(task);
  store<i32>(task, layout.NONE, layout.TASK_TARGET);
  // That a file is too short is said of that file alone.
  const own = error == layout.ERROR_NO_DATA ? layout.ERROR_CANCELED : error;
  store<i32>(task, own, layout.TASK_VALUE);
  if (state == layout.TASK_STATE_QUEUED) operations.wait(operation);
}

/** The end of one that was dropped. */
export function dropped(operation: i32): void {
  const error = load<i32>(at(operation), layout.TASK_VALUE);
  operations.finish(operation, error, 0, 0, method(operation));
}
