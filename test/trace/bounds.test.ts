// A recording's memory is bounded, whatever a turn does and however slow the disk is.
import '../support/tidy-up';
import type { Program, Sink } from '../../src/index';
import { echo } from '../../src/programs/echo';
import { dial } from '../support/peer';
import { IDENTICAL, recordRun, replayBoth, startRecording } from '../support/recording';
import { blocksOf, readTrace } from '../support/tamper';

const LARGE_QUEUES = {
  queueBytes: 1 << 28,
  queueBytesTotal: 1 << 28,
  queueHighWater: 1 << 28,
};

function callBlocks(file: string): number {
  return blocksOf(readTrace(file)).filter(({ kind }) => kind === 'CALL').length;
}

describe('a call stream that is full', () => {
  test('100,000 writes in one turn are kept in CALL blocks, and replayed', async () => {
    const program: Program = (reactor) =>
      reactor.listen(
        { port: 0 },
        {
          data(connection) {
            for (let place = 0; place < 100_000; place++) {
              connection.write(String(place).padEnd(64, '.'));
            }
            connection.end();
          },
        },
      );
    const file = await recordRun(
      program as never,
      async ({ port }) => {
        const peer = await dial(port);
        await peer.write('go');
        expect((await peer.receive(6_400_000)).subarray(-64).toString()).toMatch(/^99999\.+$/);
      },
      { reactor: { limits: LARGE_QUEUES } },
    );
    expect(callBlocks(file)).toBeGreaterThan(5);
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });

  test('20 MiB to several connections in one turn are kept, and replayed', async () => {
    const block = Buffer.alloc(5 << 20, '0123456789abcdef');
    const program: Program = (reactor) => {
      const all: { write(bytes: Uint8Array): boolean; end(): void }[] = [];
      return reactor.listen(
        { port: 0 },
        {
          open(connection) {
            if (all.push(connection) < 4) return;
            for (const one of all) one.write(block);
            for (const one of all) one.end();
          },
        },
      );
    };
    const file = await recordRun(
      program as never,
      async ({ port }) => {
        const peers = await Promise.all(Array.from({ length: 4 }, () => dial(port)));
        await Promise.all(peers.map((peer) => peer.receive(block.length)));
      },
      { reactor: { limits: LARGE_QUEUES } },
    );
    expect(callBlocks(file)).toBeGreaterThan(15);
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });

  test('calls from outside that fill it are kept too, before their turn', async () => {
    const program: Program = (reactor) =>
      reactor.listen(
        { port: 0 },
        {
          open(connection) {
            setTimeout(() => {
              for (let place = 0; place < 40; place++) connection.write('z'.repeat(60_000));
              connection.end();
            }, 1);
          },
        },
      );
    const file = await recordRun(
      program as never,
      async ({ port }) => {
        const peer = await dial(port);
        await peer.ended;
      },
      { reactor: { limits: LARGE_QUEUES } },
    );
    const blocks = blocksOf(readTrace(file));
    const call = blocks.findIndex(({ kind }) => kind === 'CALL');
    expect(blocks[call - 1]?.kind).toBe('OUT');
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });
});

describe('a slow disk', () => {
  test('makes the turn wait: between two turns nothing is held back', async () => {
    let written = 0;
    let largest = 0;
    let writing = false;
    const sink: Sink = {
      write(bytes) {
        // Never asked for more while it is still busy: there is no queue in front of it.
        expect(writing).toBe(false);
        writing = true;
        const until = process.hrtime.bigint() + 1_000_000n;
        while (process.hrtime.bigint() < until);
        writing = false;
        written += bytes.length;
        largest = Math.max(largest, bytes.length);
      },
      close() {},
    };
    const { reactor } = startRecording({ sink });
    const { port } = await echo(reactor, { port: 0, address: '127.0.0.1' }).ready();
    const peers = await Promise.all(Array.from({ length: 8 }, () => dial(port)));
    let sent = 0;
    for (let round = 1; round <= 20; round++) {
      await Promise.all(
        peers.map(async (peer) => {
          await peer.write(Buffer.alloc(20_000, round));
          await peer.receive(round * 20_000);
        }),
      );
      sent += 8 * 20_000;
      // What was answered was written before: the kernel has it all, and the recorder nothing.
      expect(written).toBeGreaterThan(sent);
    }
    expect(largest).toBeLessThan(4 << 20);
  });
});
