// Timers: a binary heap of indices ordered by deadline, then by order of creation.
//
// A timer started now is armed when the next turn begins, with that turn's time: time is a value of
// the turn, so the time at the call is not known, and a timer must never be early.

import { deliverTimer } from './deliveries';
import * as idle from './idle';
import * as layout from './layout';
import { count, long, setLong, setWord, timerHeap, timers, word } from './memory';
import { METER_TIMERS } from './meter-layout';
import * as meters from './meters';
import { again } from './submissions';

export function at(timer: i32): u32 {
  return timers + ((<u32>timer) << layout.TIMER_SHIFT);
}

function heapAt(place: i32): u32 {
  return timerHeap + ((<u32>place) << 2);
}

function before(a: i32, b: i32): bool {
  const first = load<u64>(at(a), layout.TIMER_DEADLINE);
  const second = load<u64>(at(b), layout.TIMER_DEADLINE);
  if (first != second) return first < second;
  return load<u32>(at(a), layout.TIMER_SEQUENCE) < load<u32>(at(b), layout.TIMER_SEQUENCE);
}

function put(place: i32, timer: i32): void {
  store<i32>(heapAt(place), timer);
  store<i32>(at(timer), place + 1, layout.TIMER_PLACE);
}

function rise(from: i32, timer: i32): void {
  let place = from;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const above = load<i32>(heapAt(parent));
    if (!before(timer, above)) break;
    put(place, above);
    place = parent;
  }
  put(place, timer);
}

function sink(from: i32, timer: i32): void {
  const total = word(layout.STATE_TIMER_HEAP_COUNT);
  let place = from;
  while (true) {
    let child = 2 * place + 1;
    if (child >= total) break;
    if (child + 1 < total && before(load<i32>(heapAt(child + 1)), load<i32>(heapAt(child))))
      child++;
    const below = load<i32>(heapAt(child));
    if (!before(below, timer)) break;
    put(place, below);
    place = child;
  }
  put(place, timer);
}

function push(timer: i32): void {
  const place = word(layout.STATE_TIMER_HEAP_COUNT);
  setWord(layout.STATE_TIMER_HEAP_COUNT, place + 1);
  rise(place, timer);
}

function remove(timer: i32): void {
  const place = load<i32>(at(timer), layout.TIMER_PLACE) - 1;
  const total = word(layout.STATE_TIMER_HEAP_COUNT) - 1;
  setWord(layout.STATE_TIMER_HEAP_COUNT, total);
  store<i32>(at(timer), 0, layout.TIMER_PLACE);
  if (place == total) return;
  const moved = load<i32>(heapAt(total));
  if (place > 0 && before(moved, load<i32>(heapAt((place - 1) >> 1)))) rise(place, moved);
  else sink(place, moved);
}

/**
 * A timer that fires `delay` ns after the next turn begins, then every `period` ns (0: once); or
 * NONE.
 */
export function start(delay: u64, period: u64): i32 {
  if (word(layout.TIMERS_USED) >= word(layout.TIMERS_MAX)) return layout.NONE;
  let timer = word(layout.STATE_FREE_TIMER);
  if (timer != layout.NONE) {
    setWord(layout.STATE_FREE_TIMER, load<i32>(at(timer), layout.TIMER_NEXT));
  } else {
    timer = word(layout.STATE_TIMERS_TOUCHED);
    const most = word(layout.TIMERS_MAX) + layout.TIMERS_A_TURN;
    assert(timer < most, 'out of timers although the limit bounds them');
    setWord(layout.STATE_TIMERS_TOUCHED, timer + 1);
  }
  const sequence = word(layout.STATE_TIMER_SEQUENCE) + 1;
  setWord(layout.STATE_TIMER_SEQUENCE, sequence);
  store<u64>(at(timer), delay, layout.TIMER_DEADLINE);
  store<u64>(at(timer), period, layout.TIMER_PERIOD);
  store<i32>(at(timer), sequence, layout.TIMER_SEQUENCE);
  store<u32>(at(timer), generation(timer) + 1, layout.TIMER_GENERATION);
  store<i32>(at(timer), 0, layout.TIMER_PLACE);
  store<i32>(at(timer), layout.NONE, layout.TIMER_NEXT);
  const last = word(layout.STATE_ARMING_TAIL);
  if (last == layout.NONE) setWord(layout.STATE_ARMING_HEAD, timer);
  else store<i32>(at(last), timer, layout.TIMER_NEXT);
  setWord(layout.STATE_ARMING_TAIL, timer);
  setWord(layout.TIMERS_USED, word(layout.TIMERS_USED) + 1);
  meters.arrive(METER_TIMERS);
  return timer;
}

export function generation(timer: i32): u32 {
  return load<u32>(at(timer), layout.TIMER_GENERATION);
}

/**
 * Is this the timer that the caller started? An odd period marks nothing: a freed one has a new
 * generation.
 */
