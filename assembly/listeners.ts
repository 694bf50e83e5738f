// Listeners: count what waits, accept as many as that, and step back when descriptors run out.

import * as arenas from './arenas';
import { deliver } from './deliveries';
import { fail } from './failure';
import { fenceEntries } from './fences';
import * as layout from './layout';
import { count, long, setLong, word } from './memory';
import { METER_CONNECTIONS } from './meter-layout';
import * as meters from './meters';
import * as records from './records';
import { again, roomFor, submit } from './submissions';
import { inherit } from './triggers';
import { exactnessOf, setAvailable } from './updates';

/**
 * Accepts at once when the kernel does not say how many wait; the first that finds none cancels the
 * rest.
 */
const ACCEPTS_BLIND = 16;
/** Accepts of one listener in one turn at the most, so that connections get their share. */
const ACCEPTS_A_TURN = 256;
/** After EMFILE and its kin: wait this long, or until a connection is closed. */
const PARK_TIME: u64 = 100_000_000;
const SEND_PARK_TIME: u64 = 10_000_000;

/** What the end of a turn decides for an open listener. */
export function settle(record: i32): void {
  const source = records.at(record);
  if (records.has(record, layout.WORK_CONTROLLING)) return;
  if (records.has(record, layout.WORK_WANT_SAMPLE)) return countWaiting(record);
  if (!records.has(record, layout.WORK_READY) || records.has(record, layout.WORK_PARKED)) return;
  if (load<u32>(source, layout.RECORD_IN_FLIGHT) != 0) return;
  if (!records.has(record, layout.WORK_COUNTED)) return countWaiting(record);
  accept(record, source);
}

function countWaiting(record: i32): void {
  if (!roomFor(1 + fenceEntries())) return records.list(record);
  records.clear(record, layout.WORK_WANT_SAMPLE);
  records.set(record, layout.WORK_CONTROLLING);
  submit(layout.OPERATION_SAMPLE, record, 0, 0, 1);
  again();
}

function accept(record: i32, source: u32): void {
  const appetite = load<u32>(source, layout.RECORD_APPETITE);
  const places = placesLeft(source);
  if (appetite == 0 || places == 0) return;
  const waiting = load<i32>(source, layout.RX_AVAILABLE);
  let total = waiting < 0 ? ACCEPTS_BLIND : min<i32>(waiting, ACCEPTS_A_TURN);
  if (appetite != layout.APPETITE_UNLIMITED) total = min<u32>(total, appetite);
  total = min<i32>(total, places);
  const unbounded = load<i32>(source, layout.LISTENER_ADMIT) == 0;
  const ahead = appetite == layout.APPETITE_UNLIMITED && unbounded ? layout.SUBMISSION_AHEAD : 0;
  for (let place = 0; place < total; place++) {
    if (!roomFor(1 + fenceEntries())) break;
    const child = records.allocate(
      layout.KIND_CONNECTION,
      load<i32>(source, layout.RECORD_HANDLERS),
      load<u16>(source, layout.RECORD_WANTS),
    );
    if (child == layout.NONE) {
      // Every record is taken: the rest waits in the kernel's backlog until one is freed.
      if (place == 0) park(record);
      break;
    }
    store<i32>(records.at(child), record + 1, layout.RECORD_LISTENER);
    inherit(child, record);
    const entry = submit(layout.OPERATION_ACCEPT, record, child, records.generation(child), 0);
    const flags = (place > 0 ? layout.SUBMISSION_LINKED : 0) | ahead;
    store<u8>(entry, <u8>flags, layout.SUBMISSION_FLAGS);
    store<u32>(source, load<u32>(source, layout.RECORD_IN_FLIGHT) + 1, layout.RECORD_IN_FLIGHT);
    again();
  }
  if (load<u32>(source, layout.RECORD_IN_FLIGHT) == 0 && !records.has(record, layout.WORK_PARKED)) {
    records.list(record);
  }
}

export function accepted(entry: u32, record: i32, result: i32): void {
  const source = records.at(record);
  const left = load<u32>(source, layout.RECORD_IN_FLIGHT) - 1;
  store<u32>(source, left, layout.RECORD_IN_FLIGHT);
  const child = load<i32>(entry, layout.SUBMISSION_ADDRESS);
  assert(
    records.owns(child, load<u32>(entry, layout.SUBMISSION_LENGTH)),
    'accepted into a foreign record',
  );
  if (result >= 0) {
    const address = load<u32>(entry, layout.SUBMISSION_EXTRA);
    arenas.arrived(address, layout.PEER_SIZE);
    memory.copy(records.peerAt(child), address, layout.PEER_SIZE);
    count(layout.COUNTER_ACCEPTED);
    meters.arrive(METER_CONNECTIONS);
    store<u32>(source, load<u32>(source, layout.LISTENER_ADMITTED) + 1, layout.LISTENER_ADMITTED);
    records.setState(child, layout.STATE_OPEN);
    if (records.state(record) == layout.STATE_OPEN) {
      const waiting = load<i32>(source, layout.RX_AVAILABLE);
      if (waiting > 0) setAvailable(record, waiting - 1, layout.EXACTNESS_LOWER_BOUND);
      if (waiting == 1) records.clear(record, layout.WORK_READY);
      const appetite = load<u32>(source, layout.RECORD_APPETITE);
      if (appetite != layout.APPETITE_UNLIMITED) {
        store<u32>(source, appetite - 1, layout.RECORD_APPETITE);
      }
    }
    deliver(layout.DELIVER_OPEN, child, address, layout.PEER_SIZE, 0);
    return;
  }
  // stop() may have put it into the work list meanwhile; then the end of this turn frees it.
  if (records.has(child, layout.WORK_LISTED)) records.setState(child, layout.STATE_DEAD);
  else records.free(child);
  if (result == -layout.ERROR_AGAIN) {
    records.clear(record, layout.WORK_READY);
    setAvailable(record, 0, layout.EXACTNESS_EXACT);
  } else if (outOfDescriptors(-result)) {
    if (!records.has(record, layout.WORK_PARKED)) {
      park(record);
      deliver(layout.DELIVER_ERROR, record, 0, 0, -result);
    }
  } else if (result == -layout.ERROR_CANCELED) {
    // The accept before it found nothing; that one said what to do.
  } else if (records.state(record) == layout.STATE_OPEN && invalid(-result)) {
    fail(record, -result);
  } else if (result == -layout.ERROR_NOT_PERMITTED) {
    // Forbidden, and not by the peer: whoever administers this machine has to know.
    deliver(layout.DELIVER_ERROR, record, 0, 0, -result);
  }
  // Anything else (ECONNABORTED, EPROTO, …) was about one connection that is gone: go on with the
  // next.
}

