import * as layout from '../../assembly/layout';
import { CoreHarness, type Handle } from '../support/core-harness';

const PIPES =
  layout.STREAM_PIPE |
  (layout.STREAM_PIPE << layout.STREAM_SHIFT) |
  (layout.STREAM_PIPE << (2 * layout.STREAM_SHIFT));

/** A process with the streams that the bits say; what the core calls them. */
function spawn(harness: CoreHarness, streams = PIPES): Handle[] {
  const { core, memory } = harness;
  const bytes = Buffer.from('a command');
  const address = core.reserve(bytes.length);
  memory.bytes.set(bytes, address);
  const process = core.spawn(address, bytes.length, streams, 1, 0, layout.NONE, 0);
  if (process < 0) return [{ record: process, generation: 0 }];
  const records = [process, ...[0, 1, 2].map((which) => core.takenStream(which))];
  return records
    .filter((record) => record >= 0)
    .map((record) => ({ ...harness.record({ record, generation: 0 }), record }));
}

function stateOf(harness: CoreHarness, handle: Handle): number {
  return harness.record(handle).state;
}

describe('spawning', () => {
  test('a process and its streams are asked for together, the streams linked behind it', () => {
    const harness = new CoreHarness();
    const handles = spawn(harness);
    expect(handles).toHaveLength(4);
    const { submissions } = harness.step();
    expect(submissions.map(({ operation, linked }) => [operation, linked])).toEqual([
      ['open', false],
      ['take', true],
      ['take', true],
      ['take', true],
    ]);
    expect(submissions.map(({ argument }) => argument)).toEqual([PIPES, 0, 1, 2]);
    expect(submissions.map(({ record }) => record)).toEqual(handles.map(({ record }) => record));
    harness.quiesce();
    for (const handle of handles) expect(stateOf(harness, handle)).toBe(layout.STATE_OPEN);
  });

  test('only pipes get records, and only they can be taken', () => {
    const harness = new CoreHarness();
    const out = layout.STREAM_PIPE << layout.STREAM_SHIFT;
    expect(spawn(harness, out | layout.STREAM_INHERIT)).toHaveLength(2);
    expect(harness.core.takenStream(0)).toBe(layout.CALL_STALE);
    expect(harness.core.takenStream(1)).toBeGreaterThanOrEqual(0);
    expect(new CoreHarness().core.takenStream(0)).toBe(layout.CALL_STALE);
  });

  test('a process that cannot be started takes its streams with it; only it has an error', () => {
    const harness = new CoreHarness();
    const handles = spawn(harness);
    harness.write(handles[1] as Handle, 'nobody reads this');
    const answer = ({ operation }: { operation: string }): number | undefined =>
      operation === 'open' ? -2 : undefined;
    const deliveries = harness.quiesce({ answer }).flatMap((step) => step.deliveries);
    const told = deliveries.map(({ record, kind, value }) => `${record} ${kind} ${value}`);
    const [process, ...streams] = handles.map(({ record }) => record);
    expect(told.sort()).toEqual(
      [`${process} error 2`, ...[process, ...streams].map((record) => `${record} close 0`)].sort(),
    );
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
    expect(harness.word(layout.STATE_QUEUE_TOTAL)).toBe(0);
  });

  test('without room for the answer nothing was started, and all of it is asked for again', () => {
    const harness = new CoreHarness();
    const handles = spawn(harness);
    harness.step();
    let refusals = 2;
    const asked: string[] = [];
    const answer = ({ operation }: { operation: string }): number | undefined => {
      asked.push(operation);
      return operation === 'open' && refusals-- > 0 ? -layout.ERROR_CANCELED : undefined;
    };
    harness.quiesce({ answer });
    expect(asked.filter((operation) => operation === 'open')).toHaveLength(3);
    for (const handle of handles) expect(stateOf(harness, handle)).toBe(layout.STATE_OPEN);
  });

  test('a stream that is closed at once is taken first, and closed then', () => {
    const harness = new CoreHarness();
    const [, stdin] = spawn(harness) as [Handle, Handle];
    harness.destroy(stdin);
    const asked = harness
      .quiesce()
      .flatMap(({ submissions }) => submissions)
      .filter(({ record }) => record === stdin.record)
      .map(({ operation }) => operation);
    expect(asked).toEqual(['take', 'close']);
  });

  test('without records for all of them none is made', () => {
    const harness = new CoreHarness({ limits: { connections: 3 } });
    expect(spawn(harness)[0]?.record).toBe(layout.CALL_NO_RECORD);
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
    expect(harness.core.takenStream(0)).toBe(layout.CALL_STALE);
  });

  test('end() on a stream that goes one way only closes it', () => {
    const harness = new CoreHarness();
    const [, stdin] = spawn(harness) as [Handle, Handle];
    harness.quiesce();
    harness.write(stdin, 'the last words');
    harness.finish(stdin);
    const answer = ({ operation }: { operation: string }): number | undefined =>
      operation === 'shutdown' ? layout.SHUT_DOWN_ALL : undefined;
    const steps = harness.quiesce({ answer });
    const told = steps.flatMap(({ deliveries }) => deliveries).map(({ kind }) => kind);
    expect(told).toEqual(['close']);
    const asked = steps.flatMap(({ submissions }) => submissions).map(({ operation }) => operation);
    expect(asked).toEqual(['send', 'shutdown', 'close']);
  });
});
