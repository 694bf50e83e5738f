// Idle watchers, in virtual time: the first idle turn of a period, or its end.
import * as layout from '../../assembly/layout';
import { CoreHarness, type Handle, type Step } from '../support/core-harness';
import { Seeded } from '../support/seeded';

const MILLISECOND = 1_000_000;
const WITHIN = 10 * MILLISECOND;

interface Run {
  readonly at: number;
  readonly forced: boolean;
}

/** Turns until `until` ms have passed, a millisecond each; who ran, and when (ms). */
function runs(harness: CoreHarness, until: number, step: Step): Run[] {
  const begin = harness.now;
  const seen: Run[] = [];
  while (Number(harness.now - begin) < until * MILLISECOND) {
    for (const { kind, value } of harness.step({ ...step, after: MILLISECOND }).deliveries) {
      if (kind !== 'idle') continue;
      seen.push({ at: Number(harness.now - begin) / MILLISECOND, forced: value === 1 });
    }
  }
  return seen;
}

/** Something comes in every turn. */
function busy(connection: Handle): Step {
  return { events: [{ ...connection, ready: layout.READY_OUT }] };
}

test('R2.3: in a busy loop it runs exactly at the deadline, once in each period', () => {
  const harness = new CoreHarness();
  const step = busy(harness.connection());
  harness.idle(WITHIN, true);
  // Armed in the first turn, at 1 ms.
  const expected = [11, 21, 31, 41].map((at) => ({ at, forced: true }));
  expect(runs(harness, 50, step)).toEqual(expected);
  expect(harness.count(layout.COUNTER_IDLES_FIRED)).toBe(4);
  expect(harness.count(layout.COUNTER_IDLES_FORCED)).toBe(4);
});

test('R2.3: in an idle loop it runs at once, and in each period at its beginning', () => {
  const harness = new CoreHarness();
  harness.idle(WITHIN, true);
  const seen = runs(harness, 50, {});
  // The first turn heard of the call from outside; the second is idle.
  expect(seen[0]).toEqual({ at: 2, forced: false });
  expect(seen.slice(1)).toEqual([11, 21, 31, 41].map((at) => ({ at, forced: false })));
  expect(harness.count(layout.COUNTER_IDLES_FORCED)).toBe(0);
});

test.each([true, false])('R2.3: without `repeat` it runs once (busy: %s)', (loaded) => {
  const harness = new CoreHarness();
  const step = loaded ? busy(harness.connection()) : {};
  harness.idle(WITHIN);
  expect(runs(harness, 50, step)).toEqual([{ at: loaded ? 11 : 2, forced: loaded }]);
  expect(harness.word(layout.TIMERS_USED)).toBe(0);
});

test('R2.3: one idle turn is asked for in place of sleep, and no more than one', () => {
  const harness = new CoreHarness();
  const step = busy(harness.connection());
  harness.idle(WITHIN, true);
  harness.step(step);
  expect(harness.word(layout.TURN_AGAIN)).toBe(1);
  // A turn that did not look at the kernel cannot tell whether it is idle.
  harness.execute();
  harness.view.setInt32(layout.WAIT_RESULT, layout.WAIT_SKIPPED, true);
  harness.core.turn();
  expect(harness.word(layout.DELIVERY_COUNT)).toBe(0);
  harness.end();
  expect(harness.word(layout.TURN_AGAIN)).toBe(1);
  expect(harness.step().deliveries).toMatchObject([{ kind: 'idle', value: 0 }]);
  expect(harness.word(layout.TURN_AGAIN)).toBe(0);
  harness.step(step);
  expect(harness.word(layout.TURN_AGAIN)).toBe(0);
  expect(harness.long(layout.DEADLINE)).toBe(harness.now + BigInt(WITHIN));
});

test('R2.3: a turn that timers or calls from outside brought about is not idle', () => {
  const harness = new CoreHarness();
  harness.timer(MILLISECOND);
  harness.idle(WITHIN);
  harness.step();
  const fired = harness.step({ after: MILLISECOND });
  expect(fired.deliveries).toMatchObject([{ kind: 'timer' }]);
  const called = harness.step({ outside: () => harness.core.random() });
  expect(called.deliveries).toEqual([]);
  expect(harness.step().deliveries).toMatchObject([{ kind: 'idle', value: 0 }]);
});

test('R2.3: wake-ups are no input', () => {
  for (const format of ['epoll12', 'epoll16', 'portable'] as const) {
    const harness = new CoreHarness({ format });
    harness.idle(WITHIN);
    harness.step();
    const wake = { record: layout.RECORD_WAKE, generation: 0, ready: layout.READY_IN };
    expect(harness.step({ events: [wake] }).deliveries).toMatchObject([{ kind: 'idle' }]);
  }
});

test('R2.3: run after run, never two in one period, whatever the loop does', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = new Seeded(seed);
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.idle(WITHIN, true);
    harness.step(busy(connection));
    const begin = harness.now;
    const load = random.pick([0, 0.2, 0.8, 1]);
    const late = random.chance(0.5);
    let periods = 0;
    for (let turn = 0; turn < 400; turn++) {
      const step = random.chance(load) ? busy(connection) : {};
      const longest = late ? 3 * WITHIN : MILLISECOND;
      const { deliveries } = harness.step({ ...step, after: random.between(0, longest) });
      const told = deliveries.filter(({ kind }) => kind === 'idle');
      expect(told.length).toBeLessThanOrEqual(1);
      const begun = Number(harness.now - begin) / WITHIN;
      periods += told.length;
      // One more than have ended at the most; at least so many, unless turns came too late.
      expect(periods).toBeLessThanOrEqual(Math.floor(begun) + 1);
      if (!late) expect(periods).toBeGreaterThanOrEqual(Math.floor(begun));
    }
    expect(periods).toBeGreaterThan(10);
  }
});

test.each(['arming', 'waiting', 'resting', 'over'])('cancelled in the state %s', (state) => {
  const harness = new CoreHarness();
  const step = busy(harness.connection());
  const others = [harness.idle(WITHIN, true), harness.idle(WITHIN, true)];
  const watcher = harness.idle(WITHIN, state !== 'over');
  const last = harness.idle(WITHIN, true);
  if (state !== 'arming') harness.step(step);
  if (state === 'resting' || state === 'over') harness.step();
  const { record, generation } = watcher;
  const cancelled = harness.core.timerCancel(record, generation);
  expect(cancelled).toBe(state === 'over' ? layout.CALL_NO_TIMER : layout.CALL_TAKEN);
  const told = Array.from({ length: 30 }, () => harness.step({ after: MILLISECOND }).deliveries);
  const names = new Set(told.flat().map((each) => each.record));
  expect([...names].sort()).toEqual([...others, last].map((each) => each.record).sort());
  expect(harness.word(layout.TIMERS_USED)).toBe(3);
});

test('many watchers run in the order in which they began to wait, some in each turn', () => {
  const total = layout.TIMERS_A_TURN + 10;
  const harness = new CoreHarness({ limits: { timers: total } });
  for (let each = 0; each < total; each++) harness.idle(WITHIN);
  harness.step();
  const first = harness.step().deliveries;
  expect(first).toHaveLength(layout.TIMERS_A_TURN);
  expect(harness.word(layout.TURN_AGAIN)).toBe(1);
  const all = [...first, ...harness.step().deliveries].map(({ record }) => record);
  expect(all).toEqual(Array.from({ length: total }, (_, place) => place));
});
