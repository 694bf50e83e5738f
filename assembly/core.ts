// The core: a pure function from vectors, completions, time and calls to records, deliveries and
// submissions. It imports its memory and abort, nothing else; it knows no clock, no randomness, no
// I/O.
//
// A turn, as the reactor drives it:
//
//   host: submissions executed, events copied, NOW written
//   turn()   ingest completions and events, fire timers, settle updates  →  deliveries
//   handlers run and call …                                              →  the calls below
//   end()    look at each source that was touched                        →  submissions

import { chooseReadSegments, initialiseArenas } from './arenas';
import { ingestCompletions } from './completions';
import { STATE_FREE_LEASE } from './core-layout';
import { digest as digestBytes } from './digest';
import { dropWhenLate, dueAt, lookWhenDue } from './draining';
import { ingestEvents } from './events';
import { quiet, settleIdle } from './idle';
import * as layout from './layout';
import { unparkWhenDue } from './listeners';
import { bind, deliveries, long, setLong, setWord, submissions, updates, word } from './memory';
import { alternate, settleMerged } from './merged';
import * as meters from './meters';
import { cancelAbandoned, initialiseOperations, settleOperations } from './operations';
import { feedStarved } from './sending-files';
import { settleAll } from './settle';
import { again } from './submissions';
import { arm, arming, earliest, fire, freeFired, initialiseTimers } from './timers';
import { settleUpdates } from './updates';

export {
  close,
  destroy,
  end as finish,
  idleStart,
  open,
  option,
  random,
  read,
  reserve,
  sample,
  stop,
  thrown,
  timerCancel,
  timerGeneration,
  timerStart,
  write,
} from './calls';
export { lease, unlease } from './leases';
export { generation as operationGeneration } from './operations';
export { sendFile } from './sending-files';
export { openSource, operate, sendTo } from './source-calls';
export { spawn, takenStream } from './spawning';
export { enable, trigger } from './triggers';

const GRAIN: u64 = 1_000_000;

/** Once, after the reactor wrote the limits and region addresses into fresh memory. */
export function initialise(): void {
  bind();
  setWord(layout.STATE_FREE_RECORD, layout.NONE);
  setWord(layout.STATE_FREE_PIECE, layout.NONE);
  setWord(layout.STATE_FREE_BLOCK, layout.NONE);
  setWord(layout.STATE_WORK_HEAD, layout.NONE);
  setWord(layout.STATE_WORK_TAIL, layout.NONE);
  setWord(layout.STATE_SPAWNED, layout.NONE);
  setWord(STATE_FREE_LEASE, layout.NONE);
  // Two rounds of splitmix64 (Steele, Lea, Flood 2014) spread the seed; neither word may be 0 for
  // both.
  const seed = <u64>(<u32>word(layout.SEED_LOW)) | ((<u64>(<u32>word(layout.SEED_HIGH))) << 32);
  setLong(layout.STATE_RANDOM_LOW, spread(seed + 0x9e3779b97f4a7c15) | 1);
  setLong(layout.STATE_RANDOM_HIGH, spread(seed + 0x3c6ef372fe94f82a));
  initialiseTimers();
  initialiseOperations();
  initialiseArenas();
}

function spread(value: u64): u64 {
  let z = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/** Ingest and decide what to tell: fills the delivery and update lists. */
export function turn(): void {
  assert(word(layout.PHASE) == layout.PHASE_OUTSIDE, 'a turn inside a turn');
  setWord(layout.PHASE, layout.PHASE_TURN);
  setLong(layout.TURN, long(layout.TURN) + 1);
  setWord(layout.TURN_AGAIN, 0);
  setWord(layout.DELIVERY_COUNT, 0);
  setWord(layout.UPDATE_COUNT, 0);
  meters.begin();
  const idle = quiet();
  ingestCompletions();
  ingestEvents();
  setWord(layout.EVENT_COUNT, 0);
  cancelAbandoned();
  feedStarved();
  arm();
  const delivered = word(layout.DELIVERY_COUNT);
  fire();
  settleIdle(idle && word(layout.DELIVERY_COUNT) == delivered);
  unparkWhenDue();
  lookWhenDue();
  settleUpdates();
}

/** The handlers are done: fills the submission queue, and says how long the host may wait. */
export function end(): void {
  assert(word(layout.PHASE) == layout.PHASE_TURN, 'the end of no turn');
  chooseReadSegments();
  dropWhenLate();
  settleMerged();
  settleOperations();
  settleAll();
  freeFired();
  if (arming()) again();
  alternate();
  setDeadline();
  let sum = long(layout.DIGEST);
  sum = digestBytes(sum, updates, word(layout.UPDATE_COUNT) * layout.UPDATE_SIZE);
  sum = digestBytes(sum, deliveries, word(layout.DELIVERY_COUNT) * layout.DELIVERY_SIZE);
  sum = digestBytes(sum, submissions, word(layout.SUBMISSION_COUNT) * layout.SUBMISSION_SIZE);
  setLong(layout.DIGEST, sum);
  setWord(layout.PHASE, layout.PHASE_OUTSIDE);
}

/**
 * Up to the next whole millisecond: timers that are due within the same one share a turn, and with
 * it a wake-up. Later by that much is within what is promised; earlier never is.
 */
function setDeadline(): void {
  const due = sooner(earliest(), sooner(long(layout.STATE_PARKED_UNTIL), dueAt()));
  setLong(layout.DEADLINE, ((due + GRAIN - 1) / GRAIN) * GRAIN);
}

/** The earlier of two times, where 0 means never. */
function sooner(first: u64, second: u64): u64 {
  if (first == 0) return second;
  return second == 0 || first < second ? first : second;
}

/**
 * The trace's digest of any bytes in memory: { low, high } words, the high one through
 * digestHigh().
 */
export function digest(address: u32, length: u32): i32 {
  digestResult = digestBytes(0, address, length);
  return <i32>digestResult;
}

let digestResult: u64 = 0;

export function digestHigh(): i32 {
  return <i32>(digestResult >> 32);
}
