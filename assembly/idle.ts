// Idle watchers: what is done on the first idle turn of each period, and at the latest when the
// period ends. They live in the timer heap; beside it stands a list of those whose period has begun
// and which have not run in it.
//
//   waiting   in the list; its deadline is the end of its period. An idle turn, or the deadline
//             (forced), is its turn
//   resting   not in the list; it ran early, and its deadline is where the next period begins
//
// An idle turn is one that nothing brought about: no event, no completion, no timer, no call from
// outside. While somebody waits and a turn was not idle, one more is asked for in place of sleep;
// if nothing comes it is the idle one, and nobody waits any more. So nothing spins.

import { STATE_CALLED, STATE_IDLE_HEAD, STATE_IDLE_TAIL } from './core-layout';
import { deliverTimer } from './deliveries';
import { bringsNews } from './events';
import * as layout from './layout';
import { count, setWord, word } from './memory';
import { again } from './submissions';
import * as timers from './timers';

// In TIMER_PERIOD, above the period's length.
const IDLE: u64 = 1 << 63;
const WAITING: u64 = 1 << 62;
const REPEATS: u64 = 1 << 61;
const LENGTH: u64 = REPEATS - 1;

/** What TIMER_PERIOD says of an idle watcher. */
export function period(within: u64, repeats: bool): u64 {
  return IDLE | (repeats ? REPEATS : 0) | max<u64>(within & LENGTH, 1);
}

export function watches(timer: i32): bool {
  return (word64(timer) & IDLE) != 0;
}

function word64(timer: i32): u64 {
  return load<u64>(timers.at(timer), layout.TIMER_PERIOD);
}

function has(timer: i32, bit: u64): bool {
  return (word64(timer) & bit) != 0;
}

/** A period begins. */
export function wait(timer: i32): void {
  const address = timers.at(timer);
  store<u64>(address, word64(timer) | WAITING, layout.TIMER_PERIOD);
  store<i32>(address, layout.NONE, layout.TIMER_NEXT);
  const last = word(STATE_IDLE_TAIL);
  if (last == layout.NONE) setWord(STATE_IDLE_HEAD, timer);
  else store<i32>(timers.at(last), timer, layout.TIMER_NEXT);
  setWord(STATE_IDLE_TAIL, timer);
}

/** It waits no more: it ran, or was cancelled. */
export function rest(timer: i32): void {
  if (!has(timer, WAITING)) return;
  store<u64>(timers.at(timer), word64(timer) & ~WAITING, layout.TIMER_PERIOD);
  const next = load<i32>(timers.at(timer), layout.TIMER_NEXT);
  let before = layout.NONE;
  let place = word(STATE_IDLE_HEAD);
  while (place != timer) {
    assert(place != layout.NONE, 'an idle watcher waits outside the list');
    before = place;
    place = load<i32>(timers.at(place), layout.TIMER_NEXT);
  }
  if (before == layout.NONE) setWord(STATE_IDLE_HEAD, next);
  else store<i32>(timers.at(before), next, layout.TIMER_NEXT);
  if (next == layout.NONE) setWord(STATE_IDLE_TAIL, before);
}

/** Its time is up. Answers when it has to be looked at again; 0 when it is over. */
export function due(timer: i32, deadline: u64, now: u64): u64 {
  const length = word64(timer) & LENGTH;
  if (!has(timer, WAITING)) {
    wait(timer);
    return deadline + length;
  }
  count(layout.COUNTER_IDLES_FORCED);
  tell(timer, 1);
  if (!has(timer, REPEATS)) {
    rest(timer);
    return 0;
  }
  const periods = (now - deadline) / length + 1;
  // So late that this counts for a later period: the rest of that one is quiet.
  if (periods > 1) rest(timer);
  return deadline + periods * length;
}

function tell(timer: i32, forced: i32): void {
  count(layout.COUNTER_IDLES_FIRED);
  deliverTimer(layout.DELIVER_IDLE, timer, timers.generation(timer), forced);
}

/** Before the turn takes anything in: is there anything to take in? */
export function quiet(): bool {
  const called = word(STATE_CALLED) != 0;
  setWord(STATE_CALLED, 0);
  if (called || word(layout.SUBMISSION_DONE) != 0) return false;
  return word(layout.WAIT_RESULT) != layout.WAIT_SKIPPED && !bringsNews();
}

/** In an idle turn all who wait have their turn; otherwise the next turn may be one. */
export function settleIdle(idle: bool): void {
  if (!idle) {
    if (word(STATE_IDLE_HEAD) != layout.NONE) again();
    return;
  }
  for (let told = 0; told < layout.TIMERS_A_TURN; told++) {
    const timer = word(STATE_IDLE_HEAD);
    if (timer == layout.NONE) return;
    rest(timer);
    tell(timer, 0);
    if (!has(timer, REPEATS)) timers.retire(timer);
  }
  again();
}

export function initialiseIdle(): void {
  setWord(STATE_IDLE_HEAD, layout.NONE);
  setWord(STATE_IDLE_TAIL, layout.NONE);
}
