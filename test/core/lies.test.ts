// Readiness that lies, and edges that tell of both sides.
import * as layout from '../../assembly/layout';
import { CoreHarness, type Handle } from '../support/core-harness';
import { Seeded } from '../support/seeded';

const { READY_IN, READY_OUT } = layout;

test('R3.6: with 10 % of false readiness nothing hangs, fails or is lost', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Seeded(seed);
    const harness = new CoreHarness({ format: 'epoll16' });
    const connections = Array.from({ length: 8 }, () => harness.connection());
    // What waits in each kernel buffer.
    const waiting = new Map<number, number>();
    let sent = 0;
    let received = 0;
    let lies = 0;
    const step = (speaks: boolean): void => {
      const events: (Handle & { ready: number })[] = [];
      for (const handle of connections) {
        if (speaks && random.chance(0.3)) {
          const bytes = random.between(1, 3000);
          sent += bytes;
          waiting.set(handle.record, (waiting.get(handle.record) ?? 0) + bytes);
          events.push({ ...handle, ready: READY_IN });
        } else if (random.chance(0.1)) {
          lies++;
          events.push({ ...handle, ready: READY_IN | READY_OUT });
        }
      }
      const { deliveries } = harness.step({
        events,
        answer({ operation, record, length }) {
          if (operation !== 'receive') return undefined;
          const there = Math.min(waiting.get(record) ?? 0, length);
          if (there === 0) return -layout.ERROR_AGAIN;
          waiting.set(record, (waiting.get(record) ?? 0) - there);
          return Buffer.alloc(there);
        },
      });
      for (const { kind, length } of deliveries) {
        expect(kind).toBe('data');
        received += length;
      }
    };
    for (let turn = 0; turn < 300; turn++) step(true);
    for (let turn = 0; turn < 10; turn++) step(false);
    expect(lies).toBeGreaterThan(100);
    expect(received).toBe(sent);
    for (const handle of connections) {
      expect(harness.record(handle)).toMatchObject({ state: layout.STATE_OPEN, rx: { error: 0 } });
    }
  }
});

test('R4.13: a read edge also refreshes the send side', () => {
  const harness = new CoreHarness();
  const handle = harness.connection();
  harness.write(handle, 'more than there is room for');
  harness.step();
  harness.step({ answer: ({ operation }) => (operation === 'send' ? 4 : undefined) });
  expect(harness.record(handle).tx).toMatchObject({ space: 0, queued: 23 });
  // The kernel reports both sides with whatever edge comes: here it is one for reading.
  const step = harness.step({ events: [{ ...handle, ready: READY_IN | READY_OUT }] });
  expect(step.updates.map(({ side }) => side)).toEqual(['rx', 'tx']);
  expect(harness.record(handle).tx.space).toBe(layout.UNKNOWN);
  expect(step.submissions.map(({ operation }) => operation)).toEqual(['send', 'receive']);
});

test('R4.13: with sampling, a read edge asks for the figures of the send side too', () => {
  const harness = new CoreHarness({ settings: layout.SETTING_SAMPLE_TURN });
  const handle = harness.connection();
  harness.read(handle, 0);
  harness.step({ events: [{ ...handle, ready: READY_IN }] });
  harness.quiesce({
    answer: ({ operation }) => (operation === 'sample' ? { result: 7, extra: 1234 } : undefined),
  });
  const { rx, tx } = harness.record(handle);
  expect([rx.available, tx.space]).toEqual([7, 1234]);
});

test('R2.5: beside a firehose each of 100 pingers is heard within two turns', () => {
  const harness = new CoreHarness({ limits: { connections: 128 } });
  const firehose = harness.connection();
  const pingers = Array.from({ length: 100 }, () => harness.connection());
  const asked = new Map<number, number>();
  const waits: number[] = [];
  for (let turn = 0; turn < 300; turn++) {
    const events = [{ ...firehose, ready: READY_IN }];
    for (const [place, pinger] of pingers.entries()) {
      if (asked.has(pinger.record) || (turn + place) % 7 !== 0) continue;
      asked.set(pinger.record, turn);
      events.push({ ...pinger, ready: READY_IN });
    }
    const { deliveries } = harness.step({
      events,
      answer({ operation, record, length }) {
        if (operation !== 'receive') return undefined;
        // It always has more than there is room for.
        if (record === firehose.record) return Buffer.alloc(length);
        return asked.has(record) ? Buffer.from('ping') : -layout.ERROR_AGAIN;
      },
    });
    for (const { record } of deliveries) {
      const since = asked.get(record);
      if (since === undefined) continue;
      asked.delete(record);
      waits.push(turn - since);
    }
  }
  expect(waits.length).toBeGreaterThan(3000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(2);
  expect(harness.count(layout.COUNTER_BYTES_IN)).toBeGreaterThan(1e6);
});