export function owns(timer: i32, ofGeneration: u32): bool {
  return <u32>timer < <u32>word(layout.STATE_TIMERS_TOUCHED) && generation(timer) == ofGeneration;
}

/**
 * Cancels a timer that owns() said is alive; one that is still arming is freed when it would be
 * armed.
 */
export function cancel(timer: i32): void {
  store<u32>(at(timer), generation(timer) + 1, layout.TIMER_GENERATION);
  if (load<i32>(at(timer), layout.TIMER_PLACE) != 0) {
    if (idle.watches(timer)) idle.rest(timer);
    remove(timer);
    over();
    free(timer);
  } else {
    store<u64>(at(timer), u64.MAX_VALUE, layout.TIMER_DEADLINE);
  }
}

/** One timer less. */
function over(): void {
  setWord(layout.TIMERS_USED, word(layout.TIMERS_USED) - 1);
  meters.depart(METER_TIMERS);
}

function free(timer: i32): void {
  store<i32>(at(timer), word(layout.STATE_FREE_TIMER), layout.TIMER_NEXT);
  setWord(layout.STATE_FREE_TIMER, timer);
}

/** Arms what was started since the last turn. */
export function arm(): void {
  let timer = word(layout.STATE_ARMING_HEAD);
  const now = long(layout.NOW);
  while (timer != layout.NONE) {
    const next = load<i32>(at(timer), layout.TIMER_NEXT);
    const delay = load<u64>(at(timer), layout.TIMER_DEADLINE);
    if (delay == u64.MAX_VALUE) {
      over();
      free(timer);
    } else {
      store<u64>(at(timer), now + delay, layout.TIMER_DEADLINE);
      push(timer);
      if (idle.watches(timer)) idle.wait(timer);
    }
    timer = next;
  }
  setWord(layout.STATE_ARMING_HEAD, layout.NONE);
  setWord(layout.STATE_ARMING_TAIL, layout.NONE);
}

export function arming(): bool {
  return word(layout.STATE_ARMING_HEAD) != layout.NONE;
}

/**
 * Delivers what is due, in order; a periodic timer that missed beats says how many in
 * `expirations`.
 */
export function fire(): void {
  const now = long(layout.NOW);
  for (let fired = 0; fired < layout.TIMERS_A_TURN; fired++) {
    if (word(layout.STATE_TIMER_HEAP_COUNT) == 0) return;
    const timer = load<i32>(heapAt(0));
    const deadline = load<u64>(at(timer), layout.TIMER_DEADLINE);
    if (deadline > now) return;
    const next = idle.watches(timer) ? idle.due(timer, deadline, now) : beat(timer, deadline, now);
    if (next == 0) {
      retire(timer);
    } else {
      store<u64>(at(timer), next, layout.TIMER_DEADLINE);
      sink(0, timer);
    }
  }
  // More are due: the sockets have their turn first, but nobody sleeps.
  if (earliest() != 0 && earliest() <= now) again();
}

/** Delivers a timer; answers when its next beat is, 0 for never. */
function beat(timer: i32, deadline: u64, now: u64): u64 {
  count(layout.COUNTER_TIMERS_FIRED);
  const period = load<u64>(at(timer), layout.TIMER_PERIOD);
  const beats = period == 0 ? 1 : (now - deadline) / period + 1;
  const expirations = <i32>min<u64>(beats, i32.MAX_VALUE);
  deliverTimer(layout.DELIVER_TIMER, timer, generation(timer), expirations);
  return period == 0 ? 0 : deadline + beats * period;
}

/** It fired for the last time. */
export function retire(timer: i32): void {
  remove(timer);
  store<u32>(at(timer), generation(timer) + 1, layout.TIMER_GENERATION);
  over();
  store<i32>(at(timer), word(layout.STATE_FIRED_HEAD), layout.TIMER_NEXT);
  setWord(layout.STATE_FIRED_HEAD, timer);
}

/**
 * At the end of the turn, when their deliveries are done: until then a handler that starts a timer
 * must not get the index of another whose delivery is still to come.
 */
export function freeFired(): void {
  let timer = word(layout.STATE_FIRED_HEAD);
  while (timer != layout.NONE) {
    const next = load<i32>(at(timer), layout.TIMER_NEXT);
    free(timer);
    timer = next;
  }
  setWord(layout.STATE_FIRED_HEAD, layout.NONE);
}

/** The earliest deadline, or 0. */
export function earliest(): u64 {
  if (word(layout.STATE_TIMER_HEAP_COUNT) == 0) return 0;
  return load<u64>(at(load<i32>(heapAt(0))), layout.TIMER_DEADLINE);
}

export function initialiseTimers(): void {
  setWord(layout.STATE_FREE_TIMER, layout.NONE);
  setWord(layout.STATE_FIRED_HEAD, layout.NONE);
  setWord(layout.STATE_ARMING_HEAD, layout.NONE);
  setWord(layout.STATE_ARMING_TAIL, layout.NONE);
  setLong(layout.DEADLINE, 0);
  idle.initialiseIdle();
}
