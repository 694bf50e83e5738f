// Calls: everything a program can ask of the reactor. Each checks its arguments, leaves a line in
// the call stream when a trace is recorded, and changes the record; what follows from it is decided
// at turn's end.

import * as arenas from './arenas';
import * as draining from './draining';
import { abandon, abandonAll } from './failure';
import * as idle from './idle';
import * as layout from './layout';
import { homeOf } from './leases';
import * as listeners from './listeners';
import { bounce, long, setLong, setWord, word } from './memory';
import { METER_CONNECTIONS, METER_QUEUE } from './meter-layout';
import * as meters from './meters';
import * as pieces from './pieces';
import * as records from './records';
import { list, owns } from './records';
import { logged, loggedBytes, loggedStale, named, result } from './stream';
import { again } from './submissions';
import * as timers from './timers';
import { setQueued } from './updates';

/** Where the bytes of a call go: at most DATAGRAM_ROOM. Valid until the next call. */
export function reserve(length: u32): u32 {
  assert(length <= <u32>layout.DATAGRAM_ROOM, 'reserved more than the bounce buffer holds');
  const address = arenas.reserve(length);
  return address != 0 ? address : bounce;
}

/**
 * Listens (or, with `dial`, connects) at a name that lies where reserve() said. Returns the record.
 */
export function open(
  dial: i32,
  address: u32,
  length: u32,
  port: i32,
  options: i32,
  backlog: i32,
  handlers: i32,
  wants: i32,
): i32 {
  const operation = dial ? layout.CALL_CONNECT : layout.CALL_LISTEN;
  loggedBytes(operation, handlers, wants, port | (options << 16), backlog, address, length, false);
  if (word(layout.STATE_DRAINING)) return result(layout.CALL_DRAINING);
  // The name has to outlive this call, so it needs the arena.
  if (address == bounce) return result(layout.CALL_TOTAL_FULL);
  const record = records.allocate(
    dial ? layout.KIND_CONNECTION : layout.KIND_LISTENER,
    handlers,
    wants,
  );
  if (record == layout.NONE) return result(layout.CALL_NO_RECORD);
  if (dial) meters.arrive(METER_CONNECTIONS);
  if (options & layout.SOCKET_AUTO_DELAY) records.set(record, layout.WORK_AUTO_DELAY);
  ask(
    record,
    dial ? layout.OPERATION_CONNECT : layout.OPERATION_LISTEN,
    address,
    length,
    port | (options << 16),
    backlog,
  );
  return result(record);
}

/** The end of this turn submits the operation that opens it; until then the bytes stay held. */
export function ask(
  record: i32,
  operation: i32,
  address: u32,
  length: u32,
  argument: i32,
  extra: i32,
): void {
  const segment = arenas.commit(address, length);
  arenas.hold(segment);
  const asked = records.peerAt(record);
  store<u32>(asked, address, layout.ASKED_ADDRESS);
  store<u32>(asked, length, layout.ASKED_LENGTH);
  store<i32>(asked, argument, layout.ASKED_ARGUMENT);
  store<i32>(asked, extra, layout.ASKED_BACKLOG);
  store<i32>(asked, segment, layout.ASKED_SEGMENT);
  store<i32>(asked, operation, layout.ASKED_OPERATION);
  records.set(record, layout.WORK_WANT_OPEN);
  list(record);
  named(records.generation(record));
}

/**
 * Bytes of the total that what stands behind files must leave free: it cannot leave before
 * them, and they could not be read if it had filled all there is.
 */
function keptForFiles(): u32 {
  return min<u32>(layout.BLOCK_SIZE, (<u32>word(layout.QUEUE_TOTAL_MAX) + 1) >> 1);
}

