// Pressure: who is slow holds up whoever feeds it, from end to end, and nothing grows without
// bound.
import type { Connection } from '../../src';
import { ECHO, forEachKind, pattern, promised, Story } from '../support/conformance';

/** Node's sockets say so when they hold bytes that the kernel does not take. */
function stuck(socket: { writableLength: number; write(bytes: Uint8Array): boolean }): boolean {
  return !socket.write(pattern(65536));
}

forEachKind('pressure', (bench) => {
  test('a handler with appetite 0 sees that data waits, and nothing spins', async () => {
    const seen = promised<Connection>();
    const story = new Story();
    const { place, reactor } = await bench.serve(
      story.of({
        open: (connection) => connection.read(0),
        change(connection) {
          if (connection.rx.available > 0) seen.resolve(connection);
        },
      }),
    );
    const client = bench.dial(place);
    client.socket.write('waiting');
    const connection = await seen.promise;
    const { hostReceives } = reactor.counters;
    const { turn } = reactor;
    // A rest of which it is known when it is over, and that nothing disturbs.
    await new Promise<void>((resolve) => {
      reactor.setTimer(50, () => resolve());
    });
    expect(reactor.turn - turn).toBeLessThan(8);
    expect(reactor.counters.hostReceives).toBe(hostReceives);
    expect(story.lines).toEqual(['open']);
    connection.read(Number.POSITIVE_INFINITY);
    await story.until('data waiting');
  });

  test('read(n) brings at most n bytes, and the rest waits for its turn', async () => {
    const parts: string[] = [];
    const done = promised();
    const { place, reactor } = await bench.serve({
      open: (connection) => connection.read(3),
      data(connection, bytes) {
        parts.push(Buffer.from(bytes).toString());
        if (parts.length === 3) done.resolve();
        else reactor.setTimer(1, () => connection.read(3));
      },
    });
    await bench.dial(place).write('abcdefgh');
    await done.promise;
    expect(parts.join('')).toBe('abcdefgh');
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(3);
  });

  test('a client that is not read from is held up, and goes on when it is read again', async () => {
    let connection: Connection | undefined;
    let arrived = 0;
    const { place } = await bench.serve({
      open(opened) {
        connection = opened;
        opened.read(0);
      },
      data(_, bytes) {
        arrived += bytes.length;
      },
      end: (opened) => opened.end(),
    });
    const client = bench.dial(place);
    let sent = 0;
    // Until the kernel's buffers are full: then a drain does not come any more.
    for (let full = false; !full; ) {
      sent += 65536;
      if (!stuck(client.socket)) continue;
      full = await Promise.race([
        new Promise<boolean>((resolve) => client.socket.once('drain', () => resolve(false))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 150)),
      ]);
    }
    expect(arrived).toBe(0);
    connection?.read(Number.POSITIVE_INFINITY);
    client.end();
    await client.ended;
    expect(arrived).toBe(sent);
  });

  test('write answers false when the peer does not read, and drain follows once it does', async () => {
    const story = new Story();
    const sent = pattern(200_000);
    let written = 0;
    const { place } = await bench.serve(
      story.of({
        open(connection) {
          const more = (): void => {
            written += sent.length;
            if (connection.write(sent)) setImmediate(more);
            else story.tell('full');
          };
          more();
        },
        drain: (connection) => connection.end(),
      }),
    );
    const client = bench.dial(place);
    client.socket.pause();
    await story.until('full');
    expect(story.lines).toEqual(['open', 'full']);
    client.socket.resume();
    await client.ended;
    expect(story.lines).toContain('drain');
    expect(client.length).toBe(written);
  });

  test('a write larger than the queue throws ERR_CALANDRIA_QUEUE_FULL and takes nothing', async () => {
    const errors: NodeJS.ErrnoException[] = [];
    const { place } = await bench.serve(
      {
        open(connection) {
          connection.write('before,');
          try {
            connection.write(pattern(1001));
          } catch (error) {
            errors.push(error as NodeJS.ErrnoException);
          }
          connection.end('after');
        },
      },
      { limits: { queueBytes: 1000 } },
    );
    const client = bench.dial(place);
    await client.ended;
    expect(client.received.toString()).toBe('before,after');
    expect(errors).toMatchObject([{ code: 'ERR_CALANDRIA_QUEUE_FULL' }]);
    expect(errors[0]?.message).toContain('1000');
  });

  test('what all connections hold together is bounded too', async () => {
    const codes: unknown[] = [];
    const { place } = await bench.serve(
      {
        open(connection) {
          try {
            connection.write(pattern(60_000));
          } catch (error) {
            codes.push((error as NodeJS.ErrnoException).code);
          }
          connection.end();
        },
      },
      { limits: { queueBytes: 100_000, queueBytesTotal: 50_000 } },
    );
    const client = bench.dial(place);
    await client.ended;
    expect(client.length).toBe(0);
    expect(codes).toEqual(['ERR_CALANDRIA_QUEUE_FULL']);
  });

  test('writeSome takes what fits and says how much', async () => {
    const sent = pattern(300_000);
    let taken = 0;
    const { place } = await bench.serve({
      open(connection) {
        taken = connection.writeSome(sent);
        connection.end();
      },
    });
    const client = bench.dial(place);
    await client.ended;
    expect(taken).toBeGreaterThan(0);
    expect(client.received.equals(sent.subarray(0, taken))).toBe(true);
  });

  test('a small read arena passes much more than it holds', async () => {
    const { place } = await bench.serve(ECHO, {
      limits: { readBytes: 4096, readSegments: 2, writeSegments: 1, queueBytes: 50_000 },
    });
    const sent = pattern(1_000_000);
    const clients = [1, 2, 3, 4].map(() => bench.dial(place));
    for (const client of clients) client.end(sent);
    await Promise.all(clients.map(({ ended }) => ended));
    for (const { received } of clients) expect(received.equals(sent)).toBe(true);
  });

  test('sample() brings the figures of both sides', async () => {
    const story = new Story();
    const { place } = await bench.serve(
      story.of({
        open(connection) {
          connection.read(0);
          connection.sample();
        },
        change(connection) {
          const { available, exactness } = connection.rx;
          if (available < 6) connection.sample();
          else story.tell(`${available} ${exactness}, room: ${connection.tx.space > 0}`);
        },
      }),
    );
    const client = bench.dial(place);
    await client.write('123456');
    await story.until(`6 ${bench.counted}, room: true`);
  });
});
