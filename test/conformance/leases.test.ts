// Leases: delivered bytes kept past their turn, without a copy.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, write } from 'node:fs';
import * as layout from '../../assembly/layout';
import {
  type Connection,
  type Lease,
  openTrace,
  type Reactor,
  record,
  replayCore,
} from '../../src';
import { chooseHost } from '../../src/host/choose';
import { createReactor } from '../../src/index';
import { createThreads, type Thread, type ThreadConnection } from '../../src/threads';
import { forEachKind, pattern, promised } from '../support/conformance';
import { freshFolder } from '../support/folder';
import { IDENTICAL, replayBoth, traceFile } from '../support/recording';

const freshPath = freshFolder();
const stale = expect.objectContaining({ code: 'ERR_CALANDRIA_STALE_BYTES' });

forEachKind('leases', (bench) => {
  /** Leases the first bytes that come, and echoes the others. */
  async function keeping(options = {}) {
    const kept = promised<{ lease: Lease; connection: Connection }>();
    let first = true;
    const served = await bench.serve(
      {
        data(connection, bytes) {
          if (!first) return void connection.write(bytes);
          first = false;
          kept.resolve({ lease: served.reactor.lease(bytes), connection });
        },
      },
      options,
    );
    const client = bench.dial(served.place);
    return { ...served, client, kept: kept.promise };
  }

  test('R4.4: leased bytes stay where they are while others come and go, and leave from there', async () => {
    const { client, kept, reactor } = await keeping({ debug: true });
    await client.write('the first message');
    const { lease, connection } = await kept;
    const { address, length } = lease;
    const sent = pattern(3_000_000);
    await client.write(sent);
    await client.receive(sent.length);
    expect([String(Buffer.from(lease.bytes)), lease.address]).toEqual([
      'the first message',
      address,
    ]);
    expect([lease.copied, lease.released, length]).toEqual([false, false, 17]);
    expect(lease.bytes.byteOffset).toBe(address);
    const turns = reactor.turn;
    connection.write(lease.bytes.subarray(4));
    await client.receive(sent.length + 13);
    expect(reactor.turn).toBeGreaterThan(turns);
    expect(String(client.received.subarray(sent.length))).toBe('first message');
    const { bytes } = lease;
    lease.release();
    expect(() => connection.write(bytes)).toThrow(stale);
    expect(lease.released).toBe(true);
    // Whoever still looks sees it, when the last send of them has been answered.
    while (bytes[0] !== layout.POISON) await new Promise(setImmediate);
    expect([...bytes]).toEqual(new Array(17).fill(layout.POISON));
    expect(() => lease.bytes).toThrow(stale);
    expect(() => lease.release()).toThrow(stale);
    expect(() => lease.retain()).toThrow(stale);
    expect(reactor.counters).toMatchObject({ leases: 1, leasesRefused: 0 });
  });

  test('R4.4: a pointer into the arena is given to code in C, which reads there many turns later', async () => {
    const { client, kept, reactor } = await keeping({ debug: true });
    const message = pattern(100_000);
    await client.write(message.subarray(0, 5000));
    const { lease } = await kept;
    const expected = Buffer.from(lease.bytes);
    const path = freshPath();
    const file = openSync(path, 'w');
    let turns = 0;
    // libuv's write(2) in a thread of its own pool, and OpenSSL: both get address and length.
    const writing = promised();
    reactor.setTimer(0, () => {
      turns = reactor.turn;
      write(file, lease.bytes, () => writing.resolve());
    });
    await client.write(message.subarray(5000));
    await new Promise((resolve) => reactor.setTimer(5, () => resolve(undefined)));
    await writing.promise;
    const digest = createHash('sha256').update(lease.bytes).digest('hex');
    closeSync(file);
    lease.release();
    expect(reactor.turn).toBeGreaterThan(turns);
    expect(readFileSync(path).equals(expected)).toBe(true);
    expect(digest).toBe(createHash('sha256').update(expected).digest('hex'));
  });

  test('R4.4: each holder releases on its own; the last one gives the bytes back', async () => {
    const { client, kept } = await keeping();
    await client.write('a message');
    const { lease, connection } = await kept;
    const other = lease.retain();
    lease.release();
    expect(String(Buffer.from(other.bytes))).toBe('a message');
    connection.write(other.bytes);
    const third = other.retain();
    other[Symbol.dispose]();
    third.release();
    expect(() => third.bytes).toThrow(stale);
    await client.receive(9);
    expect(String(client.received)).toBe('a message');
  });

  test('R4.4: too many leases are refused by name, and what is not there to be leased', async () => {
    const errors: unknown[] = [];
    const leases: Lease[] = [];
    let old: Uint8Array | undefined;
    const { place, reactor } = await bench.serve(
      {
        data(connection, bytes) {
          old = bytes;
          try {
            for (;;) leases.push(reactor.lease(bytes));
          } catch (error) {
            errors.push(error);
          }
          connection.end();
        },
      },
      { limits: { leases: 2 } },
    );
    const client = bench.dial(place);
    await client.write('x');
    await client.ended;
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'ERR_CALANDRIA_LIMIT',
        message: expect.stringContaining('All 2 leases are in use (limits.leases)'),
      }),
    ]);
    for (const lease of leases) lease.release();
    expect(() => reactor.lease(old as Uint8Array)).toThrow(stale);
    expect(() => reactor.lease(Buffer.from('not ours'))).toThrow(stale);
    expect(() => reactor.lease('text' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
    expect(reactor.counters).toMatchObject({ leases: 2, leasesRefused: 1 });
    client.end();
  });

  test('R4.4: a lease outlives its connection, and is nothing any more when the reactor is closed', async () => {
    const { client, kept, reactor } = await keeping();
    client.end('last words');
    const { lease } = await kept;
    await client.ended;
    expect(String(Buffer.from(lease.bytes))).toBe('last words');
    await reactor.close();
    expect(String(Buffer.from(lease.bytes))).toBe('last words');
    const { bytes } = lease;
    lease.release();
    expect(() => reactor.lease(bytes)).toThrow(stale);
  });

  /** Keeps each message for two turns, then answers with it. */
  function later(reactor: Reactor) {
    const threads = createThreads(reactor);
    const listener = threads.listen({ port: 0 });
    const answer = async (thread: Thread, connection: ThreadConnection): Promise<void> => {
      for (;;) {
        const lease = await connection.readLease();
        if (!lease) return connection.end('the end');
        await thread.sleep(2);
        await connection.write(lease.bytes);
        lease.release();
      }
    };
    threads.spawn(async (thread) => {
      for await (const connection of thread.accept(listener)) threads.spawn(answer, connection);
    });
    return listener;
  }

  test('R4.4: a thread reads without a copy, and its end gives back what it forgot', async () => {
    const reactor = bench.reactor();
    const threads = createThreads(reactor);
    const listener = threads.listen({ port: 0 });
    const thread = threads.spawn(async (thread) => {
      const connection = (await thread.acceptOne(listener)) as ThreadConnection;
      const first = (await connection.readLease(4)) as Lease;
      // These came with the first ones, when nobody waited for them.
      const second = (await connection.readLease()) as Lease;
      const end = await connection.readLease();
      await thread.sleep(5);
      const texts = [first, second].map(({ bytes }) => String(Buffer.from(bytes)));
      first.release();
      return { leases: [first, second], texts, copied: [first.copied, second.copied], end };
    });
    const client = bench.dial(await listener.ready());
    client.end('leased and copied');
    const { leases, texts, copied, end } = await thread.result();
    expect(texts).toEqual(['leas', 'ed and copied']);
    expect(copied).toEqual([false, true]);
    expect(end).toBeUndefined();
    expect(leases.map(({ released }) => released)).toEqual([true, true]);
    await client.ended;
  });

  test('R4.4: leases are in the trace: both replays make the same, and send the same bytes', async () => {
    const file = traceFile();
    const digests = traceFile();
    for (const [where, payload] of [
      [file, 'full'],
      [digests, 'digest'],
    ] as const) {
      const reactor = createReactor({ host: record(chooseHost(bench.host), where, { payload }) });
      const clients = [1, 2, 3].map((seed) => ({ seed, sent: pattern(20_000, seed) }));
      const place = await later(reactor).ready();
      await Promise.all(
        clients.map(async ({ sent }) => {
          const client = bench.dial(place);
          await client.write(sent.subarray(0, 100));
          await client.receive(100);
          client.end(sent.subarray(100));
          await client.ended;
          expect(client.received.equals(Buffer.concat([sent, Buffer.from('the end')]))).toBe(true);
        }),
      );
      expect(reactor.counters.leases).toBeGreaterThan(5);
      await reactor.close();
    }
    expect(await replayBoth(file, later)).toEqual(IDENTICAL);
    expect(replayCore(openTrace(digests)).verdict).toBe('identical');
  });
});