/** All or nothing: may `length` more bytes be queued? */
export function admit(record: i32, generation: u32, length: u32): i32 {
  const refusal = refuse(record, generation);
  if (refusal != layout.CALL_TAKEN) return refusal;
  if (dropping(record)) return layout.CALL_TAKEN;
  if (length == 0) return layout.CALL_TAKEN;
  // Parts of a file come on top, so that what is written behind it cannot keep them out.
  const most = <u32>word(layout.QUEUE_SIZE_MAX);
  const queued = min<u32>(pieces.queued(record), most);
  if (length > most - queued) return layout.CALL_QUEUE_FULL;
  const left = <u32>word(layout.QUEUE_TOTAL_MAX) - <u32>word(layout.STATE_QUEUE_TOTAL);
  const kept = pieces.files(record) > 0 ? keptForFiles() : 0;
  return left < kept || length > left - kept ? layout.CALL_TOTAL_FULL : layout.CALL_TAKEN;
}

/** The program itself ended or closed it, or it is somebody else's by now. */
function refuse(record: i32, generation: u32): i32 {
  if (!owns(record, generation)) return layout.CALL_STALE;
  // A connection that drains was not closed by the program, so a write to it is no mistake.
  if (records.has(record, layout.WORK_LINGERING)) return layout.CALL_TAKEN;
  const state = records.state(record);
  if (state == layout.STATE_CLOSING || records.has(record, layout.WORK_WANT_SHUTDOWN))
    return layout.CALL_CLOSED;
  if (records.has(record, layout.WORK_WANT_CLOSE)) return layout.CALL_CLOSED;
  const kind = records.kind(record);
  const sends = kind == layout.KIND_CONNECTION || kind == layout.KIND_DATAGRAM;
  return sends ? layout.CALL_TAKEN : layout.CALL_CLOSED;
}

/** It failed or drains, and the program has not heard of it: its bytes are taken, and dropped. */
export function dropping(record: i32): bool {
  if (records.state(record) >= layout.STATE_FAILED) return true;
  if (records.has(record, layout.WORK_LINGERING)) return true;
  // An error about one datagram says nothing of the next.
  if (records.kind(record) == layout.KIND_DATAGRAM) return false;
  return load<i32>(records.at(record), layout.TX_ERROR) != 0;
}

/**
 * Bytes at `address`: delivered in this turn or leased (sent from where they lie), or put where
 * reserve() said. A write that comes in chunks says with the first how many bytes there are in
 * `total`, so that it is taken whole or refused whole.
 */
export function write(record: i32, generation: u32, address: u32, length: u32, total: u32): i32 {
  const segment = homeOf(address, length);
  const borrowed = segment != layout.NONE;
  const reserved = address == bounce || address == <u32>word(layout.STATE_WRITE_CURSOR);
  if (borrowed || reserved) {
    loggedBytes(layout.CALL_WRITE, record, generation, total, 0, address, length, borrowed);
  } else {
    loggedStale(record, generation, total, address, length);
  }
  const admitted = admit(record, generation, total);
  if (admitted != layout.CALL_TAKEN) return result(admitted);
  if (records.kind(record) == layout.KIND_DATAGRAM) return result(layout.CALL_WRONG_KIND);
  if (!borrowed && !reserved) return result(layout.CALL_STALE_BYTES);
  if (length == 0 || dropping(record)) return result(layout.CALL_TAKEN);
  const home = borrowed
    ? segment
    : address == bounce
      ? layout.NONE
      : arenas.commit(address, length);
  return result(enqueue(record, address, length, home));
}

/** Puts bytes into the record's queue: where they lie (`home`), or copied (NONE). */
export function enqueue(record: i32, address: u32, length: u32, home: i32): i32 {
  if (home != layout.NONE && pieces.arenaShareLeft()) {
    pieces.append(record, address, length, home);
  } else {
    // Blocks stand before arena pieces, never between: so they stay full, and their number bounded.
    pieces.stash(record);
    pieces.appendCopy(record, address, length);
  }
  const source = records.at(record);
  const queued = pieces.queued(record) + length;
  setQueued(record, queued);
  setWord(layout.STATE_QUEUE_TOTAL, word(layout.STATE_QUEUE_TOTAL) + length);
  meters.arrive(METER_QUEUE, length);
  store<u64>(
    source,
    load<u64>(source, layout.RECORD_BYTES_TAKEN) + length,
    layout.RECORD_BYTES_TAKEN,
  );
  list(record);
  const wait =
    records.has(record, layout.WORK_BLOCKED) || queued >= <u32>word(layout.QUEUE_HIGH_WATER);
  if (!wait) return layout.CALL_TAKEN;
  records.set(record, layout.WORK_DRAIN_OWED);
  return layout.CALL_WAIT;
}

