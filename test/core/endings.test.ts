import * as layout from '../../assembly/layout';
import { CoreHarness, type Handle, type Stepped } from '../support/core-harness';

const { READY_IN, READY_END, READY_ERROR, READY_OUT, ERROR_CONNECTION_RESET } = layout;

/** What a connection was told, in order. */
function told(steps: readonly Stepped[], { record, generation }: Handle): string[] {
  return steps
    .flatMap(({ deliveries }) => deliveries)
    .filter((delivery) => delivery.record === record && delivery.generation === generation)
    .map(({ kind, length, value }) =>
      kind === 'data' ? `data ${length}` : value ? `${kind} ${value}` : kind,
    );
}

/** Answers the receives in order; what comes after them gets EAGAIN. */
function receives(...answers: (number | Uint8Array)[]) {
  return ({ operation }: { operation: string }) =>
    operation === 'receive' ? answers.shift() : undefined;
}

describe('how a connection ends', () => {
  test('R1.16: a reset behind unread bytes delivers the bytes, then the error, then the close', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const events = [{ ...connection, ready: READY_IN | READY_OUT | READY_END | READY_ERROR }];
    const first = harness.step({ events });
    expect(harness.record(connection).rx).toMatchObject({ available: 1, eof: true });
    const answer = receives(Buffer.from('unread'), -ERROR_CONNECTION_RESET);
    const steps = [first, ...harness.quiesce({ answer })];
    expect(told(steps, connection)).toEqual(['data 6', 'error 104', 'close']);
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
  });

  test('R1.16: bytes and error stand in the record together', () => {
    const harness = new CoreHarness({ format: 'portable' });
    const connection = harness.connection();
    harness.read(connection, 0);
    harness.write(connection, 'lost');
    harness.step();
    harness.step({
      answer: () => -ERROR_CONNECTION_RESET,
      events: [{ ...connection, ready: READY_IN | READY_ERROR, available: 6 }],
    });
    expect(harness.record(connection)).toMatchObject({
      state: layout.STATE_OPEN,
      rx: { available: 6, eof: true },
      tx: { error: ERROR_CONNECTION_RESET },
    });
  });

  test('R1.17: half-close with bytes left: eof is known while they are still to be read', () => {
    const harness = new CoreHarness({ format: 'portable' });
    const connection = harness.connection({ wants: layout.WANTS_END });
    harness.read(connection, 0);
    harness.step({
      events: [{ ...connection, ready: READY_IN | READY_END, available: 12 }],
    });
    expect(harness.record(connection).rx).toMatchObject({ available: 12, eof: true });
    const first = harness.step({ during: () => harness.read(connection, -1) });
    const answer = receives(Buffer.alloc(12), 0);
    const steps = [first, ...harness.quiesce({ answer })];
    expect(told(steps, connection)).toEqual(['data 12', 'end']);
    expect(harness.record(connection).state).toBe(layout.STATE_OPEN);
  });

  test('without an `end` handler the end closes the connection, once everything is sent', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.write(connection, 'answer');
    const first = harness.step({ events: [{ ...connection, ready: READY_IN | READY_END }] });
    const blocked = harness.step({
      answer: ({ operation }) =>
        operation === 'send' ? 3 : operation === 'receive' ? 0 : undefined,
    });
    expect(harness.quiesce()).toHaveLength(1);
    expect(harness.record(connection).state).toBe(layout.STATE_OPEN);
    const go = harness.step({ events: [{ ...connection, ready: READY_OUT }] });
    const steps = [first, blocked, go, ...harness.quiesce()];
    expect(told(steps, connection)).toEqual(['end', 'close']);
  });

  test('a send error is told when a read finds nothing: no event will come for it', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const first = harness.step({ during: () => harness.write(connection, 'lost') });
    const answer = ({ operation }: { operation: string }) =>
      operation === 'send' ? -layout.ERROR_BROKEN_PIPE : undefined;
    const steps = [first, ...harness.quiesce({ answer })];
    expect(told(steps, connection)).toEqual(['error 32', 'close']);
  });

  test('a send error comes after the bytes that the peer had sent', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const first = harness.step({ during: () => harness.write(connection, 'lost') });
    const failed = harness.step({ answer: () => -layout.ERROR_BROKEN_PIPE });
    const answer = receives(Buffer.from('last words'), 0);
    const steps = [first, failed, ...harness.quiesce({ answer })];
    expect(told(steps, connection)).toEqual(['data 10', 'error 32', 'close']);
  });

  test('bytes written between a send error and its delivery are taken and dropped', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ during: () => harness.write(connection, 'lost') });
    harness.step({
      answer: () => -layout.ERROR_BROKEN_PIPE,
      during: () => expect(harness.write(connection, 'lost too')).toBe(layout.CALL_TAKEN),
    });
    expect(harness.word(layout.STATE_QUEUE_TOTAL)).toBe(0);
    expect(harness.count(layout.COUNTER_BYTES_DROPPED)).toBe(4);
  });
});

