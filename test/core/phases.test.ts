import * as layout from '../../assembly/layout';
import { CoreHarness } from '../support/core-harness';

const { READY_IN, READY_OUT } = layout;

describe('the turn', () => {
  test('R3.39: completions, events, timers, updates, handlers, submissions: in this order', () => {
    const harness = new CoreHarness();
    const connection = harness.connection({ wants: layout.WANTS_CHANGE });
    const timer = harness.timer(1);
    harness.step({
      events: [{ ...connection, ready: READY_IN }],
      during: () => harness.write(connection, 'question'),
    });
    let queuedAtDelivery = -1;
    const { deliveries, submissions } = harness.step({
      after: 1,
      answer: ({ operation }) => (operation === 'receive' ? Buffer.from('answer') : 4),
      // The event is newer than the short send's completion: it unblocks what that had blocked.
      events: [{ ...connection, ready: READY_OUT }],
      during: () => {
        queuedAtDelivery = harness.record(connection).tx.queued;
        harness.write(connection, '!');
      },
    });
    // The completion's data, then the timer, then what all of it changed.
    expect(deliveries.map(({ kind, record }) => [kind, record])).toEqual([
      ['data', connection.record],
      ['timer', timer.record],
      ['change', connection.record],
    ]);
    expect(queuedAtDelivery).toBe(4);
    // What the handlers wrote leaves with this turn.
    expect(submissions).toMatchObject([{ operation: 'send', length: 5 }]);
  });

  test('R3.39: each turn has a number, and records say in which one they changed', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const before = harness.long(layout.TURN);
    harness.step({ events: [{ ...connection, ready: READY_IN }] });
    expect(harness.long(layout.TURN)).toBe(before + 1n);
    const at = harness.word(layout.RECORDS_BASE) + connection.record * layout.RECORD_SIZE;
    expect(harness.long(at + layout.RX_TURN)).toBe(before + 1n);
  });

  test('a turn inside a turn, and the end of no turn, are mistakes and say so', () => {
    const harness = new CoreHarness();
    expect(() => harness.core.end()).toThrow(/the end of no turn/);
    harness.core.turn();
    expect(() => harness.core.turn()).toThrow(/a turn inside a turn/);
  });

  test('R4.30: with something under way it does not wait, with nothing it waits for the deadline', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    expect(harness.word(layout.TURN_AGAIN)).toBe(0);
    expect(harness.long(layout.DEADLINE)).toBe(0n);
    harness.step({ events: [{ ...connection, ready: READY_IN }] });
    expect(harness.word(layout.TURN_AGAIN)).toBe(1);
    harness.step();
    harness.timer(1_000_000);
    harness.step();
    expect(harness.word(layout.TURN_AGAIN)).toBe(0);
    expect(harness.long(layout.DEADLINE)).toBe(harness.now + 1_000_000n);
  });
});
