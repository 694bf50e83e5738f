import * as layout from '../../assembly/layout';
import { TimersChecker } from '../support/checkers/timers';
import { CoreHarness, type Handle } from '../support/core-harness';
import { Seeded } from '../support/seeded';

const MILLISECOND = 1_000_000;

describe('timers', () => {
  test('R0.6: thousands fire by deadline, then by order of creation, and never early', () => {
    const random = new Seeded(7);
    const harness = new CoreHarness({ limits: { timers: 10_000 } });
    const checker = new TimersChecker();
    for (let each = 0; each < 10_000; each++) {
      const delay = random.between(1, 1000) * MILLISECOND;
      checker.start(harness.timer(delay), delay, false);
    }
    expect(harness.timer(1).record).toBe(layout.CALL_NO_TIMER);
    let fired = 0;
    for (let turn = 0; turn < 2000 && harness.word(layout.TIMERS_USED) > 0; turn++) {
      const seen = harness.begin({ after: MILLISECOND });
      checker.turn(harness, seen);
      fired += seen.deliveries.length;
      harness.end();
    }
    expect(fired).toBe(10_000);
  });

  test('the deadline says when the next turn must be at the latest', () => {
    const harness = new CoreHarness();
    harness.timer(5 * MILLISECOND);
    const early = harness.timer(3 * MILLISECOND);
    // Started now, armed with the time of the next turn.
    harness.step({ after: MILLISECOND });
    expect(harness.long(layout.DEADLINE)).toBe(harness.now + 3n * BigInt(MILLISECOND));
    harness.core.timerCancel(early.record, early.generation);
    harness.step();
    expect(harness.long(layout.DEADLINE)).toBe(harness.now + 5n * BigInt(MILLISECOND));
  });

  test('a timer that is started in a turn asks for another, which arms it', () => {
    const harness = new CoreHarness();
    harness.step({ during: () => harness.timer(0) });
    expect(harness.busy).toBe(true);
    expect(harness.step().deliveries).toMatchObject([{ kind: 'timer', value: 1 }]);
    expect(harness.busy).toBe(false);
  });

  test('R1.13: a periodic timer says how many beats there were', () => {
    const harness = new CoreHarness();
    const timer = harness.timer(10 * MILLISECOND, true);
    harness.step();
    const late = harness.step({ after: 55 * MILLISECOND });
    expect(late.deliveries).toMatchObject([{ kind: 'timer', record: timer.record, value: 5 }]);
    // It keeps its beat: the next is 60 ms after the start.
    expect(harness.step({ after: 4 * MILLISECOND }).deliveries).toEqual([]);
    expect(harness.step({ after: MILLISECOND }).deliveries).toMatchObject([{ value: 1 }]);
  });

  test.each(['arming', 'armed', 'fired', 'cancelled'])('cancel in the state %s', (state) => {
    const harness = new CoreHarness();
    const timer = harness.timer(MILLISECOND);
    const cancel = (): number => harness.core.timerCancel(timer.record, timer.generation);
    if (state !== 'arming') harness.step();
    if (state === 'fired') {
      expect(harness.step({ after: MILLISECOND }).deliveries).toHaveLength(1);
    }
    if (state === 'cancelled') cancel();
    const alive = state === 'arming' || state === 'armed';
    expect(cancel()).toBe(alive ? layout.CALL_TAKEN : layout.CALL_NO_TIMER);
    expect(harness.step({ after: 10 * MILLISECOND }).deliveries).toEqual([]);
    expect(harness.word(layout.TIMERS_USED)).toBe(0);
  });

  test('cancelled by a handler of the same turn: the name is gone, a later one is another', () => {
    const harness = new CoreHarness();
    const timer = harness.timer(MILLISECOND, true);
    harness.step();
    harness.step({
      after: MILLISECOND,
      during: () => {
        expect(harness.core.timerCancel(timer.record, timer.generation)).toBe(layout.CALL_TAKEN);
        const next = harness.timer(MILLISECOND);
        expect(next.record).toBe(timer.record);
        expect(next.generation).not.toBe(timer.generation);
      },
    });
  });

  test('a handler that starts a timer does not get the index of one still to be delivered', () => {
    const harness = new CoreHarness({ limits: { timers: 5 } });
    const timers = Array.from({ length: 5 }, () => harness.timer(MILLISECOND));
    harness.step();
    const started: Handle[] = [];
    const { deliveries } = harness.step({
      after: MILLISECOND,
      during: () => {
        // All fired, so the limit has room for as many.
        for (let each = 0; each < 5; each++) started.push(harness.timer(MILLISECOND));
        expect(harness.timer(MILLISECOND).record).toBe(layout.CALL_NO_TIMER);
      },
    });
    expect(deliveries).toHaveLength(5);
    const taken = new Set(timers.map(({ record }) => record));
    expect(started.filter(({ record }) => taken.has(record))).toEqual([]);
    for (let round = 0; round < 500; round++) {
      harness.step({
        after: 10 * MILLISECOND,
        during: (turn) => {
          for (const _ of turn.deliveries) expect(harness.timer(1).record).toBeGreaterThan(-1);
        },
      });
    }
  });

  test('a crowd that is due at once is spread over turns, so that sockets get theirs', () => {
    const harness = new CoreHarness({ limits: { timers: 3000 } });
    for (let each = 0; each < 3000; each++) harness.timer(MILLISECOND);
    harness.step();
    const counts = [1, 2, 3].map(() => harness.step({ after: MILLISECOND }).deliveries.length);
    expect(counts).toEqual([1024, 1024, 952]);
    expect(harness.word(layout.TIMERS_USED)).toBe(0);
  });
});
