import * as layout from '../../assembly/layout';
import { UpdatesChecker } from '../support/checkers/updates';
import { CoreHarness } from '../support/core-harness';
import { Seeded } from '../support/seeded';

const { READY_IN, READY_OUT, READY_END } = layout;

describe('updates', () => {
  test.each(['epoll12', 'epoll16', 'portable'] as const)(
    'R1.7: an update is emitted if and only if the tuple changed (%s)',
    (format) => {
      for (let seed = 1; seed <= 20; seed++) {
        const random = new Seeded(seed);
        const harness = new CoreHarness({ format });
        const checker = new UpdatesChecker();
        const handles = Array.from({ length: 5 }, () => harness.connection());
        for (let turn = 0; turn < 60; turn++) {
          const events = Array.from({ length: random.between(0, 12) }, () => ({
            ...random.pick(handles),
            ready: random.bits() & (READY_IN | READY_OUT | (random.chance(0.05) ? READY_END : 0)),
            available: random.pick([layout.UNKNOWN, 0, 1, 5]),
          }));
          const { deliveries, updates } = harness.begin({
            events,
            answer: ({ operation, length }) => {
              if (operation === 'receive') return random.bytes(random.between(1, 9));
              return operation === 'send' ? random.between(0, length) : undefined;
            },
          });
          checker.turn(harness, { deliveries, updates });
          for (const handle of handles) {
            if (random.chance(0.3)) harness.read(handle, random.pick([0, 3, -1]));
            if (random.chance(0.3)) harness.write(handle, 'some bytes');
            if (random.chance(0.1)) harness.sample(handle);
          }
          harness.end();
        }
        expect(harness.count(layout.COUNTER_UPDATES)).toBeGreaterThan(50);
      }
    },
  );

  test('R1.7: what changes and changes back within a turn is no update', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ events: [{ ...connection, ready: READY_IN }] });
    harness.step();
    const before = harness.record(connection).rx.sequence;
    // The event says that there is something, the read of the turn before that there is nothing
    // left.
    harness.read(connection, 0);
    const { updates } = harness.step({ events: [{ ...connection, ready: READY_OUT }] });
    expect(updates).toEqual([]);
    expect(harness.record(connection).rx.sequence).toBe(before);
  });

  test('R3.29: many events of a record merge into one update', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.read(connection, 0);
    const events = Array.from({ length: 100 }, () => ({ ...connection, ready: READY_IN }));
    const { updates } = harness.step({ events });
    expect(updates).toMatchObject([{ record: connection.record, side: 'rx', value: 1 }]);
    const ratio = harness.count(layout.COUNTER_EVENTS) / harness.count(layout.COUNTER_UPDATES);
    expect(ratio).toBeGreaterThanOrEqual(50);
  });

  test('R1.8: the record says what the last update said, and which turn it was', () => {
    const harness = new CoreHarness({ format: 'portable' });
    const connection = harness.connection();
    harness.read(connection, 0);
    const { updates } = harness.step({
      events: [{ ...connection, ready: READY_IN, available: 123 }],
    });
    const { rx } = harness.record(connection);
    expect(rx).toMatchObject({ available: 123, exactness: layout.EXACTNESS_EXACT });
    expect(updates).toMatchObject([{ value: 123, sequence: rx.sequence }]);
  });

  test('`change` is delivered to those who asked for it, and to nobody else', () => {
    const harness = new CoreHarness();
    const listening = harness.connection({ wants: layout.WANTS_CHANGE });
    const deaf = harness.connection();
    const { deliveries } = harness.step({
      events: [listening, deaf].map((handle) => ({ ...handle, ready: READY_IN })),
    });
    expect(deliveries).toMatchObject([{ kind: 'change', ...listening }]);
  });

  test('an exact figure becomes a lower bound when more may have come', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.read(connection, 0);
    harness.step({ events: [{ ...connection, ready: READY_IN }] });
    harness.sample(connection);
    harness.step();
    harness.step({ answer: () => ({ result: 12, extra: 1000 }) });
    expect(harness.record(connection).rx).toMatchObject({
      available: 12,
      exactness: layout.EXACTNESS_EXACT,
    });
    harness.step({ events: [{ ...connection, ready: READY_IN }] });
    expect(harness.record(connection).rx).toMatchObject({
      available: 12,
      exactness: layout.EXACTNESS_LOWER_BOUND,
    });
  });

  test('R1.18: space that was sampled is forgotten when a send used it up', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.sample(connection);
    harness.step();
    harness.step({ answer: () => ({ result: 0, extra: 5000 }) });
    expect(harness.record(connection).tx.space).toBe(5000);
    harness.step({ during: () => harness.write(connection, 'x'.repeat(4000)) });
    harness.step();
    expect(harness.record(connection).tx).toMatchObject({
      space: layout.UNKNOWN,
      exactness: layout.EXACTNESS_UNKNOWN,
    });
  });

  test('R1.18: with sampling each turn, figures that are still fresh are not asked for again', () => {
    const harness = new CoreHarness({ settings: layout.SETTING_SAMPLE_TURN });
    const connection = harness.connection();
    harness.read(connection, 0);
    harness.step({ events: [{ ...connection, ready: READY_IN }] });
    const samples = harness
      .quiesce({ answer: ({ operation }) => (operation === 'sample' ? 7 : undefined) })
      .flatMap(({ submissions }) => submissions);
    expect(samples.length).toBeLessThanOrEqual(1);
    expect(harness.record(connection).rx.available).toBe(7);
  });
});
