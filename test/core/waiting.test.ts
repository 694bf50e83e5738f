import * as layout from '../../assembly/layout';
import { CoreHarness } from '../support/core-harness';

const { READY_IN, READY_OUT } = layout;

describe('edges and waiting', () => {
  test('R4.13: a read edge refreshes the send side too: it carries the whole snapshot', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ during: () => harness.write(connection, 'blocked') });
    harness.step({ answer: () => -layout.ERROR_AGAIN });
    expect(harness.record(connection).tx.space).toBe(0);
    const { submissions, updates } = harness.step({
      events: [{ ...connection, ready: READY_IN | READY_OUT }],
    });
    expect(updates.map(({ side }) => side)).toEqual(['rx', 'tx']);
    expect(submissions.map(({ operation }) => operation)).toEqual(['send', 'receive']);
  });

  test('R4.13: the sides are apart: a blocked send does not hold up reads', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ during: () => harness.write(connection, 'blocked') });
    harness.step({ answer: () => -layout.ERROR_AGAIN });
    const { submissions } = harness.step({ events: [{ ...connection, ready: READY_IN }] });
    expect(submissions.map(({ operation }) => operation)).toEqual(['receive']);
  });

  test('R4.15: no registration changes, however often a connection blocks or stops reading', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const operations = new Set<string>();
    for (let round = 0; round < 50; round++) {
      const { submissions } = harness.step({
        events: [{ ...connection, ready: READY_IN | READY_OUT }],
        answer: ({ operation }) => (operation === 'send' ? 1 : undefined),
        during: () => {
          harness.write(connection, 'again');
          harness.read(connection, round % 2 ? 0 : layout.APPETITE_UNLIMITED);
        },
      });
      for (const { operation } of submissions) operations.add(operation);
    }
    expect([...operations].sort()).toEqual(['receive', 'send']);
  });

  test('R1.18: after a blocked send one writable edge is enough, and without one nobody spins', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ during: () => harness.write(connection, 'blocked') });
    harness.step({ answer: () => -layout.ERROR_AGAIN });
    expect(harness.busy).toBe(false);
    for (let turn = 0; turn < 5; turn++) expect(harness.step().submissions).toEqual([]);
    const events = [{ ...connection, ready: READY_OUT }];
    expect(harness.step({ events }).submissions).toHaveLength(1);
  });

  test('R3.6: false readiness costs one empty read and no error', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    for (let turn = 0; turn < 10; turn++) {
      const told = harness.step({ events: [{ ...connection, ready: READY_IN | READY_OUT }] });
      expect(told.submissions).toHaveLength(1);
      expect(harness.step().deliveries).toEqual([]);
    }
    expect(harness.count(layout.COUNTER_READS_EMPTY)).toBe(10);
    expect(harness.record(connection)).toMatchObject({
      state: layout.STATE_OPEN,
      rx: { error: 0, available: 0 },
    });
  });
});
