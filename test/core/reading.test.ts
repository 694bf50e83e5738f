import * as layout from '../../assembly/layout';
import { type Answer, CoreHarness, type Handle } from '../support/core-harness';
import type { Submission } from '../support/core-views';

const { READY_IN, READY_END, READY_URGENT, APPETITE_UNLIMITED } = layout;

function receives({ submissions }: { submissions: Submission[] }): Submission[] {
  return submissions.filter(({ operation }) => operation === 'receive');
}

/** A turn in which the kernel says that there is something; returns the receive that follows. */
function arrive(harness: CoreHarness, connection: Handle, more = 0): Submission | undefined {
  return receives(harness.step({ events: [{ ...connection, ready: READY_IN | more }] }))[0];
}

function bringing(length: number): (submission: Submission) => Answer | undefined {
  return ({ operation }) => (operation === 'receive' ? new Uint8Array(length) : undefined);
}

describe('reading', () => {
  test('a short read means drained: no second one asks for an EAGAIN', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    arrive(harness, connection);
    const { deliveries, submissions } = harness.step({ answer: bringing(64) });
    expect(deliveries).toMatchObject([{ kind: 'data', length: 64 }]);
    expect(submissions).toEqual([]);
    expect(harness.record(connection).rx).toMatchObject({
      available: 0,
      exactness: layout.EXACTNESS_EXACT,
    });
    expect(harness.count(layout.COUNTER_READS_EMPTY)).toBe(0);
  });

  test('a read that fills its room goes on', () => {
    const harness = new CoreHarness({ limits: { readBytes: 4096 } });
    const connection = harness.connection();
    arrive(harness, connection);
    const step = harness.step({ answer: bringing(1 << 20) });
    expect(step.deliveries).toMatchObject([{ kind: 'data', length: 4096 }]);
    expect(receives(step)).toHaveLength(1);
    expect(harness.record(connection).rx).toMatchObject({
      available: 1,
      exactness: layout.EXACTNESS_LOWER_BOUND,
    });
  });

  test.each([
    ['urgent data', READY_URGENT],
    ['a hang-up', READY_END],
  ])('after %s a short read goes on until there is nothing', (_what, ready) => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    arrive(harness, connection, ready);
    const short = harness.step({ answer: bringing(10) });
    expect(receives(short)).toHaveLength(1);
    const rest = harness.step({ answer: bringing(10) });
    expect(rest.deliveries).toMatchObject([{ kind: 'data', length: 10 }]);
    expect(receives(rest)).toHaveLength(1);
    // EAGAIN at last.
    expect(receives(harness.step())).toHaveLength(0);
  });

  test('R1.2 R4.14: with appetite 0 nothing is read, nothing spins, and the record says what is there', () => {
    const harness = new CoreHarness({ format: 'portable' });
    const connection = harness.connection({ wants: layout.WANTS_CHANGE });
    harness.step({ during: () => harness.read(connection, 0) });
    const events = [{ ...connection, ready: READY_IN, available: 99 }];
    const { submissions, deliveries } = harness.step({ events });
    expect(submissions).toEqual([]);
    expect(deliveries).toMatchObject([{ kind: 'change' }]);
    expect(harness.busy).toBe(false);
    expect(harness.long(layout.DEADLINE)).toBe(0n);
    expect(harness.record(connection).rx.available).toBe(99);
  });

  test('appetite counts down to what was asked for and stops there', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ during: () => harness.read(connection, 100) });
    expect(arrive(harness, connection)).toMatchObject({ length: 100 });
    const first = harness.step({ answer: bringing(60) });
    expect(harness.record(connection).appetite).toBe(40);
    expect(receives(first)).toHaveLength(0);
    expect(arrive(harness, connection)).toMatchObject({ length: 40 });
    const last = harness.step({ answer: bringing(500) });
    expect(last.deliveries).toMatchObject([{ kind: 'data', length: 40 }]);
    expect(receives(last)).toHaveLength(0);
    expect(harness.record(connection)).toMatchObject({ appetite: 0, rx: { available: 1 } });
  });

  test('R4.12: an appetite that comes when data is known to be there reads in that turn', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ during: () => harness.read(connection, 0) });
    arrive(harness, connection);
    const step = harness.step({ during: () => harness.read(connection, APPETITE_UNLIMITED) });
    expect(receives(step)).toMatchObject([connection]);
    expect(harness.busy).toBe(true);
  });

  test('R4.16: an event nobody waits for is kept in the record, and a wait returns at once', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ during: () => harness.read(connection, 0) });
    arrive(harness, connection);
    for (let turn = 0; turn < 10; turn++) harness.step();
    const step = harness.step({ during: () => harness.read(connection, 1) });
    expect(receives(step)).toMatchObject([{ ...connection, length: 1 }]);
  });

  test('R4.12: without news nothing is read: an appetite alone is no reason to try', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const step = harness.step({ during: () => harness.read(connection, APPETITE_UNLIMITED) });
    expect(step.submissions).toEqual([]);
  });

  test('a read asks for more room than the last one brought', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    let brought = 0;
    for (const length of [64, 3000, 40_000, 150_000, 100]) {
      const receive = arrive(harness, connection) as Submission;
      expect(receive.argument).toBeGreaterThan(brought);
      harness.step({ answer: bringing(length) });
      brought = length;
    }
  });

  test('R1.1: a message that fits costs one receive and no EAGAIN', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    for (let message = 0; message < 100; message++) {
      arrive(harness, connection);
      harness.step({ answer: bringing(64) });
    }
    expect(harness.count(layout.COUNTER_READS)).toBe(100);
    expect(harness.count(layout.COUNTER_READS_EMPTY)).toBe(0);
  });

  test('reads of a turn are packed one after another', () => {
    const harness = new CoreHarness();
    const handles = Array.from({ length: 20 }, () => harness.connection());
    harness.step({ events: handles.map((handle) => ({ ...handle, ready: READY_IN })) });
    const { deliveries } = harness.step({ answer: bringing(64) });
    const addresses = deliveries.map(({ address }) => address);
    const first = addresses[0] as number;
    expect(addresses).toEqual(addresses.map((_, place) => first + 64 * place));
  });
});
