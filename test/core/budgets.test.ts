import * as layout from '../../assembly/layout';
import { CoreHarness, type Handle } from '../support/core-harness';

const { READY_IN } = layout;

function crowd(harness: CoreHarness, total: number): Handle[] {
  return Array.from({ length: total }, () => harness.connection());
}

function all(handles: readonly Handle[]): { record: number; generation: number; ready: number }[] {
  return handles.map((handle) => ({ ...handle, ready: READY_IN }));
}

describe('budgets', () => {
  test('a full submission queue carries on in the next turn, first come, first served', () => {
    const harness = new CoreHarness({ limits: { operations: 16 } });
    const handles = crowd(harness, 100);
    const served: number[] = [];
    let step = harness.step({ events: all(handles) });
    for (let turn = 0; turn < 100 && harness.busy; turn++) {
      expect(step.submissions.length).toBeLessThanOrEqual(16);
      served.push(...step.submissions.map(({ record }) => record));
      step = harness.step({ answer: () => Buffer.from('short') });
    }
    expect(served).toEqual(handles.map(({ record }) => record));
    expect(harness.count(layout.COUNTER_READS)).toBe(100);
  });

  test('R2.5: one that always has more to read lets every other have its turn', () => {
    const harness = new CoreHarness({ limits: { operations: 16, readBytes: 4096 } });
    const handles = crowd(harness, 50);
    const firehose = handles[0] as Handle;
    harness.step({ events: all(handles) });
    const turnsUntil = new Map<number, number>();
    for (let turn = 1; turn <= 20; turn++) {
      const { deliveries } = harness.step({
        answer: ({ record, operation }) => {
          if (operation !== 'receive') return undefined;
          return record === firehose.record ? new Uint8Array(4096) : Buffer.from('ping');
        },
      });
      for (const { record } of deliveries) {
        if (!turnsUntil.has(record)) turnsUntil.set(record, turn);
      }
    }
    expect(turnsUntil.size).toBe(50);
    // Ten or eleven are served a turn.
    expect(Math.max(...turnsUntil.values())).toBeLessThanOrEqual(6);
  });

  test('bytes of one turn are bounded: large messages of many connections take several', () => {
    const harness = new CoreHarness();
    const handles = crowd(harness, 40);
    const bring = ({ operation }: { operation: string }): Uint8Array | undefined =>
      operation === 'receive' ? new Uint8Array(60_000) : undefined;
    harness.step({ events: all(handles) });
    harness.quiesce({ answer: bring });
    const { submissions } = harness.step({ events: all(handles) });
    expect(submissions.length).toBeLessThan(10);
    expect(harness.busy).toBe(true);
    const before = harness.count(layout.COUNTER_READS);
    harness.quiesce({ answer: bring });
    expect(harness.count(layout.COUNTER_READS) - before).toBe(40);
  });

  test('R0.17: vectors of 1, 8 and 64 events end in the same state', () => {
    const outcomes = [1, 8, 64].map((size) => {
      const harness = new CoreHarness({ limits: { events: size } });
      const handles = crowd(harness, 64);
      const events = all(handles);
      while (events.length > 0) {
        harness.step({ events: events.splice(0, size), answer: () => Buffer.from('x') });
      }
      harness.quiesce({ answer: () => Buffer.from('x') });
      return handles.map((handle) => {
        const { state, rx, bytesIn, work } = harness.record(handle);
        return { state, available: rx.available, bytesIn, work };
      });
    });
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[2]).toEqual(outcomes[0]);
  });

  test('more events than the vector holds is a mistake of the host, and the core says so', () => {
    const harness = new CoreHarness({ limits: { events: 1 } });
    harness.view.setInt32(layout.EVENT_COUNT, 2, true);
    expect(() => harness.core.turn()).toThrow(/more events than the vector holds/);
  });

  test('submissions left undone are a mistake of the host, and the core says so', () => {
    const harness = new CoreHarness();
    harness.open(true);
    harness.step();
    expect(() => harness.core.turn()).toThrow(/left submissions undone/);
  });

  test('deliveries fit their list when everything happens at once', () => {
    const harness = new CoreHarness({ limits: { operations: 8, connections: 4, timers: 2000 } });
    const handles = Array.from({ length: 4 }, () =>
      harness.connection({ wants: layout.WANTS_CHANGE | layout.WANTS_END }),
    );
    for (let timer = 0; timer < 2000; timer++) harness.timer(1);
    for (let turn = 0; turn < 10; turn++) {
      harness.step({
        events: all(handles),
        after: 1,
        answer: () => Buffer.from('data'),
        during: () => {
          for (const handle of handles) harness.sample(handle);
        },
      });
    }
    expect(harness.count(layout.COUNTER_TIMERS_FIRED)).toBe(2000);
  });
});
