import * as layout from '../../assembly/layout';
import { CoreHarness, type Handle, type Stepped } from '../support/core-harness';

const { READY_IN, ERROR_TOO_MANY_FILES } = layout;
const MILLISECOND = 1_000_000;

/** The turn that counts the backlog; `accepting` is the turn whose end accepts. */
function knock(harness: CoreHarness, listener: Handle, waiting: number): Stepped {
  harness.step({ events: [{ ...listener, ready: READY_IN }] });
  return harness.step({
    answer: ({ operation }) =>
      operation === 'sample' ? { result: waiting, extra: layout.UNKNOWN } : undefined,
  });
}

function accepts({ submissions }: Stepped): number {
  return submissions.filter(({ operation }) => operation === 'accept').length;
}

describe('listeners', () => {
  test('R1.12: the accept batch is as large as the counted backlog, and the record says it', () => {
    const harness = new CoreHarness();
    const listener = harness.listener();
    const counted = knock(harness, listener, 5);
    expect(counted.updates).toMatchObject([{ record: listener.record, side: 'rx', value: 5 }]);
    expect(accepts(counted)).toBe(5);
    const { deliveries } = harness.step({ answer: () => 0 });
    expect(deliveries.map(({ kind }) => kind)).toEqual(Array(5).fill('open'));
    // Nobody asked for a sixth.
    expect(harness.busy).toBe(false);
    expect(harness.record(listener).rx.available).toBe(0);
  });

  test('an unknown backlog is tried until the first that finds nobody, which cancels the rest', () => {
    const harness = new CoreHarness();
    const listener = harness.listener();
    const counted = knock(harness, listener, layout.UNKNOWN);
    const total = accepts(counted);
    expect(total).toBeGreaterThan(1);
    expect(counted.submissions.map(({ linked }) => linked)).toEqual([
      false,
      ...Array(total - 1).fill(true),
    ]);
    let answered = 0;
    const { deliveries } = harness.step({
      answer: () => (answered++ < 3 ? 0 : -layout.ERROR_AGAIN),
    });
    expect(deliveries).toHaveLength(3);
    expect(harness.word(layout.RECORDS_USED)).toBe(4);
    expect(harness.busy).toBe(false);
  });

  test('appetite bounds how many are accepted, and counts down', () => {
    const harness = new CoreHarness();
    const listener = harness.listener();
    harness.read(listener, 2);
    expect(accepts(knock(harness, listener, 5))).toBe(2);
    const { deliveries } = harness.step({ answer: () => 0 });
    expect(deliveries).toHaveLength(2);
    expect(harness.record(listener)).toMatchObject({ appetite: 0, rx: { available: 3 } });
    expect(harness.busy).toBe(false);
    expect(accepts(harness.step({ during: () => harness.read(listener, 1) }))).toBe(1);
  });

  test('R4.17: out of descriptors it parks, tells once, and tries again after 100 ms', () => {
    const harness = new CoreHarness();
    const listener = harness.listener();
    knock(harness, listener, 5);
    const full = harness.step({ answer: () => -ERROR_TOO_MANY_FILES });
    expect(full.deliveries).toMatchObject([{ kind: 'error', value: ERROR_TOO_MANY_FILES }]);
    expect(harness.busy).toBe(false);
    expect(harness.long(layout.DEADLINE)).toBe(harness.now + 100n * BigInt(MILLISECOND));
    // More of them knock meanwhile; it does not spin.
    const events = [{ ...listener, ready: READY_IN }];
    const meanwhile = harness.step({ events, after: 99 * MILLISECOND });
    expect(meanwhile.submissions).toEqual([]);
    const later = harness.step({ after: MILLISECOND });
    expect(later.submissions).toMatchObject([{ operation: 'sample' }]);
    expect(harness.count(layout.COUNTER_ACCEPTS_PARKED)).toBe(1);
  });

  test('R4.17: a descriptor that comes free wakes it before the time is up', () => {
    const harness = new CoreHarness();
    const listener = harness.listener();
    const connection = harness.connection();
    knock(harness, listener, 1);
    harness.step({ answer: () => -ERROR_TOO_MANY_FILES });
    harness.step({ during: () => harness.destroy(connection) });
    const { submissions } = harness.step();
    expect(submissions).toMatchObject([{ operation: 'sample', record: listener.record }]);
    expect(harness.long(layout.DEADLINE)).toBe(0n);
  });

  test('with all records in use the rest waits in the backlog', () => {
    const harness = new CoreHarness({ limits: { connections: 3 } });
    const listener = harness.listener();
    expect(accepts(knock(harness, listener, 5))).toBe(2);
    let children: Handle[] = [];
    harness.step({
      answer: () => 0,
      during: ({ deliveries }) => {
        children = deliveries;
      },
    });
    expect(harness.quiesce()).toHaveLength(1);
    expect(harness.count(layout.COUNTER_ACCEPTS_PARKED)).toBe(1);
    harness.destroy(children[0] as Handle);
    harness.step();
    harness.step();
    expect(accepts(harness.step({ answer: () => ({ result: 3, extra: layout.UNKNOWN }) }))).toBe(1);
  });

  test('a connection that was gone before it was accepted costs nothing but its place', () => {
    const ECONNABORTED = 103;
    const harness = new CoreHarness();
    const listener = harness.listener();
    knock(harness, listener, 2);
    const aborted = harness.step({ answer: () => -ECONNABORTED });
    expect(aborted.deliveries).toEqual([]);
    expect(accepts(aborted)).toBe(2);
  });

  test('a listener that cannot listen tells the error, then the close', () => {
    const EADDRINUSE = 98;
    const harness = new CoreHarness();
    const listener = harness.open(false);
    harness.step();
    const failed = harness.step({ answer: () => -EADDRINUSE });
    expect(failed.deliveries).toMatchObject([{ kind: 'error', value: EADDRINUSE, ...listener }]);
    expect(harness.step().deliveries).toMatchObject([{ kind: 'close', ...listener }]);
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
  });

  test('what arrives between the count and the accept is counted anew', () => {
    const harness = new CoreHarness();
    const listener = harness.listener();
    knock(harness, listener, 1);
    const events = [{ ...listener, ready: READY_IN }];
    const { submissions, deliveries } = harness.step({ answer: () => 0, events });
    expect(deliveries).toHaveLength(1);
    expect(submissions).toMatchObject([{ operation: 'sample' }]);
  });
});
