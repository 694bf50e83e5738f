// Files on their way to connections: the core alone, with a host that answers as it is told.
import * as layout from '../../assembly/layout';
import type { Stepped } from '../support/core-harness';
import { type Submission, sendBytes } from '../support/core-views';
import { done, FileHarness } from '../support/file-harness';

const { READY_OUT, VIA_MAP, VIA_SEND_FILE } = layout;
const KIB = 1024;

function sendsOf(steps: readonly Stepped[]): Submission[] {
  const sends = steps.flatMap(({ submissions }) => submissions);
  return sends.filter(({ operation }) => operation === 'send' || operation === 'sendFile');
}

/** Sends everything: bytes and as much of the file as was asked for. */
function takeAll(harness: FileHarness): (submission: Submission) => number | undefined {
  return (submission) => {
    if (submission.operation !== 'sendFile') return undefined;
    const operation = harness.extraOf(submission);
    return submission.length + harness.task(operation, layout.TASK_LENGTH);
  };
}

function texts(harness: FileHarness, submission: Submission): string {
  return sendBytes(harness.memory, submission).toString();
}

describe('a file in the queue', () => {
  test('R2.29: bytes before it leave with it, in one operation; bytes behind it, after', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    const { submissions } = harness.step({
      during: () => {
        harness.write(connection, 'head');
        harness.sendFile(connection, file, 100, 1000);
        harness.write(connection, 'tail');
      },
    });
    expect(submissions).toMatchObject([{ operation: 'sendFile', length: 4, argument: 1 }]);
    expect(texts(harness, submissions[0] as Submission)).toBe('head');
    // Memory only: what the file will bring is no byte of ours.
    expect(harness.record(connection).tx.queued).toBe(8);
    const { deliveries, submissions: next } = harness.step({ answer: () => 1004 });
    expect(done(deliveries)).toEqual([{ operation: 0, error: 0 }]);
    expect(next).toMatchObject([{ operation: 'send', length: 4 }]);
    expect(texts(harness, next[0] as Submission)).toBe('tail');
    harness.quiesce();
    expect(harness.count(layout.COUNTER_FILE_BYTES_OUT)).toBe(1000);
    expect(harness.count(layout.COUNTER_BYTES_OUT)).toBe(1008);
  });

  test('R2.25: what was not sent is asked for again from there on', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    let operation = 0;
    harness.step({
      during: () => {
        harness.write(connection, 'head');
        operation = harness.sendFile(connection, file, 100, 1000);
      },
    });
    harness.step({ answer: () => 3 });
    expect(harness.task(operation, layout.TASK_OFFSET)).toBe(100);
    const { submissions } = harness.step({ answer: () => 1 + 400 });
    expect(submissions).toMatchObject([{ operation: 'sendFile', length: 0, argument: 0 }]);
    expect(harness.task(operation, layout.TASK_OFFSET)).toBe(500);
    expect(harness.task(operation, layout.TASK_LENGTH)).toBe(600);
    expect(done(harness.step({ answer: () => 600 }).deliveries)).toHaveLength(1);
  });

  test('a full socket waits for its writable edge, and for nothing else', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    harness.step({ during: () => harness.sendFile(connection, file, 0, 1000) });
    const answer = { result: 400, extra: layout.SENT_BLOCKED };
    expect(harness.step({ answer: () => answer }).submissions).toEqual([]);
    expect(harness.busy).toBe(false);
    expect(harness.step().submissions).toEqual([]);
    const { submissions } = harness.step({ events: [{ ...connection, ready: READY_OUT }] });
    expect(submissions).toMatchObject([{ operation: 'sendFile' }]);
    const again = harness.step({ answer: () => -layout.ERROR_AGAIN });
    expect(again.submissions).toEqual([]);
    harness.step({ events: [{ ...connection, ready: READY_OUT }] });
    expect(done(harness.step({ answer: () => 600 }).deliveries)).toHaveLength(1);
  });

  test('a cold range is waited for without a turn that waits, and then asked for again', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    let operation = 0;
    harness.step({
      during: () => {
        harness.write(connection, 'head');
        operation = harness.sendFile(connection, file, 0, 1000);
      },
    });
    harness.step({ answer: () => -layout.ERROR_IN_PROGRESS });
    expect(harness.busy).toBe(false);
    expect(harness.count(layout.COUNTER_FILE_COLD)).toBe(1);
    expect(harness.word(layout.OPERATIONS_FLYING)).toBe(1);
    harness.complete(operation, 1000);
    harness.step({ events: harness.announced });
    const { submissions } = harness.step();
    expect(submissions).toMatchObject([{ operation: 'sendFile', length: 4 }]);
    expect(harness.word(layout.OPERATIONS_FLYING)).toBe(0);
    // What was read ahead completes as well; nobody waits for it.
    harness.complete(operation, 1000);
    const { deliveries } = harness.step({ events: harness.announced, answer: () => 1004 });
    expect(done(deliveries)).toHaveLength(1);
    harness.quiesce();
    expect(harness.word(layout.OPERATIONS_USED)).toBe(0);
  });

  test('nobody is free to read it: it is asked for again when another one is done', () => {
    const harness = new FileHarness();
    const [one, two, file] = [harness.connection(), harness.connection(), harness.file()];
    let first = 0;
    harness.step({
      during: () => {
        first = harness.sendFile(one, file, 0, 10);
        harness.sendFile(two, file, 0, 10);
      },
    });
    harness.step({
      answer: ({ record }) =>
        record === one.record ? -layout.ERROR_IN_PROGRESS : -layout.ERROR_BUSY,
    });
    expect(harness.step().submissions).toEqual([]);
    harness.complete(first, 10);
    harness.step({ events: harness.announced });
    const { submissions } = harness.step();
    expect(submissions.map(({ record }) => record).sort()).toEqual([one.record, two.record].sort());
    harness.quiesce({ answer: takeAll(harness) });
    expect(harness.word(layout.OPERATIONS_USED)).toBe(0);
  });

  test('R2.27: a way that does not fit gives way to the next: sendfile, map, read', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    harness.step({ during: () => harness.sendFile(connection, file, 0, 5) });
    const first = harness.submissions()[0] as Submission;
    expect(harness.detailOf(first)).toBe(VIA_SEND_FILE);
    const [second] = harness.step({ answer: () => -layout.ERROR_INVALID }).submissions;
    expect(harness.detailOf(second as Submission)).toBe(VIA_MAP);
    const steps = [harness.step({ answer: () => -layout.ERROR_NO_DEVICE })];
    expect(steps[0]?.submissions).toMatchObject([{ operation: 'operate', record: file.record }]);
    harness.complete(0, Buffer.from('hello'));
    steps.push(
      harness.step({ answer: () => -layout.ERROR_IN_PROGRESS, events: harness.announced }),
    );
    steps.push(...harness.quiesce());
    const [send] = sendsOf(steps);
    expect(send).toMatchObject({ operation: 'send', length: 5 });
    const [outcome] = steps.flatMap(({ deliveries }) =>
      deliveries.filter(({ kind }) => kind === 'done'),
    );
    expect(outcome).toMatchObject({ value: 0 });
  });

  test('a way that the program asked for is the only one', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    harness.step({ during: () => harness.sendFile(connection, file, 0, 5, VIA_MAP) });
    const { deliveries } = harness.step({ answer: () => -layout.ERROR_NO_DEVICE });
    expect(done(deliveries)).toEqual([{ operation: 0, error: layout.ERROR_NO_DEVICE }]);
  });

  test('a hundred connections share a turn: each gets a part before anybody gets the next', () => {
    const harness = new FileHarness({ limits: { connections: 256 } });
    const file = harness.file();
    const all = Array.from({ length: 100 }, () => harness.connection());
    const turns: number[][] = [];
    const served = new Set<number>();
    harness.step({
      during: () => {
        for (const each of all) harness.sendFile(each, file, 0, 1024 * KIB);
      },
    });
    while (served.size < 100) {
      const records = harness.submissions().map(({ record }) => record);
      turns.push(records);
      for (const record of records) {
        expect(served.has(record)).toBe(false);
        served.add(record);
      }
      expect(records.length).toBeLessThanOrEqual(4);
      harness.step({ answer: takeAll(harness) });
    }
    expect(turns).toHaveLength(25);
    harness.quiesce({ answer: takeAll(harness) }, 200);
  });
});

