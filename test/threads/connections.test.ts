// Connections of threads, on every host.
import { createThreads, type Thread, type ThreadConnection, type Threads } from '../../src/threads';
import { forOneHost, pattern, promised } from '../support/conformance';

async function echo(_: Thread, connection: ThreadConnection): Promise<void> {
  for await (const bytes of connection) await connection.write(bytes);
  await connection.end('the end');
}

function server(threads: Threads, serve = echo) {
  const listener = threads.listen({ port: 0 });
  threads.spawn(async function accept(thread) {
    for await (const connection of thread.accept(listener)) threads.spawn(serve, connection);
  });
  return listener;
}

forOneHost('connections of threads', (bench) => {
  /** Runs one body on the connection of one client. */
  async function alone<Result>(
    body: (thread: Thread, connection: ThreadConnection) => Promise<Result>,
    options = {},
    limits = {},
  ) {
    const reactor = bench.reactor({ limits });
    const threads = createThreads(reactor, options);
    const done = promised<Result>();
    const listener = threads.listen({ port: 0 });
    const running = threads.spawn(async (thread) => {
      const connection = await thread.acceptOne(listener);
      done.resolve(await body(thread, connection as ThreadConnection));
    });
    void running.result().catch(() => {});
    const client = bench.dial(await listener.ready());
    return { reactor, threads, listener, client, done: done.promise, running };
  }

  test('R3.46 R3.1 R4.10: a thread for each connection echoes, with reads that look blocking', async () => {
    const threads = createThreads(bench.reactor());
    const place = await server(threads).ready();
    const clients = [1, 2, 3].map((seed) => ({
      client: bench.dial(place),
      sent: pattern(300_000, seed),
    }));
    for (const { client, sent } of clients) client.end(sent);
    for (const { client, sent } of clients) {
      await client.ended;
      expect(client.received.equals(Buffer.concat([sent, Buffer.from('the end')]))).toBe(true);
    }
  });

  test('R4.10: 5,000 connects, each served by a thread of its own; all are gone in the end', async () => {
    const reactor = bench.reactor();
    const threads = createThreads(reactor);
    const listener = server(threads);
    const { port } = await listener.ready();
    let served = 0;
    const dialling = Array.from({ length: 50 }, () =>
      threads.spawn(async (thread) => {
        for (let dialled = 0; dialled < 100; dialled++) {
          const connection = await thread.connect({ port });
          await connection.end(`connection ${served}`);
          const answer = `connection ${served++}the end`;
          const heard = await connection.readExactly(answer.length + 1);
          expect(String(heard).endsWith('the end')).toBe(true);
          connection.close();
        }
      }),
    );
    await Promise.all(dialling.map((thread) => thread.result()));
    listener.close();
    await threads.ended();
    expect(served).toBe(5000);
    expect(threads.metrics().threads).toMatchObject({ arrivals: 5051, departures: 5051 });
    expect(reactor.counters).toMatchObject({ accepted: 5000, connected: 5000 });
  });

  test('write() waits for room: a peer that does not read stops its thread, and memory stays flat', async () => {
    const sent = pattern(8 << 20);
    let written = 0;
    let most = 0;
    const { client, done, reactor } = await alone(async (_, connection) => {
      for (let at = 0; at < sent.length; at += 50_000) {
        await connection.write(sent.subarray(at, at + 50_000));
        written = Math.min(sent.length, at + 50_000);
        most = Math.max(most, connection.tx.queued);
      }
      await connection.end();
    });
    client.socket.pause();
    let last = -1;
    while (written !== last || written === 0) {
      last = written;
      await new Promise((resolve) => reactor.setTimer(50, () => resolve(undefined)));
    }
    expect(written).toBeLessThan(sent.length);
    expect(most).toBeLessThan(reactor.limits.queueHighWater + 50_000);
    client.socket.resume();
    await done;
    await client.ended;
    expect(client.received.equals(sent)).toBe(true);
    client.end();
  });

  test('one write larger than the queue goes in parts, in order with those behind it', async () => {
    const sent = pattern(300_000);
    const { client } = await alone(
      async (_, connection) => {
        void connection.write(sent);
        void connection.write('behind it');
        await connection.writable();
        await connection.end(', the end');
      },
      {},
      { queueBytes: 10_000, queueHighWater: 10_000 },
    );
    await client.ended;
    expect(client.received.subarray(0, 300_000).equals(sent)).toBe(true);
    expect(String(client.received.subarray(300_000))).toBe('behind it, the end');
    client.end();
  });

  test('when all connections together hold as much as they may, who writes waits, too', async () => {
    const reactor = bench.reactor({
      limits: { queueBytes: 40_000, queueHighWater: 40_000, queueBytesTotal: 60_000 },
    });
    const threads = createThreads(reactor);
    const sent = pattern(4 << 20);
    const listener = server(threads, async (_, connection) => {
      await connection.write(sent);
      await connection.end();
    });
    const place = await listener.ready();
    const clients = [1, 2, 3].map(() => bench.dial(place));
    for (const client of clients) {
      await client.ended;
      expect(client.received.equals(sent)).toBe(true);
      client.end();
    }
  });

  test('R4.3: a read that another call overtook has taken nothing, and asks for nothing any more', async () => {
    const sent = pattern(200_000);
    const lost = promised();
    const go = promised();
    const { client, done, reactor } = await alone(async (thread, connection) => {
      const first = await thread.any([connection.read(), thread.sleep(5)]);
      const second = await thread.any([connection.readExactly(10), thread.pause()]);
      lost.resolve();
      await go.promise;
      return [first.index, second.index, await connection.readExactly(sent.length)] as const;
    });
    await lost.promise;
    await client.write(sent);
    await new Promise((resolve) => reactor.setTimer(50, () => resolve(undefined)));
    expect(reactor.counters.bytesIn).toBe(0);
    go.resolve();
    const [first, second, read] = await done;
    expect([first, second]).toEqual([1, 1]);
    expect(sent.equals(read)).toBe(true);
  });

  test('R4.3: of two connections the first that has bytes is read; those of the other stay', async () => {
    const read = promised();
    const { client, done, listener } = await alone(async (thread, one) => {
      const two = (await thread.acceptOne(listener)) as ThreadConnection;
      const story: string[] = [];
      while (story.length < 4) {
        const { index, value } = await thread.any([one.read(1), two.read(1)]);
        story.push(`${index}${value}`);
      }
      read.resolve();
      return [...story.sort(), String(await one.readExactly(1)), String(await two.readExactly(1))];
    });
    const other = bench.dial(await listener.ready());
    await Promise.all([client.write('ab'), other.write('cd')]);
    await read.promise;
    client.end('e');
    other.end('f');
    expect(await done).toEqual(['0a', '0b', '1c', '1d', 'e', 'f']);
  });

  test('readable() waits and takes nothing; tryRead() and tryWrite() never wait', async () => {
    const { client, done } = await alone(async (_, connection) => {
      const target = Buffer.alloc(4);
      const before = connection.tryRead(target);
      await connection.readable();
      const [first, second] = [connection.tryRead(target), connection.tryRead(target.subarray(2))];
      await connection.readable();
      const wrote = connection.tryWrite(target);
      return {
        before,
        first,
        second,
        end: connection.tryRead(target),
        wrote,
        text: String(target),
      };
    });
    client.end('abcdef');
    expect(await done).toEqual({
      before: { n: 0, again: true },
      first: { n: 4, again: false },
      second: { n: 2, again: false },
      end: { n: 0, again: false },
      wrote: { n: 4, again: false },
      text: 'abef',
    });
    await client.receive(4);
    expect(String(client.received)).toBe('abef');
  });

  test('a reset rejects reads behind the bytes that came before it, and writes', async () => {
    const got = promised();
    const { client, done } = await alone(async (_, connection) => {
      const story = [String(await connection.readExactly(2))];
      got.resolve();
      const exactly = await connection.readExactly(100).catch((error) => error.code);
      const rest = String(await connection.read());
      const read = await connection.read().catch((error) => error.code);
      const write = await connection.write('x').catch((error) => error.code);
      return [...story, exactly, rest, read, write];
    });
    await client.write('half');
    await got.promise;
    client.socket.resetAndDestroy();
    const reset = 'ECONNRESET';
    expect(await done).toEqual(['ha', reset, 'lf', reset, reset]);
  });

  test('dialling rejects with the error of the system, and can be given up', async () => {
    const reactor = bench.reactor();
    const threads = createThreads(reactor);
    const listener = reactor.listen({ port: 0 }, {});
    const { port } = await listener.ready();
    const dialling = threads.spawn(async (thread) => {
      const { index } = await thread.any([thread.connect({ port }), Promise.resolve()]);
      listener.close();
      while (!listener.closed) await thread.sleep(1);
      const refused = await thread.connect({ port }).catch((error) => error.code);
      return [index, refused];
    });
    expect(await dialling.result()).toEqual([1, 'ECONNREFUSED']);
    while (reactor.metrics().connections.length > 0) await new Promise(setImmediate);
  });

  test('accept loops end when the listener is closed; one that cannot listen rejects', async () => {
    const reactor = bench.reactor();
    const threads = createThreads(reactor);
    const listener = threads.listen({ port: 0 });
    const { port } = await listener.ready();
    const loops = [1, 2].map(() =>
      threads.spawn(async (thread) => {
        let accepted = 0;
        for await (const _ of thread.accept(listener)) accepted++;
        return accepted;
      }),
    );
    const dialled = threads.spawn(async (thread) => {
      for (let dials = 0; dials < 5; dials++) (await thread.connect({ port })).close();
      const taken = threads.listen({ port });
      taken.ready().catch(() => {});
      return thread.acceptOne(taken).catch((error) => error.code);
    });
    expect(await dialled.result()).toBe('EADDRINUSE');
    while (reactor.counters.accepted < 5) await new Promise(setImmediate);
    listener.close();
    const [one, two] = await Promise.all(loops.map((loop) => loop.result()));
    expect((one as number) + (two as number)).toBe(5);
  });

  test('a connection belongs to one thread at a time, and is closed with it', async () => {
    const reactor = bench.reactor();
    const threads = createThreads(reactor);
    const owners: number[] = [];
    const listener = threads.listen({ port: 0 });
    const acceptor = threads.spawn(async (thread) => {
      for (;;) {
        const connection = (await thread.acceptOne(listener)) as ThreadConnection;
        const asked = await connection.read(1);
        // Given away with its connection, or taken by the other thread itself.
        if (String(asked) === 'g') threads.spawn(answer, connection);
        else threads.spawn((thread) => answer(thread, thread.take(connection)));
      }
    });
    const answer = async (thread: Thread, connection: ThreadConnection): Promise<void> => {
      owners.push(connection.owner?.id as number);
      expect(connection.owner).toBe(thread);
      void connection.write('not waited for');
    };
    void acceptor.result().catch(() => {});
    for (const how of ['given', 'taken']) {
      const client = bench.dial(await listener.ready());
      await client.write(how[0] as string);
      await client.ended;
      expect(String(client.received)).toBe('not waited for');
      client.end();
    }
    expect(owners).toEqual([2, 3]);
    const last = bench.dial(await listener.ready());
    while (reactor.counters.accepted < 3) await new Promise(setImmediate);
    acceptor.abort();
    await last.ended;
  });

  test('a thread that fails takes its connection with it at once', async () => {
    const { client, running } = await alone(async (_, connection) => {
      await connection.read();
      throw new Error('no more');
    });
    const ended = expect(running.result()).rejects.toThrow('no more');
    await client.write('x');
    await client.ended;
    await ended;
    expect(client.length).toBe(0);
    client.end();
  });

  test('connections of other openers can be taken; of none that reads without a thread', async () => {
    const reactor = bench.reactor();
    const threads = createThreads(reactor);
    const listener = server(threads);
    const { port } = await listener.ready();
    const connection = reactor.connect({ port }, threads.handlers);
    const thread = threads.spawn(async (thread) => {
      const taken = thread.take(connection);
      expect(thread.take(connection)).toBe(taken);
      expect(taken.connection).toBe(connection);
      await taken.end('hello');
      return String(await taken.readExactly(12));
    });
    expect(await thread.result()).toBe('hellothe end');
    const untaken = reactor.connect({ port }, threads.handlers);
    while (!untaken.data) await new Promise(setImmediate);
    expect(() => (untaken.data as ThreadConnection).read()).toThrow(
      expect.objectContaining({ code: 'ERR_CALANDRIA_USAGE' }),
    );
  });

  test('arguments that cannot be are refused by name', async () => {
    const bad = expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION' });
    const wrong = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' });
    const { done } = await alone(async (_, connection) => {
      expect(() => connection.read(0)).toThrow(bad);
      expect(() => connection.readExactly(2 ** 31)).toThrow(bad);
      expect(() => connection.write(1 as never)).toThrow(wrong);
      expect(() => connection.tryRead('' as never)).toThrow(wrong);
      expect(() => connection.tryWrite('' as never)).toThrow(wrong);
      const file = connection.sendFile({} as never, 0, 1);
      await expect(file).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
      return 'refused';
    });
    expect(await done).toBe('refused');
  });
});
