import * as layout from '../../assembly/layout';
import { MemoryChecker } from '../support/checkers/memory';
import { CoreHarness, type Handle } from '../support/core-harness';
import { queuedPieces } from '../support/core-views';

const { READY_IN, READY_OUT } = layout;

/** Each connection is sent `length` bytes and echoes them; sends are answered by `send`. */
function echo(
  harness: CoreHarness,
  handles: readonly Handle[],
  length: number,
  send?: number,
): void {
  const checker = new MemoryChecker();
  const events = handles.map((handle) => ({ ...handle, ready: READY_IN | READY_OUT }));
  for (let turn = 0; turn === 0 || harness.busy; turn++) {
    expect(turn).toBeLessThan(60);
    const { submissions } = harness.step({
      events: turn === 0 ? events : [],
      answer: ({ operation, length: asked }) => {
        if (operation === 'receive') return new Uint8Array(length);
        return operation === 'send' && send ? Math.min(asked, send) : undefined;
      },
      during: ({ deliveries }) => {
        for (const delivery of deliveries) {
          if (delivery.kind !== 'data') continue;
          harness.writeAt(delivery, delivery.address, delivery.length);
        }
      },
    });
    checker.end(harness, submissions);
  }
}

describe('the read arena', () => {
  test('small messages stay in the first segment, whatever the size of the arena', () => {
    const harness = new CoreHarness();
    const handles = Array.from({ length: 100 }, () => harness.connection());
    const arena = harness.word(layout.READ_ARENA_BASE);
    for (let round = 0; round < 20; round++) {
      echo(harness, handles, 64);
      expect(harness.word(layout.READ_CURSOR)).toBe(arena);
    }
  });

  test('no segment is reused while a piece refers to it', () => {
    const harness = new CoreHarness({ limits: { readSegments: 3, readBytes: 65536 } });
    const handles = Array.from({ length: 10 }, () => harness.connection());
    for (const length of [10, 1000, 30_000, 60_000]) {
      echo(harness, handles, length);
      // Half of it stays: blocked, and moved out of the arena.
      echo(harness, handles, length, Math.floor(length / 2));
      expect(harness.word(layout.STATE_PIECES_ARENA)).toBe(0);
      expect(harness.word(layout.SPARE_COUNT)).toBeGreaterThanOrEqual(1);
    }
  });

  test('an exhausted arena makes reads wait: counted, nothing lost, and they go on by themselves', () => {
    const harness = new CoreHarness({ limits: { readSegments: 2, readBytes: 65536 } });
    const handles = Array.from({ length: 6 }, () => harness.connection());
    harness.step({ events: handles.map((handle) => ({ ...handle, ready: READY_IN })) });
    let brought = 0;
    for (let turn = 0; turn < 20 && brought < 6; turn++) {
      harness.step({
        answer: ({ operation }) => (operation === 'receive' ? new Uint8Array(65_535) : undefined),
        during: ({ deliveries }) => {
          for (const { kind, length } of deliveries) if (kind === 'data' && length > 0) brought++;
        },
      });
    }
    expect(harness.count(layout.COUNTER_READS_WAITING)).toBeGreaterThan(0);
    expect(harness.count(layout.COUNTER_BYTES_IN)).toBeGreaterThanOrEqual(6 * 60_000);
    expect(harness.busy).toBe(false);
  });

  test('with poison, bytes of an earlier turn are overwritten at its end', () => {
    const harness = new CoreHarness({ settings: layout.SETTING_POISON });
    const connection = harness.connection();
    harness.step({ events: [{ ...connection, ready: READY_IN }] });
    let at = { address: 0, length: 0 };
    harness.step({
      answer: () => Buffer.from('secret'),
      during: ({ deliveries }) => {
        at = deliveries[0] as typeof at;
        expect(harness.bytes(at).toString()).toBe('secret');
      },
    });
    expect(harness.bytes(at).toString('hex')).toBe('db'.repeat(6));
  });
});

describe('the write arena', () => {
  test('a full write arena costs a copy and nothing else', () => {
    const harness = new CoreHarness({ limits: { writeSegments: 1, queueBytes: 1 << 20 } });
    const connection = harness.connection();
    const { submissions } = harness.step({
      during: () => expect(harness.write(connection, Buffer.alloc(300_000, 'x'))).toBe(1),
    });
    expect(submissions).toMatchObject([{ operation: 'send' }]);
    harness.quiesce();
    expect(harness.count(layout.COUNTER_BYTES_OUT)).toBe(300_000);
    expect(harness.count(layout.COUNTER_BYTES_MOVED)).toBeGreaterThan(200_000);
  });

  test('blocks stay dense however copies and borrowed bytes alternate', () => {
    const harness = new CoreHarness({
      limits: {
        connections: 2,
        tasks: 1,
        writeSegments: 1,
        queueBytes: 200_000,
        queueBytesTotal: 200_000,
      },
    });
    const [connection, hog] = [harness.connection(), harness.connection()];
    const blocks = harness.word(layout.BLOCKS_MAX);
    harness.step({ events: [{ ...connection, ready: READY_IN }] });
    harness.step({
      answer: () => new Uint8Array(1000),
      during: ({ deliveries }) => {
        const { address } = deliveries[0] as { address: number };
        // The write arena is held by the other one, so each copy needs a block.
        harness.write(hog, Buffer.alloc(65_536));
        for (let pair = 0; pair < 3 * blocks; pair++) {
          expect(harness.writeAt(connection, address + pair, 1)).toBeGreaterThanOrEqual(0);
          expect(harness.write(connection, 'y')).toBeGreaterThanOrEqual(0);
        }
      },
    });
    const held = queuedPieces(harness.memory, connection.record);
    expect(held.length).toBeLessThanOrEqual(Math.ceil((6 * blocks) / layout.BLOCK_SIZE) + 2);
  });

  test('a name in a high segment of a large write arena is released when it is answered', () => {
    const harness = new CoreHarness({
      limits: { writeSegments: 300, queueBytes: 1 << 25, queueBytesTotal: 1 << 25 },
    });
    const connection = harness.connection();
    harness.write(connection, Buffer.alloc(280 * 65_536));
    const listener = harness.open(false);
    const checker = new MemoryChecker();
    checker.end(harness, harness.step().submissions);
    harness.quiesce();
    expect(harness.record(listener).state).toBe(layout.STATE_OPEN);
    harness.core.stop(0, -1);
    harness.quiesce();
    checker.finish(harness);
  });
});
