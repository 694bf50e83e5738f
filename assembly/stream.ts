// The call stream: what the program asked for, in order, in the form in which the trace keeps it.
// Written only while recording. The reactor empties it in time, so that one more call always fits
// (STREAM_MARGIN).

import { STATE_CALLED } from './core-layout';
import { digest } from './digest';
import * as layout from './layout';
import { calls, count, settings, setWord, word } from './memory';

let entry: u32 = 0;

/** A call, recorded or not; one from outside is input of the next turn. */
function note(): void {
  count(layout.COUNTER_CALLS);
  if (word(layout.PHASE) == layout.PHASE_OUTSIDE) setWord(STATE_CALLED, 1);
}

/** Appends a call without bytes. */
export function logged(
  operation: i32,
  record: i32,
  generation: u32,
  argument: i32,
  value: i32,
): void {
  note();
  if (!(settings & layout.SETTING_TRACE)) return;
  begin(operation, record, generation, argument, value);
  store<u8>(entry, layout.MODE_NONE, layout.CALL_MODE);
  store<u32>(entry, 0, layout.CALL_LENGTH);
  store<u32>(entry, 0, layout.CALL_ADDRESS);
  grow(layout.CALL_SIZE);
}

/** Appends a call with bytes: the bytes themselves, or a digest for each 4 KiB of them. */
export function loggedBytes(
  operation: i32,
  record: i32,
  generation: u32,
  argument: i32,
  value: i32,
  address: u32,
  length: u32,
  borrowed: bool,
): void {
  note();
  if (!(settings & layout.SETTING_TRACE)) return;
  begin(operation, record, generation, argument, value);
  const payload = operation == layout.CALL_WRITE || operation == layout.CALL_OPERATE;
  const digests = payload && (settings & layout.SETTING_TRACE_DIGEST) != 0;
  const whole = !digests && (!borrowed || length <= <u32>layout.MODE_BYTES_MAX);
  store<u8>(entry, <u8>(whole ? layout.MODE_BYTES : layout.MODE_DIGEST), layout.CALL_MODE);
  store<u32>(entry, length, layout.CALL_LENGTH);
  store<u32>(entry, borrowed ? address : 0, layout.CALL_ADDRESS);
  const tail = entry + layout.CALL_SIZE;
  if (whole) {
    const padded = (length + 7) & ~7;
    if (padded > 0) store<u64>(tail + padded - 8, 0);
    memory.copy(tail, address, length);
    grow(layout.CALL_SIZE + padded);
  } else {
    let size: u32 = layout.CALL_SIZE;
    for (let from: u32 = 0; from < length; from += layout.DIGEST_CHUNK) {
      store<u64>(
        entry + size,
        digest(0, address + from, min<u32>(layout.DIGEST_CHUNK, length - from)),
      );
      size += 8;
    }
    grow(size);
  }
}

/**
 * Appends a write of bytes that are nobody's any more: where they lay, not what they are by now.
 */
export function loggedStale(
  record: i32,
  generation: u32,
  total: i32,
  address: u32,
  length: u32,
): void {
  logged(layout.CALL_WRITE, record, generation, total, 0);
  if (!(settings & layout.SETTING_TRACE)) return;
  store<u32>(entry, length, layout.CALL_LENGTH);
  store<u32>(entry, address, layout.CALL_ADDRESS);
}

/**
 * Adds the generation of what the last call made: a replay without the core has no other way to
 * know it.
 */
export function named(generation: u32): void {
  if (settings & layout.SETTING_TRACE) store<u32>(entry, generation, layout.CALL_ADDRESS);
}

/** Where the bytes lie that the last call is about. */
export function located(address: u32): void {
  if (settings & layout.SETTING_TRACE) store<u32>(entry, address, layout.CALL_ADDRESS);
}

/** How many bytes the last call asks for; none come with it. */
export function loggedLength(length: u32): void {
  if (settings & layout.SETTING_TRACE) store<u32>(entry, length, layout.CALL_LENGTH);
}

/** Of a trace with digests: these bytes of the last call are not in it. */
export function leaveOut(from: u32, length: u32): void {
  const both = layout.SETTING_TRACE | layout.SETTING_TRACE_DIGEST;
  if ((settings & both) == both) memory.fill(entry + layout.CALL_SIZE + from, 0, length);
}

/** Which task the last call is about. */
export function detail(task: i32): void {
  if (settings & layout.SETTING_TRACE) store<u8>(entry, <u8>task, layout.CALL_DETAIL);
}

/** Completes the last call with its result, and passes it on. */
export function result(value: i32): i32 {
  if (settings & layout.SETTING_TRACE) store<i32>(entry, value, layout.CALL_RESULT);
  return value;
}

function begin(operation: i32, record: i32, generation: u32, argument: i32, value: i32): void {
  entry = calls + <u32>word(layout.CALLS_LENGTH);
  store<u32>(entry, operation, layout.CALL_OPERATION);
  store<u8>(entry, word(layout.PHASE) == layout.PHASE_OUTSIDE ? 1 : 0, layout.CALL_OUTSIDE);
  store<i32>(entry, record, layout.CALL_RECORD);
  store<u32>(entry, generation, layout.CALL_GENERATION);
  store<i32>(entry, argument, layout.CALL_ARGUMENT);
  store<i32>(entry, value, layout.CALL_VALUE);
}

function grow(size: u32): void {
  const length = <u32>word(layout.CALLS_LENGTH) + size;
  assert(length <= <u32>word(layout.CALLS_SIZE_MAX), 'the call stream was not emptied in time');
  setWord(layout.CALLS_LENGTH, length);
}