describe('how a program ends a connection', () => {
  test('end() sends what is queued and then shuts down', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const { submissions } = harness.step({
      during: () => {
        harness.write(connection, 'bye');
        harness.finish(connection);
        expect(harness.write(connection, 'more')).toBe(layout.CALL_CLOSED);
      },
    });
    expect(submissions).toMatchObject([{ operation: 'send', length: 3 }]);
    expect(harness.step().submissions).toMatchObject([{ operation: 'shutdown' }]);
    harness.quiesce();
    expect(harness.record(connection)).toMatchObject({
      state: layout.STATE_OPEN,
      tx: { ended: true },
    });
  });

  test('close() sends what is queued, reads no more, and closes', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const first = harness.step({
      events: [{ ...connection, ready: READY_IN }],
      during: () => {
        harness.write(connection, 'bye');
        harness.close(connection);
      },
    });
    expect(first.submissions).toMatchObject([{ operation: 'send', length: 3 }]);
    expect(told([first, ...harness.quiesce()], connection)).toEqual(['close']);
    expect(harness.count(layout.COUNTER_BYTES_OUT)).toBe(3);
  });

  test('destroy() drops what is queued and closes at once', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const first = harness.step({
      during: () => {
        harness.write(connection, 'never');
        harness.destroy(connection);
      },
    });
    expect(first.submissions).toMatchObject([{ operation: 'close' }]);
    expect(told([first, ...harness.quiesce()], connection)).toEqual(['close']);
    expect(harness.count(layout.COUNTER_BYTES_DROPPED)).toBe(5);
  });

  test('the option to reset is heard when the connection is closed, and can be taken back', () => {
    const harness = new CoreHarness();
    const argument = (...values: number[]): unknown => {
      const connection = harness.connection();
      const { record, generation } = connection;
      const { submissions } = harness.step({
        during: () => {
          for (const value of values) {
            harness.core.option(record, generation, layout.SOCKET_RESET, value);
          }
          harness.destroy(connection);
        },
      });
      harness.quiesce();
      return submissions.map(({ operation, argument: how }) => [operation, how]);
    };
    expect(argument(1)).toEqual([['close', layout.CLOSE_RESET]]);
    expect(argument(1, 0)).toEqual([['close', 0]]);
    // Whoever gets the record next is not meant.
    expect(argument()).toEqual([['close', 0]]);
  });

  test('destroy() while a send is under way takes effect when it is answered, in silence', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const first = harness.step({ during: () => harness.write(connection, 'half of it') });
    const steps = [
      first,
      ...harness.quiesce({
        answer: ({ operation }) => (operation === 'send' ? -ERROR_CONNECTION_RESET : undefined),
        outside: () => harness.destroy(connection),
      }),
    ];
    expect(told(steps, connection)).toEqual(['close']);
  });

  test.each(['connect', 'connectStatus'])(
    'close() while a connect is under way sends what is queued first (answer to %s)',
    (answering) => {
      const harness = new CoreHarness();
      const connection = harness.open(true);
      harness.write(connection, 'knock');
      harness.close(connection);
      const answer = ({ operation }: { operation: string }) =>
        operation === 'connect' && answering === 'connectStatus'
          ? -layout.ERROR_IN_PROGRESS
          : undefined;
      const steps = harness.quiesce({ answer });
      if (answering === 'connectStatus') {
        expect(harness.record(connection).state).toBe(layout.STATE_CONNECTING);
        steps.push(harness.step({ events: [{ ...connection, ready: READY_OUT }] }));
        steps.push(...harness.quiesce());
      }
      expect(told(steps, connection)).toEqual(['close']);
      expect(harness.count(layout.COUNTER_BYTES_OUT)).toBe(5);
    },
  );

  test('a handler that threw costs its connection and no other', () => {
    const harness = new CoreHarness();
    const [guilty, other] = [harness.connection(), harness.connection()];
    const first = harness.step({
      during: () => harness.core.thrown(guilty.record, guilty.generation),
    });
    expect(told([first, ...harness.quiesce()], guilty)).toEqual(['close']);
    expect(harness.record(other).state).toBe(layout.STATE_OPEN);
  });
});

