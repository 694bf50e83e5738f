import * as layout from '../../assembly/layout';
import { CoreHarness, type Handle } from '../support/core-harness';

const { READY_IN, READY_OUT } = layout;

/** A record that had an owner before: closed, freed, and handed out again. */
function reused(harness: CoreHarness): { earlier: Handle; owner: Handle } {
  const earlier = harness.connection();
  harness.destroy(earlier);
  harness.quiesce();
  const owner = harness.connection();
  expect(owner.record).toBe(earlier.record);
  expect(owner.generation).not.toBe(earlier.generation);
  return { earlier, owner };
}

describe('records and generations', () => {
  test('R0.19: an event for the earlier owner of a record never reaches the new one', () => {
    const harness = new CoreHarness();
    const { earlier, owner } = reused(harness);
    const before = harness.record(owner);
    const { updates, deliveries, submissions } = harness.step({
      events: [{ ...earlier, ready: READY_IN | READY_OUT | layout.READY_ERROR }],
    });
    expect({ updates, deliveries, submissions }).toEqual({
      updates: [],
      deliveries: [],
      submissions: [],
    });
    expect(harness.record(owner)).toEqual(before);
    expect(harness.count(layout.COUNTER_EVENTS_STALE)).toBe(1);
  });

  test('R0.19: closed and reopened inside one vector, both owners get their own events only', () => {
    const harness = new CoreHarness();
    const { earlier, owner } = reused(harness);
    const { submissions } = harness.step({
      events: [
        { ...earlier, ready: READY_IN },
        { ...owner, ready: READY_IN },
        { ...earlier, ready: READY_IN | layout.READY_END },
      ],
    });
    expect(submissions).toMatchObject([{ operation: 'receive', ...owner }]);
    expect(harness.record(owner).rx.eof).toBe(false);
    expect(harness.count(layout.COUNTER_EVENTS_STALE)).toBe(2);
  });

  test('a completion for an earlier owner is counted and dropped', () => {
    const harness = new CoreHarness();
    const owner = harness.connection();
    harness.step({ events: [{ ...owner, ready: READY_IN }] });
    const [receive] = harness.submissions();
    // No host does this; a damaged one might.
    harness.view.setUint32((receive?.at ?? 0) + layout.SUBMISSION_GENERATION, 77, true);
    const { deliveries } = harness.step({ answer: () => Buffer.from('not for you') });
    expect(deliveries).toEqual([]);
    expect(harness.count(layout.COUNTER_COMPLETIONS_STALE)).toBe(1);
  });

  test('calls by an earlier owner change nothing and say so', () => {
    const harness = new CoreHarness();
    const { earlier, owner } = reused(harness);
    const before = harness.record(owner);
    const results = [
      harness.write(earlier, 'late'),
      harness.read(earlier, 0),
      harness.finish(earlier),
      harness.close(earlier),
      harness.destroy(earlier),
      harness.sample(earlier),
    ];
    expect(results).toEqual(results.map(() => layout.CALL_STALE));
    expect(harness.record(owner)).toEqual(before);
  });

  test('wild indices in events are counted, the host wake-up is passed over in silence', () => {
    const harness = new CoreHarness({ limits: { connections: 4 } });
    const wild = [4, 5, 0x7fffffff, layout.NONE].map((record) => ({
      record,
      generation: 0,
      ready: READY_IN,
    }));
    harness.step({
      events: [...wild, { record: layout.RECORD_WAKE, generation: 0, ready: READY_IN }],
    });
    expect(harness.count(layout.COUNTER_EVENTS_STALE)).toBe(wild.length);
    expect(harness.count(layout.COUNTER_EVENTS)).toBe(wild.length + 1);
  });

  test('the record that was freed last is handed out first', () => {
    const harness = new CoreHarness();
    const [first, second] = [harness.connection(), harness.connection()];
    for (const handle of [first, second] as Handle[]) {
      harness.destroy(handle);
      harness.quiesce();
    }
    expect(harness.connection().record).toBe(second?.record);
    expect(harness.word(layout.RECORDS_TOUCHED)).toBe(2);
  });

  test('with all records in use a connect is refused', () => {
    const harness = new CoreHarness({ limits: { connections: 2 } });
    harness.connection();
    harness.connection();
    expect(harness.open(true).record).toBe(layout.CALL_NO_RECORD);
  });
});