/**
 * Appetite: how many bytes (or connections) the program wants from now on; APPETITE_UNLIMITED for
 * all.
 */
export function read(record: i32, generation: u32, appetite: i32): i32 {
  logged(layout.CALL_READ, record, generation, appetite, 0);
  if (!owns(record, generation)) return result(layout.CALL_STALE);
  // A connection that drains reads to the peer's end, whatever the program still wants of it.
  if (records.has(record, layout.WORK_LINGERING)) return result(layout.CALL_TAKEN);
  store<i32>(records.at(record), appetite, layout.RECORD_APPETITE);
  list(record);
  return result(layout.CALL_TAKEN);
}

/** No more writes: what is queued goes out, then the direction is shut down. */
export function end(record: i32, generation: u32): i32 {
  logged(layout.CALL_END, record, generation, 0, 0);
  if (!owns(record, generation)) return result(layout.CALL_STALE);
  records.set(record, layout.WORK_WANT_SHUTDOWN);
  list(record);
  return result(layout.CALL_TAKEN);
}

/** No more reads; what is queued goes out, then the descriptor is closed. */
export function close(record: i32, generation: u32): i32 {
  logged(layout.CALL_CLOSE, record, generation, 0, 0);
  if (!owns(record, generation)) return result(layout.CALL_STALE);
  closing(record);
  return result(layout.CALL_TAKEN);
}

function closing(record: i32): void {
  records.set(record, layout.WORK_WANT_CLOSE);
  if (records.state(record) == layout.STATE_OPEN && records.kind(record) != layout.KIND_LISTENER) {
    records.setState(record, layout.STATE_CLOSING);
  }
  list(record);
}

/** Drops what is queued and closes the descriptor now. */
export function destroy(record: i32, generation: u32): i32 {
  logged(layout.CALL_DESTROY, record, generation, 0, 0);
  if (!owns(record, generation)) return result(layout.CALL_STALE);
  abandon(record);
  return result(layout.CALL_TAKEN);
}

/** The kernel's figures for both sides, in the record when the next turn begins. */
export function sample(record: i32, generation: u32): i32 {
  logged(layout.CALL_SAMPLE, record, generation, 0, 0);
  if (!owns(record, generation)) return result(layout.CALL_STALE);
  records.set(record, layout.WORK_WANT_SAMPLE);
  list(record);
  return result(layout.CALL_TAKEN);
}

export function option(record: i32, generation: u32, name: i32, value: i32): i32 {
  logged(layout.CALL_OPTION, record, generation, name, value);
  if (!owns(record, generation)) return result(layout.CALL_STALE);
  if (name == layout.SOCKET_ADMIT) return result(listeners.admit(record, value));
  if (name == layout.SOCKET_RESET) {
    const source = records.at(record);
    const wants = load<u16>(source, layout.RECORD_WANTS) & ~layout.WANTS_RESET;
    store<u16>(source, <u16>(value ? wants | layout.WANTS_RESET : wants), layout.RECORD_WANTS);
    return result(layout.CALL_TAKEN);
  }
  const noDelay = name == layout.SOCKET_NO_DELAY;
  if (noDelay) {
    if (value == layout.SOCKET_AUTO_DELAY) records.set(record, layout.WORK_AUTO_DELAY);
    else records.clear(record, layout.WORK_AUTO_DELAY);
  }
  const on = noDelay ? layout.WORK_NO_DELAY : layout.WORK_KEEP_ALIVE;
  records.set(record, noDelay ? layout.WORK_WANT_NO_DELAY : layout.WORK_WANT_KEEP_ALIVE);
  if (value) records.set(record, on);
  else records.clear(record, on);
  list(record);
  return result(layout.CALL_TAKEN);
}