describe('R0.27: how everything ends', () => {
  test('stop closes every source, each is told once, and nothing is left', () => {
    const harness = new CoreHarness();
    const handles = [harness.listener(), harness.connection(), harness.open(true)];
    const steps = [harness.step({ during: () => harness.core.stop(0, -1) }), ...harness.quiesce()];
    for (const handle of handles) expect(told(steps, handle).at(-1)).toBe('close');
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
    expect(harness.open(true).record).toBe(layout.CALL_DRAINING);
  });

  test('a draining stop lets a connection send what it holds', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ during: () => harness.write(connection, 'whole') });
    harness.step({
      answer: () => 2,
      during: () => harness.core.stop(1, -1),
    });
    harness.quiesce();
    expect(harness.record(connection).state).toBe(layout.STATE_OPEN);
    harness.step({ events: [{ ...connection, ready: READY_OUT }] });
    harness.quiesce();
    // Quiet for a while: our end goes first, and the peer's end is waited for.
    const steps: Stepped[] = [];
    for (let look = 0; look < 4; look++) steps.push(...harness.quiesce({ after: 60_000_000 }));
    expect(harness.record(connection).tx.ended).toBe(true);
    expect(told(steps, connection)).toEqual([]);
    const answer = receives(0);
    steps.push(harness.step({ events: [{ ...connection, ready: READY_IN | READY_END }] }));
    steps.push(...harness.quiesce({ answer }));
    expect(told(steps, connection)).toEqual(['close']);
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
    expect(harness.count(layout.COUNTER_BYTES_OUT)).toBe(5);
  });

  test('a draining connection reads to the end although the program wants nothing', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ during: () => harness.core.stop(1, -1) });
    for (let look = 0; look < 4; look++) harness.quiesce({ after: 60_000_000 });
    harness.read(connection, 0);
    harness.step({ events: [{ ...connection, ready: READY_IN | READY_END }] });
    harness.quiesce({ answer: receives(Buffer.from('dropped'), 0) });
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
  });

  test('a connection whose peer had ended drains although edges go on saying that there is more', () => {
    const harness = new CoreHarness();
    const connection = harness.connection({ wants: layout.WANTS_END });
    const edge = [{ ...connection, ready: READY_IN | READY_OUT | READY_END }];
    harness.step({ events: edge });
    expect(told(harness.quiesce({ answer: receives(0) }), connection)).toEqual(['end']);
    harness.step({ events: edge });
    harness.step({ during: () => harness.core.stop(1, -1) });
    for (let look = 0; look < 4; look++) harness.quiesce({ after: 60_000_000 });
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
  });

  test('who is being accepted when a draining stop comes, drains like the others', () => {
    const harness = new CoreHarness();
    const listener = harness.listener();
    harness.step({ events: [{ ...listener, ready: READY_IN }] });
    harness.step({ answer: () => ({ result: 1, extra: -1 }) });
    const { deliveries } = harness.step({
      answer: () => 0,
      outside: () => harness.core.stop(1, -1),
      during: ({ deliveries: [opened] }) => {
        expect(harness.write(opened as Handle, 'welcome')).toBe(layout.CALL_TAKEN);
      },
    });
    expect(deliveries).toMatchObject([{ kind: 'open' }]);
    harness.quiesce();
    expect(harness.count(layout.COUNTER_BYTES_OUT)).toBe(7);
  });

  test.each([0, -layout.ERROR_AGAIN])('stop meets an accept that is under way (%i)', (result) => {
    const harness = new CoreHarness();
    const listener = harness.listener();
    harness.step({ events: [{ ...listener, ready: READY_IN }] });
    const { submissions } = harness.step({ answer: () => ({ result: 1, extra: -1 }) });
    expect(submissions).toMatchObject([{ operation: 'accept' }]);
    harness.step({ answer: () => result, outside: () => harness.core.stop(0, -1) });
    harness.quiesce();
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
  });
});