describe('the end of it', () => {
  test('R2.26: a file that ends early fails it by name, and the connection after what was sent', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    let later = 0;
    harness.step({
      during: () => {
        harness.sendFile(connection, file, 0, 1000);
        harness.write(connection, 'tail');
        later = harness.sendFile(connection, file, 0, 1000);
      },
    });
    harness.step({ answer: () => 400 });
    const steps = [harness.step({ answer: () => -layout.ERROR_NO_DATA }), ...harness.quiesce()];
    const outcomes = steps.flatMap(({ deliveries }) => done(deliveries));
    expect(outcomes).toEqual([
      { operation: 0, error: layout.ERROR_NO_DATA },
      { operation: later, error: layout.ERROR_CANCELED },
    ]);
    const told = steps.flatMap(({ deliveries }) =>
      deliveries.filter(({ record }) => record === connection.record),
    );
    const kinds = told.map(({ kind, value }) => [kind, value]);
    expect(kinds).toContainEqual(['error', layout.ERROR_NO_DATA]);
    expect(kinds.at(-1)).toEqual(['close', 0]);
    expect(sendsOf(steps)).toEqual([]);
  });

  test('a connection that is destroyed cancels it; one that is read is answered first', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    let operation = 0;
    harness.step({
      during: () => {
        operation = harness.sendFile(connection, file, 0, 1000);
      },
    });
    harness.step({ answer: () => -layout.ERROR_IN_PROGRESS });
    const steps = [harness.step({ during: () => harness.destroy(connection) })];
    steps.push(...harness.quiesce());
    expect(steps.flatMap(({ deliveries }) => done(deliveries))).toEqual([]);
    // The file stays open until nobody reads from it.
    harness.close(file);
    const closing = harness.quiesce();
    expect(closing.flatMap(({ submissions }) => submissions)).toEqual([]);
    harness.complete(operation, 1000);
    const ending = [harness.step({ events: harness.announced }), ...harness.quiesce()];
    expect(ending.flatMap(({ deliveries }) => done(deliveries))).toEqual([
      { operation, error: layout.ERROR_CANCELED },
    ]);
    expect(ending.flatMap(({ submissions }) => submissions)).toContainEqual(
      expect.objectContaining({ operation: 'close', record: file.record }),
    );
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
  });

  test('close() sends it whole, and closes then; stop() drops it', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    harness.step({
      during: () => {
        harness.sendFile(connection, file, 0, 1024 * KIB);
        harness.close(connection);
      },
    });
    const steps = harness.quiesce({ answer: takeAll(harness) });
    expect(sendsOf(steps)).toHaveLength(3);
    expect(steps.flatMap(({ deliveries }) => deliveries).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['done', 'close']),
    );
    const other = harness.connection();
    harness.step({ during: () => harness.sendFile(other, file, 0, 1024 * KIB) });
    const { deliveries } = harness.step({
      answer: () => ({ result: 5, extra: layout.SENT_BLOCKED }),
      during: () => harness.core.stop(0, -1),
    });
    expect(done(deliveries)).toEqual([]);
    const ending = harness.quiesce();
    expect(ending.flatMap((step) => done(step.deliveries))).toMatchObject([
      { error: layout.ERROR_CANCELED },
    ]);
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
  });

  test('a file that is not open, a stale connection and one that was ended are refused', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    harness.step({
      during: () => {
        const stale = { ...file, generation: file.generation + 1 };
        expect(harness.sendFile(connection, stale, 0, 1)).toBe(layout.CALL_NO_FILE);
        expect(harness.sendFile(connection, connection, 0, 1)).toBe(layout.CALL_NO_FILE);
        expect(harness.sendFile(file, file, 0, 1)).toBe(layout.CALL_CLOSED);
        const gone = { ...connection, generation: connection.generation + 1 };
        expect(harness.sendFile(gone, file, 0, 1)).toBe(layout.CALL_STALE);
        harness.finish(connection);
        expect(harness.sendFile(connection, file, 0, 1)).toBe(layout.CALL_CLOSED);
      },
    });
  });

  test('no byte of it is asked for when its length is 0', () => {
    const harness = new FileHarness();
    const [connection, file] = [harness.connection(), harness.file()];
    const steps = [harness.step({ during: () => harness.sendFile(connection, file, 7, 0) })];
    steps.push(...harness.quiesce());
    expect(sendsOf(steps)).toEqual([]);
    expect(steps.flatMap(({ deliveries }) => done(deliveries))).toMatchObject([{ error: 0 }]);
  });
});