/** Nanoseconds in two words; with `repeat` they are the period too. Returns the timer. */
export function timerStart(delayLow: u32, delayHigh: u32, repeat: i32): i32 {
  logged(layout.CALL_TIMER_START, repeat, delayLow, delayHigh, 0);
  const delay = <u64>delayLow | ((<u64>delayHigh) << 32);
  return started(timers.start(delay, repeat ? delay : 0));
}

/** An idle watcher (idle.ts), named and cancelled as a timer. */
export function idleStart(withinLow: u32, withinHigh: u32, repeat: i32): i32 {
  logged(layout.CALL_IDLE_START, repeat, withinLow, withinHigh, 0);
  const within = <u64>withinLow | ((<u64>withinHigh) << 32);
  return started(timers.start(within, idle.period(within, repeat != 0)));
}

function started(timer: i32): i32 {
  if (timer == layout.NONE) return result(layout.CALL_NO_TIMER);
  named(timers.generation(timer));
  return result(timer);
}

export function timerGeneration(timer: i32): u32 {
  return timers.generation(timer);
}

export function timerCancel(timer: i32, generation: u32): i32 {
  logged(layout.CALL_TIMER_CANCEL, timer, generation, 0, 0);
  if (!timers.owns(timer, generation)) return result(layout.CALL_NO_TIMER);
  timers.cancel(timer);
  return result(layout.CALL_TAKEN);
}

/**
 * The next 32 random bits (xorshift128+; Vigna, "Further scramblings of Marsaglia's xorshift
 * generators").
 */
export function random(): i32 {
  logged(layout.CALL_RANDOM, layout.NONE, 0, 0, 0);
  let a = long(layout.STATE_RANDOM_LOW);
  const b = long(layout.STATE_RANDOM_HIGH);
  const sum = a + b;
  setLong(layout.STATE_RANDOM_LOW, b);
  a ^= a << 23;
  setLong(layout.STATE_RANDOM_HIGH, a ^ b ^ (a >> 18) ^ (b >> 5));
  return result(<i32>(sum >> 32));
}

/** A handler threw: its connection is destroyed, and the trace says so. */
export function thrown(record: i32, generation: u32): i32 {
  logged(layout.CALL_THROWN, record, generation, 0, 0);
  if (!owns(record, generation)) return result(layout.CALL_STALE);
  abandon(record);
  return result(layout.CALL_TAKEN);
}

/**
 * Ends the reactor's work: with `drain`, sources close once they are quiet, and after `deadline`
 * milliseconds (-1: never) what is left is dropped; without, all is dropped now.
 */
export function stop(drain: i32, deadline: i32): i32 {
  logged(layout.CALL_STOP, layout.NONE, 0, drain, deadline);
  draining.begin(deadline);
  if (drain) leaveGently();
  else abandonAll();
  again();
  return result(layout.CALL_TAKEN);
}

/** Nobody comes in any more; open connections are draining.ts's affair. */
function leaveGently(): void {
  const touched = word(layout.RECORDS_TOUCHED);
  for (let record = 0; record < touched; record++) {
    const state = records.state(record);
    if (state == layout.STATE_FREE || state >= layout.STATE_CLOSED) continue;
    const opening = state < layout.STATE_OPEN && !accepting(record);
    if (opening || records.kind(record) != layout.KIND_CONNECTION) closing(record);
  }
}

/** An accept is under way for it: whoever knocked is a connection like the others, and drains. */
function accepting(record: i32): bool {
  const listener = load<i32>(records.at(record), layout.RECORD_LISTENER);
  return listener != 0 && records.state(record) == layout.STATE_OPENING;
}
