// Calls of a program about sources other than stream sockets: open one, send a datagram, ask for an
// operation. As in calls.ts each checks, logs, changes the record, and lists it.
import * as arenas from './arenas';
import * as batches from './batches';
import { admit, ask, dropping, enqueue } from './calls';
import * as datagrams from './datagrams';
import { addFence, roomForFence } from './fences';
import * as layout from './layout';
import { bounce, word } from './memory';
import { METER_CONNECTIONS } from './meter-layout';
import * as meters from './meters';
import * as operations from './operations';
import * as records from './records';
import { detail, leaveOut, logged, loggedBytes, loggedLength, named, result } from './stream';

/** A source of this kind. The bytes lie where reserve() said; returns the record. */
export function openSource(
  kind: i32,
  address: u32,
  length: u32,
  argument: i32,
  value: i32,
  handlers: i32,
  wants: i32,
): i32 {
  const owner = wants | (kind << 16);
  loggedBytes(layout.CALL_OPEN, handlers, owner, argument, value, address, length, false);
  if (word(layout.STATE_DRAINING)) return result(layout.CALL_DRAINING);
  if (address == bounce) return result(layout.CALL_TOTAL_FULL);
  const fence = (wants & layout.WANTS_FENCE) != 0;
  if (fence && !(batches.batched(kind) && roomForFence())) return result(layout.CALL_NO_RECORD);
  const record = records.allocate(kind, handlers, wants);
  if (record == layout.NONE) return result(layout.CALL_NO_RECORD);
  if (fence) addFence(record);
  if (kind == layout.KIND_CONNECTION) meters.arrive(METER_CONNECTIONS);
  ask(record, layout.OPERATION_OPEN, address, length, argument, value);
  return result(record);
}

/** Datagrams, in the form of a batch, where reserve() said: all are taken, or none. */
export function sendTo(record: i32, generation: u32, address: u32, length: u32): i32 {
  loggedBytes(layout.CALL_SEND_TO, record, generation, 0, 0, address, length, false);
  const formed = datagrams.wellFormed(address, length);
  if (!formed) leaveOut(0, length);
  const admitted = admit(record, generation, length);
  if (admitted != layout.CALL_TAKEN) return result(admitted);
  if (records.kind(record) != layout.KIND_DATAGRAM) return result(layout.CALL_WRONG_KIND);
  if (!formed) return result(layout.CALL_BAD_BYTES);
  if (dropping(record)) return result(layout.CALL_TAKEN);
  const home = address == bounce ? layout.NONE : arenas.commit(address, length);
  return result(enqueue(record, address, length, home));
}

/** Does a source of this kind know the task? */
function knows(kind: i32, task: i32): bool {
  if (task == layout.TASK_CONTROL) {
    return kind == layout.KIND_DATAGRAM || kind == layout.KIND_PROCESS || kind == layout.KIND_PATH;
  }
  return kind == layout.KIND_FILE && task >= layout.TASK_READ && task <= layout.TASK_LIST;
}

/**
 * An operation on a source: `length` bytes to read, or that lie at `address` (0: none) where
 * reserve() said. Returns its place in the table.
 */
export function operate(
  record: i32,
  generation: u32,
  task: i32,
  offsetLow: u32,
  offsetHigh: u32,
  address: u32,
  length: u32,
): i32 {
  if (address != 0) {
    loggedBytes(
      layout.CALL_OPERATE,
      record,
      generation,
      offsetLow,
      offsetHigh,
      address,
      length,
      false,
    );
  } else {
    logged(layout.CALL_OPERATE, record, generation, offsetLow, offsetHigh);
    loggedLength(length);
  }
  detail(task);
  if (!records.owns(record, generation)) return result(layout.CALL_STALE);
  if (!knows(records.kind(record), task)) return result(layout.CALL_WRONG_KIND);
  if (records.has(record, layout.WORK_WANT_CLOSE)) return result(layout.CALL_CLOSED);
  if (records.state(record) != layout.STATE_OPEN) return result(layout.CALL_CLOSED);
  if (address == bounce) return result(layout.CALL_TOTAL_FULL);
  const offset = <u64>offsetLow | ((<u64>offsetHigh) << 32);
  const operation = operations.allocate(task, record, offset, length);
  if (operation == layout.NONE) return result(layout.CALL_NO_OPERATION);
  if (address != 0) operations.holdBytes(operation, address, arenas.commit(address, length));
  operations.wait(operation);
  named(operations.generation(operation));
  return result(operation);
}
