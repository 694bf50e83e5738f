// Policies that need nothing but the record: each is a handler of a few lines.
import type { Connection, Handlers } from '../../src/index';
import { dial } from '../support/peer';
import { type Served, serve } from '../support/serve';
import '../support/tidy-up';

const sampling = { sampling: 'turn' } as const;
const text = (bytes: Uint8Array): string => String(Buffer.from(bytes));

async function sent(served: Served, connection: Connection, length: number): Promise<void> {
  await served.tap.when(
    () => connection.rx.available === length && connection.rx.exactness === 'exact',
  );
}

describe('policies on state', () => {
  test('R1.9: reads of exactly what is available', async () => {
    const sizes: number[] = [];
    const served = await serve(
      {
        open: (connection) => connection.read(0),
        change(connection) {
          const { rx } = connection;
          if (rx.exactness === 'exact' && rx.available > 0) connection.read(rx.available);
        },
        data: (_, bytes) => void sizes.push(bytes.length),
      },
      sampling,
    );
    const peer = await dial(served.port);
    await served.opened(1);
    let before = 0;
    for (const length of [3, 70, 4000, 100_000]) {
      await peer.write(Buffer.alloc(length));
      const expected = before + length;
      await served.tap.when(() => served.reactor.counters.bytesIn === expected);
      before = expected;
    }
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(before);
    expect(sizes.slice(0, 3)).toEqual([3, 70, 4000]);
    expect(served.reactor.counters.readsEmpty).toBe(0);
  });

  test('R1.9: writes coalesced up to the space', async () => {
    const line = Buffer.alloc(100, 'l');
    let lines = 0;
    const served = await serve(
      {
        open(connection) {
          connection.read(0);
          connection.sample();
        },
        change(connection) {
          // As many whole lines as fit, in one turn: they leave as one send.
          while (lines < 5000 && connection.tx.space - connection.tx.queued >= line.length) {
            expect(connection.writeSome(line)).toBe(line.length);
            lines++;
          }
          if (lines === 5000) connection.end();
        },
      },
      { limits: { queueBytes: 16 << 20 } },
    );
    const peer = await dial(served.port);
    await peer.ended;
    expect(peer.received.length).toBe(500_000);
    const { hostSends, writesShort, writesBlocked } = served.reactor.counters;
    expect(hostSends).toBeLessThan(50);
    expect(writesShort + writesBlocked).toBe(0);
  });

  test('R1.9: no read of less than a record, unless the peer has ended', async () => {
    const least = 16;
    const sizes: number[] = [];
    const served = await serve(
      {
        open: (connection) => connection.read(0),
        change(connection) {
          const { available, eof, exactness } = connection.rx;
          if (exactness === 'exact' && (available >= least || eof)) connection.read(Infinity);
          else connection.read(0);
        },
        data: (connection, bytes) => {
          sizes.push(bytes.length);
          connection.read(0);
        },
      },
      sampling,
    );
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    for (let length = 5; length <= 15; length += 5) {
      await peer.write('small');
      await sent(served, connection, length);
    }
    expect(sizes).toEqual([]);
    await peer.write('!');
    await served.tap.when(() => sizes.length === 1);
    await peer.write('rest');
    await sent(served, connection, 4);
    expect(sizes).toEqual([16]);
    peer.end();
    await served.tap.when(() => connection.closed);
    expect(sizes).toEqual([16, 4]);
  });

  test('R1.9: who has most to say goes first', async () => {
    const order: string[] = [];
    const handlers: Handlers = {
      open: (connection) => connection.read(0),
      data: (_, bytes) => void order.push(text(bytes).slice(0, 1)),
    };
    const served = await serve(handlers, sampling);
    const lengths = { a: 10, b: 1000, c: 100 };
    for (const [name, length] of Object.entries(lengths)) {
      await (await dial(served.port)).write(name.repeat(length));
    }
    await served.tap.when(
      () =>
        served.connections.length === 3 &&
        served.connections.every(
          ({ rx }) => rx.exactness === 'exact' && [10, 100, 1000].includes(rx.available),
        ),
    );
    // Priority is a sort: nothing was asked of the kernel for it.
    const { hostOthers, hostReceives } = served.reactor.counters;
    const sorted = [...served.connections].sort((a, b) => b.rx.available - a.rx.available);
    expect(served.reactor.counters).toMatchObject({ hostOthers, hostReceives });
    for (const connection of sorted) connection.read(Infinity);
    await served.tap.when(() => order.length === 3);
    expect(order).toEqual(['b', 'c', 'a']);
  });

  test('R1.9: the end is seen before what is left is read', async () => {
    const seen: string[] = [];
    const served = await serve(
      {
        open: (connection) => connection.read(0),
        change(connection) {
          const { eof, available, exactness } = connection.rx;
          if (!eof || exactness !== 'exact') return;
          // An upload that breaks off is not worth reading: decided with its bytes still in the
          // kernel.
          seen.push(`${available} bytes and the end`);
          connection.destroy();
        },
        data: () => void seen.push('data'),
      },
      sampling,
    );
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    await peer.write('x'.repeat(5000));
    await sent(served, connection, 5000);
    peer.end();
    await served.tap.when(() => connection.closed);
    expect(seen).toEqual(['5000 bytes and the end']);
    expect(served.reactor.counters.hostReceives).toBe(0);
  });
});
