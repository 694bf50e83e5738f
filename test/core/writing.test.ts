import * as layout from '../../assembly/layout';
import { CoreHarness, type Handle, type Stepped } from '../support/core-harness';
import { type Piece, queuedPieces, sendBytes, sendPieces } from '../support/core-views';

const { READY_IN, READY_OUT, CALL_TAKEN, CALL_WAIT } = layout;

/** A turn that delivers `bytes` to the connection; `during` runs in it. */
function deliver(
  harness: CoreHarness,
  connection: Handle,
  bytes: Uint8Array,
  during: (delivery: { address: number; length: number }) => void,
): Stepped {
  harness.step({ events: [{ ...connection, ready: READY_IN }] });
  return harness.step({
    answer: ({ operation }) => (operation === 'receive' ? bytes : undefined),
    during: ({ deliveries }) => during(deliveries[0] as never),
  });
}

function drains(steps: readonly Stepped[]): number {
  return steps.flatMap(({ deliveries }) => deliveries).filter(({ kind }) => kind === 'drain')
    .length;
}

function inBlocks(pieces: readonly Piece[]): boolean {
  return pieces.every(({ home }) => (home & layout.HOME_BLOCK) !== 0);
}

describe('writing', () => {
  test('R2.29: the writes of a turn for one connection leave in one send', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const other = harness.connection();
    const { submissions } = harness.step({
      during: () => {
        harness.write(connection, 'one ');
        harness.write(other, 'else');
        harness.write(connection, 'two ');
        harness.write(connection, 'three');
      },
    });
    expect(submissions.map(({ operation }) => operation)).toEqual(['send', 'send']);
    expect(submissions.map((send) => sendBytes(harness.memory, send).toString())).toEqual([
      'one two three',
      'else',
    ]);
  });

  test('neighbours merge into one piece', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const { submissions } = harness.step({
      during: () => {
        for (let part = 0; part < 50; part++) harness.write(connection, 'part');
      },
    });
    expect(submissions).toMatchObject([{ operation: 'send', length: 200, argument: 1 }]);
  });

  test('R1.10: delivered bytes are sent from where they lie', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    let at = 0;
    const { submissions } = deliver(harness, connection, Buffer.from('echo'), (delivery) => {
      at = delivery.address;
      harness.writeAt(connection, delivery.address, delivery.length);
    });
    const [send] = submissions;
    expect(send && sendPieces(harness.memory, send)).toMatchObject([{ address: at, length: 4 }]);
    expect(harness.count(layout.COUNTER_BYTES_MOVED)).toBe(0);
  });

  test('bytes of an earlier turn are refused as stale', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    let kept = { address: 0, length: 0 };
    deliver(harness, connection, Buffer.from('old'), (delivery) => {
      kept = delivery;
    });
    const results: number[] = [];
    const late = (): void => {
      results.push(harness.writeAt(connection, kept.address, kept.length));
    };
    harness.step({ outside: late, during: late });
    expect(results).toEqual([layout.CALL_STALE_BYTES, layout.CALL_STALE_BYTES]);
    expect(harness.record(connection).tx.queued).toBe(0);
  });

  test('a view that reaches past what was delivered is refused', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    deliver(harness, connection, Buffer.from('only this'), ({ address, length }) => {
      expect(harness.writeAt(connection, address, length + 1)).toBe(layout.CALL_STALE_BYTES);
      expect(harness.writeAt(connection, address - 1, 2)).toBe(layout.CALL_STALE_BYTES);
      expect(harness.writeAt(connection, address + 5, 4)).toBe(CALL_TAKEN);
    });
  });

  test('a short write moves only the tail, and the rest goes when the kernel can', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const bytes = Buffer.from(Array.from({ length: 10_000 }, (_, place) => place & 0xff));
    harness.step({ during: () => harness.write(connection, bytes) });
    const short = harness.step({ answer: () => 6_000 });
    expect(short.submissions).toEqual([]);
    expect(harness.count(layout.COUNTER_BYTES_MOVED)).toBe(4_000);
    expect(inBlocks(queuedPieces(harness.memory, connection.record))).toBe(true);
    expect(harness.word(layout.STATE_PIECES_ARENA)).toBe(0);
    const { submissions } = harness.step({ events: [{ ...connection, ready: READY_OUT }] });
    const [send] = submissions;
    expect(send && sendBytes(harness.memory, send).equals(bytes.subarray(6_000))).toBe(true);
  });

  test.each([0, -layout.ERROR_AGAIN])(
    'R1.18: blocked (%i), a write waits for the edge',
    (result) => {
      const harness = new CoreHarness();
      const connection = harness.connection();
      harness.step({ during: () => harness.write(connection, 'first') });
      harness.step({ answer: () => result });
      expect(harness.record(connection).tx).toMatchObject({ space: 0, queued: 5 });
      const waiting = harness.step({
        during: () => expect(harness.write(connection, ' second')).toBe(CALL_WAIT),
      });
      expect(waiting.submissions).toEqual([]);
      const { submissions } = harness.step({ events: [{ ...connection, ready: READY_OUT }] });
      expect(submissions).toMatchObject([{ operation: 'send', length: 12 }]);
    },
  );

  test('at most one send is outstanding: what is written meanwhile waits for its answer', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({ during: () => harness.write(connection, 'first') });
    const { submissions } = harness.step({
      outside: () => harness.write(connection, 'meanwhile'),
    });
    expect(submissions).toMatchObject([{ operation: 'send', length: 9 }]);
  });

  test('QUEUE_FULL takes nothing, and what fits afterwards is taken', () => {
    const harness = new CoreHarness({ limits: { queueBytes: 1000 } });
    const connection = harness.connection();
    harness.write(connection, Buffer.alloc(900));
    expect(harness.write(connection, Buffer.alloc(101))).toBe(layout.CALL_QUEUE_FULL);
    expect(harness.record(connection)).toMatchObject({ tx: { queued: 900 }, bytesTaken: 900 });
    expect(harness.write(connection, Buffer.alloc(100))).toBe(CALL_WAIT);
  });

  test('a write of many chunks is refused whole', () => {
    const harness = new CoreHarness({ limits: { queueBytes: 100_000 } });
    const connection = harness.connection();
    expect(harness.write(connection, Buffer.alloc(100_001))).toBe(layout.CALL_QUEUE_FULL);
    expect(harness.record(connection).bytesTaken).toBe(0);
    expect(harness.write(connection, Buffer.alloc(100_000))).toBe(CALL_WAIT);
    expect(harness.record(connection).bytesTaken).toBe(100_000);
  });

  test('all connections together have a limit of their own', () => {
    const harness = new CoreHarness({ limits: { queueBytes: 1000, queueBytesTotal: 1500 } });
    const [first, second] = [harness.connection(), harness.connection()];
    harness.write(first, Buffer.alloc(1000));
    expect(harness.write(second, Buffer.alloc(501))).toBe(layout.CALL_TOTAL_FULL);
    expect(harness.record(second).tx.queued).toBe(0);
    harness.destroy(first);
    expect(harness.write(second, Buffer.alloc(501))).toBeGreaterThanOrEqual(0);
  });

  test('`drain` is delivered exactly once when it is owed, and only when all is sent', () => {
    const harness = new CoreHarness({ limits: { queueBytes: 1000, queueHighWater: 100 } });
    const connection = harness.connection();
    const first = harness.step({
      during: () => {
        expect(harness.write(connection, Buffer.alloc(100))).toBe(CALL_WAIT);
        expect(harness.write(connection, Buffer.alloc(100))).toBe(CALL_WAIT);
      },
    });
    const short = harness.step({ answer: () => 150 });
    expect(drains([first, short])).toBe(0);
    const rest = [
      harness.step({ events: [{ ...connection, ready: READY_OUT }] }),
      ...harness.quiesce(),
    ];
    expect(drains(rest)).toBe(1);
    const events = [{ ...connection, ready: READY_OUT }];
    expect(drains([harness.step({ events }), harness.step({ events })])).toBe(0);
  });

  test('below the high water `drain` is not owed', () => {
    const harness = new CoreHarness({ limits: { queueBytes: 1000, queueHighWater: 100 } });
    const connection = harness.connection();
    const first = harness.step({
      during: () => expect(harness.write(connection, Buffer.alloc(99))).toBe(CALL_TAKEN),
    });
    expect(drains([first, ...harness.quiesce()])).toBe(0);
  });

  test('more pieces than one send gathers leave in order, in several', () => {
    const harness = new CoreHarness();
    const [connection, other] = [harness.connection(), harness.connection()];
    const parts = Array.from({ length: 150 }, (_, place) => `${place},`);
    const first = harness.step({
      during: () => {
        // The other connection's bytes lie between, so that nothing merges.
        for (const part of parts) {
          harness.write(connection, part);
          harness.write(other, '.');
        }
      },
    });
    let sent = '';
    for (let step = first; ; step = harness.step()) {
      for (const send of step.submissions.filter(({ record }) => record === connection.record)) {
        expect(send.argument).toBeLessThanOrEqual(layout.PIECES_A_SEND);
        sent += sendBytes(harness.memory, send).toString();
      }
      // While there is more, the core does not let the host sleep.
      if (harness.word(layout.TURN_AGAIN) === 0) break;
    }
    expect(sent).toBe(parts.join(''));
  });

  test('what is written to a connection that is still connecting holds no segment', () => {
    const harness = new CoreHarness({ limits: { readSegments: 2 } });
    const from = harness.connection();
    const to = harness.open(true);
    harness.step();
    harness.step({ answer: () => -layout.ERROR_IN_PROGRESS });
    for (let message = 0; message < 5; message++) {
      deliver(harness, from, Buffer.from('passed on'), ({ address, length }) => {
        expect(harness.writeAt(to, address, length)).toBe(CALL_TAKEN);
      });
    }
    expect(harness.word(layout.STATE_PIECES_ARENA)).toBe(0);
    expect(harness.count(layout.COUNTER_READS_WAITING)).toBe(0);
    harness.step({ events: [{ ...to, ready: READY_OUT }] });
    expect(harness.step().submissions).toMatchObject([{ operation: 'send', length: 45 }]);
  });
});
