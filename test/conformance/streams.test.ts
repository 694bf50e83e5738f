// What goes in comes out: bytes, their order, and the two ends of a connection.
import type { Connection } from '../../src';
import { ECHO, forEachKind, pattern, promised, Story, TRANSPORTS } from '../support/conformance';

const SMALL_VECTORS = { events: 1, operations: 8 };

forEachKind('streams', (bench) => {
  for (const { name, endpoint } of TRANSPORTS) {
    for (const limits of [{}, SMALL_VECTORS]) {
      const vectors = limits === SMALL_VECTORS ? ', with vectors for one event' : '';

      test(`what a client sends comes back whole and in order over ${name}${vectors}`, async () => {
        const { place } = await bench.serve(ECHO, { limits }, endpoint(bench));
        const client = bench.dial(place);
        const sent = pattern(3_000_000);
        for (let from = 0, size = 1; from < sent.length; from += size, size = size * 3 + 1) {
          client.socket.write(sent.subarray(from, Math.min(from + size, sent.length)));
        }
        client.end();
        await client.ended;
        expect(client.received.equals(sent)).toBe(true);
      });

      test(`many clients at once get each their own bytes over ${name}${vectors}`, async () => {
        const { place, reactor } = await bench.serve(ECHO, { limits }, endpoint(bench));
        const clients = Array.from({ length: 60 }, () => bench.dial(place));
        await Promise.all(
          clients.map(async (client, index) => {
            for (let round = 1; round <= 5; round++) {
              client.socket.write(pattern(1000, index * 10 + round));
              await client.receive(round * 1000);
            }
            client.end();
            await client.ended;
            const expected = [1, 2, 3, 4, 5].map((round) => pattern(1000, index * 10 + round));
            expect(client.received.equals(Buffer.concat(expected))).toBe(true);
          }),
        );
        expect(reactor.counters.accepted).toBe(60);
      });
    }

    test(`a dialled connection carries bytes both ways over ${name}`, async () => {
      const { place, reactor } = await bench.serve(ECHO, {}, endpoint(bench));
      const sent = pattern(500_000);
      const parts: Buffer[] = [];
      const ended = promised();
      reactor.connect('path' in place ? { path: place.path } : place, {
        open: (connection) => connection.end(sent),
        data: (_, bytes) => void parts.push(Buffer.from(bytes)),
        end: () => ended.resolve(),
      });
      await ended.promise;
      expect(Buffer.concat(parts).equals(sent)).toBe(true);
    });

    test(`the end of the peer arrives once, after its last byte, over ${name}`, async () => {
      const story = new Story();
      const { place } = await bench.serve(story.of(), {}, endpoint(bench));
      bench.dial(place).end('last words');
      await story.until('end');
      expect(story.lines).toEqual(['open', 'data last words', 'end']);
    });

    test(`after the peer's end we can still write over ${name}`, async () => {
      const { place, reactor } = await bench.serve(
        {
          end(connection) {
            // Later, from outside a turn: the write side stays open for as long as we like.
            reactor.setTimer(1, () => connection.end('an answer'));
          },
        },
        {},
        endpoint(bench),
      );
      const client = bench.dial(place);
      client.end('a question');
      await client.ended;
      expect(client.received.toString()).toBe('an answer');
    });

    test(`after our own end we can still read over ${name}`, async () => {
      const story = new Story();
      const handlers = story.of({ open: (connection) => connection.end('ours') });
      const { place } = await bench.serve(handlers, {}, endpoint(bench));
      const client = bench.dial(place);
      await client.ended;
      client.end('theirs');
      await story.until('close');
      expect(story.lines).toEqual(['open', 'data theirs', 'end', 'close']);
    });
  }

  test('sampling every turn and overwriting old bytes change nothing of what is carried', async () => {
    const { place, reactor } = await bench.serve(ECHO, { sampling: 'turn', debug: true });
    const clients = [1, 2, 3, 4, 5].map(() => bench.dial(place));
    for (const [index, client] of clients.entries()) client.end(pattern(200_000, index));
    await Promise.all(clients.map(({ ended }) => ended));
    for (const [index, { received }] of clients.entries()) {
      expect(received.equals(pattern(200_000, index))).toBe(true);
    }
    const idle = bench.dial(place);
    await idle.write('x');
    await idle.receive(1);
    // Sampling does not keep itself going: when the others have gone, turns become few.
    let turns = Number.POSITIVE_INFINITY;
    for (let look = 0; look < 50 && turns >= 12; look++) {
      const { turn } = reactor;
      await new Promise<void>((resolve) => {
        reactor.setTimer(30, () => resolve());
      });
      turns = reactor.turn - turn;
    }
    expect(turns).toBeLessThan(12);
  });

  test('without a handler for the end, it is answered with our own', async () => {
    const { place } = await bench.serve({
      data: (connection, bytes) => void connection.write(bytes),
    });
    const client = bench.dial(place);
    client.end('to and fro');
    await client.ended;
    await client.closed;
    expect(client.received.toString()).toBe('to and fro');
  });

  test('end() lets what was written leave before the peer sees the end', async () => {
    const sent = pattern(900_000);
    const { place } = await bench.serve({
      open(connection) {
        connection.write(sent);
        connection.end();
      },
    });
    const client = bench.dial(place);
    await client.ended;
    expect(client.received.equals(sent)).toBe(true);
  });

  test('close() lets what was written leave, then closes both directions', async () => {
    const sent = pattern(900_000);
    const closed = promised();
    const { place } = await bench.serve({
      open(connection) {
        connection.write(sent);
        connection.close();
      },
      close: () => closed.resolve(),
    });
    const client = bench.dial(place);
    await client.ended;
    expect(client.received.equals(sent)).toBe(true);
    await closed.promise;
  });

  test('destroy() drops what was written in the same breath', async () => {
    const { place } = await bench.serve({
      open(connection) {
        connection.write('never sent');
        connection.destroy();
      },
    });
    const client = bench.dial(place);
    client.socket.on('end', () => client.end());
    await client.closed;
    expect(client.length).toBe(0);
  });

  test('writing after end() throws ERR_CALANDRIA_CLOSED and sends nothing', async () => {
    const codes: string[] = [];
    const { place } = await bench.serve({
      open(connection) {
        connection.end('all');
        try {
          connection.write('more');
        } catch (error) {
          codes.push((error as NodeJS.ErrnoException).code ?? '');
        }
      },
    });
    const client = bench.dial(place);
    await client.ended;
    expect(client.received.toString()).toBe('all');
    expect(codes).toEqual(['ERR_CALANDRIA_CLOSED']);
  });

  test('a connection is one object from open to close, and data stays with it', async () => {
    const seen = new Map<Connection, string[]>();
    const closed = promised();
    const note = (connection: Connection, what: string): void => {
      seen.set(connection, [...(seen.get(connection) ?? []), what]);
    };
    const { place } = await bench.serve({
      open(connection) {
        connection.data = 'mine';
        note(connection, 'open');
      },
      data: (connection) => note(connection, `data ${connection.data}`),
      end(connection) {
        note(connection, 'end');
        connection.end();
      },
      close(connection) {
        note(connection, 'close');
        closed.resolve();
      },
    });
    bench.dial(place).end('x');
    await closed.promise;
    expect([...seen.values()]).toEqual([['open', 'data mine', 'end', 'close']]);
  });

  test('rx and tx still say their last after close, although the record has a new owner', async () => {
    const connections: Connection[] = [];
    const closed = promised();
    const { place } = await bench.serve({
      open: (connection) => void connections.push(connection),
      data: (connection, bytes) => void connection.write(bytes),
      end: (connection) => connection.end(),
      close: () => closed.resolve(),
    });
    bench.dial(place).end('first');
    await closed.promise;
    const [first] = connections as [Connection];
    const { sequence } = first.rx;
    const second = bench.dial(place);
    await second.write('second');
    await second.receive(6);
    const [, next] = connections as [Connection, Connection];
    expect(next.record).toBe(first.record);
    expect(next).not.toBe(first);
    expect(first.closed).toBe(true);
    expect(first.rx.eof).toBe(true);
    expect(first.rx.sequence).toBe(sequence);
    expect(first.tx.queued).toBe(0);
    expect(next.rx.eof).toBe(false);
  });

  test('what is done to a closed connection does nothing to the next owner of its record', async () => {
    const connections: Connection[] = [];
    const closed = promised();
    const { place } = await bench.serve({
      ...ECHO,
      open: (connection) => void connections.push(connection),
      close: () => closed.resolve(),
    });
    bench.dial(place).end();
    await closed.promise;
    const client = bench.dial(place);
    await client.write('a');
    await client.receive(1);
    const [first] = connections as [Connection];
    first.destroy();
    first.read(0);
    first.end();
    expect(() => first.write('x')).toThrow('closed');
    await client.write('b');
    expect((await client.receive(2)).toString()).toBe('ab');
  });
});
