// Leases: bytes that were delivered and are kept past their turn, where they lie. A lease holds the
// read segment as an outgoing piece does, so nothing is copied, and the segment is not chosen for
// reads before it is given back.
//
// A lease of one byte holds a whole segment. So leases may hold a quarter of the segments, and the
// rest is left to reads and sends, whatever a program forgets to give back.
import * as arenas from './arenas';
import {
  LEASE_ADDRESS,
  LEASE_LENGTH,
  LEASE_SEGMENT,
  LEASE_SHIFT,
  LEASES_USED,
  STATE_FREE_LEASE,
  STATE_LEASED_SEGMENTS,
  STATE_LEASES_TOUCHED,
} from './core-layout';
import * as layout from './layout';
import { count, leases, readSegments, settings, setWord, word } from './memory';
import { located, logged, result } from './stream';

function at(lease: i32): u32 {
  return leases + ((<u32>lease) << LEASE_SHIFT);
}

function addressOf(lease: i32): u32 {
  return load<u32>(at(lease), LEASE_ADDRESS);
}

/** 0: nobody's. */
function lengthOf(lease: i32): u32 {
  return load<u32>(at(lease), LEASE_LENGTH);
}

function segmentOf(lease: i32): i32 {
  return load<i32>(at(lease), LEASE_SEGMENT);
}

/** Leases that hold this segment. */
function holding(segment: i32): i32 {
  const touched = word(STATE_LEASES_TOUCHED);
  let total = 0;
  for (let lease = 0; lease < touched; lease++) {
    if (lengthOf(lease) != 0 && segmentOf(lease) == segment) total++;
  }
  return total;
}

function overlapped(address: u32, length: u32): bool {
  const touched = word(STATE_LEASES_TOUCHED);
  for (let lease = 0; lease < touched; lease++) {
    const from = addressOf(lease);
    if (from < address + length && address < from + lengthOf(lease)) return true;
  }
  return false;
}

/** The segment in which all of these bytes are leased, or NONE. */
export function leasedIn(address: u32, length: u32): i32 {
  const touched = word(STATE_LEASES_TOUCHED);
  for (let lease = 0; lease < touched; lease++) {
    const from = addressOf(lease);
    const most = lengthOf(lease);
    if (length <= most && address >= from && address - from <= most - length) {
      if (most != 0) return segmentOf(lease);
    }
  }
  return layout.NONE;
}

/** The segment whose bytes may be sent from where they lie: of this turn, or leased. */
export function homeOf(address: u32, length: u32): i32 {
  const inTurn = word(layout.PHASE) == layout.PHASE_TURN;
  const segment = inTurn ? arenas.deliveredIn(address, length) : layout.NONE;
  return segment == layout.NONE ? leasedIn(address, length) : segment;
}

/** Keeps bytes of this turn, or of another lease; returns the lease. */
export function lease(address: u32, length: u32): i32 {
  logged(layout.CALL_LEASE, layout.NONE, 0, length, 0);
  located(address);
  const segment = length == 0 ? layout.NONE : homeOf(address, length);
  if (segment == layout.NONE) return result(layout.CALL_STALE_BYTES);
  const first = holding(segment) == 0;
  const most = max<i32>(1, readSegments >> 2);
  if (first && word(STATE_LEASED_SEGMENTS) >= most) return refuse();
  let lease = word(STATE_FREE_LEASE);
  if (lease != layout.NONE) setWord(STATE_FREE_LEASE, segmentOf(lease));
  else {
    lease = word(STATE_LEASES_TOUCHED);
    if (lease >= word(layout.LEASES_MAX)) return refuse();
    setWord(STATE_LEASES_TOUCHED, lease + 1);
  }
  store<u32>(at(lease), address, LEASE_ADDRESS);
  store<u32>(at(lease), length, LEASE_LENGTH);
  store<i32>(at(lease), segment, LEASE_SEGMENT);
  if (first) setWord(STATE_LEASED_SEGMENTS, word(STATE_LEASED_SEGMENTS) + 1);
  setWord(LEASES_USED, word(LEASES_USED) + 1);
  arenas.hold(segment);
  count(layout.COUNTER_LEASES);
  return result(lease);
}

function refuse(): i32 {
  count(layout.COUNTER_LEASES_REFUSED);
  return result(layout.CALL_NO_LEASE);
}

/** Gives a lease back: its bytes are nobody's any more. */
export function unlease(lease: i32): i32 {
  logged(layout.CALL_UNLEASE, lease, 0, 0, 0);
  if (<u32>lease >= <u32>word(STATE_LEASES_TOUCHED) || lengthOf(lease) == 0) {
    return result(layout.CALL_STALE);
  }
  const address = addressOf(lease);
  const length = lengthOf(lease);
  const segment = segmentOf(lease);
  store<u32>(at(lease), 0, LEASE_LENGTH);
  store<i32>(at(lease), word(STATE_FREE_LEASE), LEASE_SEGMENT);
  setWord(STATE_FREE_LEASE, lease);
  setWord(LEASES_USED, word(LEASES_USED) - 1);
  arenas.release(segment);
  const left = holding(segment);
  if (left == 0) setWord(STATE_LEASED_SEGMENTS, word(STATE_LEASED_SEGMENTS) - 1);
  if (settings & layout.SETTING_POISON) poison(segment, left, address, length);
  return result(layout.CALL_TAKEN);
}

/**
 * Whoever still looks at the bytes is to see it. Not while they are being sent or are delivered in
 * this turn, whose end does it; nor what another lease keeps.
 */
function poison(segment: i32, left: i32, address: u32, length: u32): void {
  if (arenas.references(segment) != <u32>left || overlapped(address, length)) return;
  const inTurn = word(layout.PHASE) == layout.PHASE_TURN;
  if (inTurn && arenas.deliveredIn(address, length) != layout.NONE) return;
  memory.fill(address, <u8>layout.POISON, length);
}