function outOfDescriptors(error: i32): bool {
  return (
    error == layout.ERROR_TOO_MANY_FILES ||
    error == layout.ERROR_FILE_TABLE ||
    error == layout.ERROR_OUT_OF_RANGE ||
    error == layout.ERROR_NO_BUFFERS ||
    error == layout.ERROR_NO_MEMORY ||
    // epoll_ctl(2): max_user_watches.
    error == layout.ERROR_NO_SPACE
  );
}

/** The listening socket itself is of no use. */
function invalid(error: i32): bool {
  return (
    error == layout.ERROR_BAD_DESCRIPTOR ||
    error == layout.ERROR_INVALID ||
    error == layout.ERROR_NOT_SOCKET ||
    error == layout.ERROR_NOT_SUPPORTED
  );
}

/** The kernel's count of waiting connections; UNKNOWN where it keeps none (Unix sockets). */
export function counted(record: i32, waiting: i32): void {
  records.set(record, layout.WORK_COUNTED);
  if (waiting < 0) return setAvailable(record, layout.UNKNOWN, layout.EXACTNESS_UNKNOWN);
  setAvailable(record, waiting, exactnessOf(waiting));
  if (waiting == 0) records.clear(record, layout.WORK_READY);
}

function park(record: i32): void {
  count(layout.COUNTER_ACCEPTS_PARKED);
  records.set(record, layout.WORK_PARKED | layout.WORK_READY);
  records.clear(record, layout.WORK_COUNTED);
  parkUntil(long(layout.NOW) + PARK_TIME);
}

/** A blocked send that no event will end: it is tried again after a while. */
export function parkSending(record: i32): void {
  records.set(record, layout.WORK_PARKED);
  parkUntil(long(layout.NOW) + SEND_PARK_TIME);
}

function parkUntil(until: u64): void {
  const before = long(layout.STATE_PARKED_UNTIL);
  if (before == 0 || until < before) setLong(layout.STATE_PARKED_UNTIL, until);
}

/** A descriptor came free, or the time is up: who is parked tries again. */
export function unpark(): void {
  if (long(layout.STATE_PARKED_UNTIL) == 0) return;
  setLong(layout.STATE_PARKED_UNTIL, 0);
  const touched = word(layout.RECORDS_TOUCHED);
  for (let record = 0; record < touched; record++) {
    if (records.state(record) == layout.STATE_FREE || !records.has(record, layout.WORK_PARKED))
      continue;
    records.clear(record, layout.WORK_PARKED);
    if (records.kind(record) != layout.KIND_LISTENER) records.clear(record, layout.WORK_BLOCKED);
    records.list(record);
  }
}

export function unparkWhenDue(): void {
  const until = long(layout.STATE_PARKED_UNTIL);
  if (until != 0 && until <= long(layout.NOW)) unpark();
}

// ── Admission ──

/** At most so many of its connections open at once, 0 for any number; who is in stays in. */
export function admit(record: i32, most: i32): i32 {
  if (records.kind(record) != layout.KIND_LISTENER) return layout.CALL_WRONG_KIND;
  store<i32>(records.at(record), most, layout.LISTENER_ADMIT);
  records.list(record);
  return layout.CALL_TAKEN;
}

/** How many more may come in. */
function placesLeft(source: u32): i32 {
  const most = load<i32>(source, layout.LISTENER_ADMIT);
  if (most == 0) return i32.MAX_VALUE;
  return max<i32>(0, most - load<i32>(source, layout.LISTENER_ADMITTED));
}

/** A connection is closed: whom its listener held back, the end of this turn lets in. */
export function left(child: i32): void {
  const record = load<i32>(records.at(child), layout.RECORD_LISTENER) - 1;
  if (record < 0 || record == child) return;
  const source = records.at(record);
  store<u32>(source, load<u32>(source, layout.LISTENER_ADMITTED) - 1, layout.LISTENER_ADMITTED);
  if (load<i32>(source, layout.LISTENER_ADMIT) != 0) records.list(record);
}

/** The listener is closed, and its record will be another's: nobody in it may count there. */
export function gone(record: i32): void {
  if (load<u32>(records.at(record), layout.LISTENER_ADMITTED) == 0) return;
  const touched = word(layout.RECORDS_TOUCHED);
  for (let child = 0; child < touched; child++) {
    if (records.kind(child) != layout.KIND_CONNECTION) continue;
    const source = records.at(child);
    if (load<i32>(source, layout.RECORD_LISTENER) != record + 1) continue;
    store<i32>(source, child + 1, layout.RECORD_LISTENER);
  }
}
