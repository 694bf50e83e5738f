// Listening and connecting: names, and what becomes of them.
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { Listener } from '../../src';
import { ECHO, forEachKind, promised, Story, TRANSPORTS } from '../support/conformance';

/** The error that a promise is rejected with. */
async function rejection(promise: Promise<unknown>): Promise<NodeJS.ErrnoException> {
  try {
    await promise;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error('It was not rejected.');
}

forEachKind('listening', (bench) => {
  test('a listener on port 0 says which port it got, and where', async () => {
    const { listener } = await bench.serve({});
    expect(listener.address).toEqual({
      family: 'IPv4',
      address: '127.0.0.1',
      port: expect.any(Number),
    });
    expect(listener.address?.port).toBeGreaterThan(0);
    expect(await listener.ready()).toBe(listener.address);
  });

  test('the handler `listening` is called once, with the listener', async () => {
    const heard: unknown[] = [];
    const { listener } = await bench.serve({ listening: (given) => void heard.push(given) });
    expect(heard).toEqual([listener]);
    expect(listener).toBeInstanceOf(Listener);
  });

  test('an accepted connection knows the address of its client', async () => {
    for (const { endpoint } of TRANSPORTS) {
      const known = promised<unknown>();
      const { place } = await bench.serve(
        { open: (connection) => known.resolve(connection.peer) },
        {},
        endpoint(bench),
      );
      const { socket, closed } = bench.dial(place);
      const peer = await known.promise;
      const { localAddress, localPort, localFamily } = socket;
      expect(peer).toEqual(
        'path' in place
          ? { family: 'local', address: '', port: 0 }
          : { family: localFamily, address: localAddress, port: localPort },
      );
      socket.destroy();
      await closed;
    }
  });

  test('a dialled connection knows its own address', async () => {
    const { place, reactor } = await bench.serve({});
    const open = promised();
    const connection = reactor.connect(place as { address: string; port: number }, {
      open: () => open.resolve(),
    });
    await open.promise;
    expect(connection.peer).toEqual({
      family: 'IPv4',
      address: '127.0.0.1',
      port: expect.any(Number),
    });
  });

  test('a port in use: ready() rejects with EADDRINUSE and names the address', async () => {
    const { listener, reactor } = await bench.serve({});
    const port = listener.address?.port ?? 0;
    const second = reactor.listen({ port }, {});
    const error = await rejection(second.ready());
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' });
    expect(error.message).toContain(`127.0.0.1:${port}`);
  });

  test('a listener that fails tells its handler, and is closed then', async () => {
    const { listener, reactor } = await bench.serve({});
    const heard = promised<NodeJS.ErrnoException>();
    const second = reactor.listen(
      { port: listener.address?.port ?? 0 },
      { listenerError: (_, error) => heard.resolve(error) },
    );
    const refused = rejection(second.ready());
    expect((await heard.promise).code).toBe('EADDRINUSE');
    expect(await refused).toBe(await heard.promise);
    await reactor.close();
    expect(second.closed).toBe(true);
  });

  test('a path in a folder that does not exist cannot be listened on', async () => {
    const reactor = bench.reactor();
    const listener = reactor.listen({ path: `${bench.path()}/nowhere` }, {});
    const { code } = await rejection(listener.ready());
    // libuv answers EACCES in place of ENOENT (uv__pipe_bind), as Node users know it.
    expect(bench.host === 'node' ? 'EACCES' : 'ENOENT').toBe(code);
  });

  test('ready() of a listener that is closed at once keeps nobody waiting', async () => {
    const listener = bench.reactor().listen({ port: 0 }, {});
    listener.close();
    // Whether it got as far as listening is the host's affair.
    const outcome = await listener.ready().catch((error: NodeJS.ErrnoException) => error.code);
    expect([listener.address, 'ERR_CALANDRIA_CLOSED']).toContain(outcome);
  });

  test('connect refused is an error with code ECONNREFUSED, and then close', async () => {
    const { listener, reactor } = await bench.serve({});
    const { port } = await listener.ready();
    const gone = promised();
    const story = new Story();
    // A port that was just in use and is not any more.
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port: free } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    expect(free).not.toBe(port);
    const handlers = story.of({ close: () => gone.resolve() });
    reactor.connect({ port: free }, handlers);
    await gone.promise;
    expect(story.lines).toEqual(['error ECONNREFUSED', 'close']);
  });

  test('sample() counts who waits, though nobody ever knocked', async () => {
    const { listener, reactor } = await bench.serve({});
    expect(listener.rx.exactness).toBe('unknown');
    listener.sample();
    // Asked of the turn that takes the call, and answered in the next.
    for (let turns = 0; turns < 3; turns++) {
      await new Promise<void>((resolve) => void reactor.setTimer(0, () => resolve()));
    }
    expect([listener.backlog, listener.rx.exactness]).toEqual([0, 'exact']);
  });

  test('a closed listener leaves its path to the next one', async () => {
    const path = bench.path();
    for (let round = 0; round < 2; round++) {
      const reactor = bench.reactor();
      await reactor.listen({ path }, {}).ready();
      await reactor.close();
    }
    expect(existsSync(path)).toBe(false);
  });

  test('connecting to a path where nobody listens is ENOENT', async () => {
    const story = new Story();
    bench.reactor().connect({ path: bench.path() }, story.of());
    await story.until('close');
    expect(story.lines).toEqual(['error ENOENT', 'close']);
  });

  test('what is written before a connection is open is sent once it is', async () => {
    const { place, reactor } = await bench.serve(ECHO);
    const story = new Story();
    const connection = reactor.connect(place as { address: string; port: number }, story.of());
    connection.end('early');
    await story.until('end');
    expect(story.lines).toEqual(['open', 'data early', 'end']);
  });

  test('a connection that is destroyed before it is open hears only of its close', async () => {
    const { place, reactor } = await bench.serve({});
    const story = new Story();
    reactor.connect(place as { address: string; port: number }, story.of()).destroy();
    await story.until('close');
    expect(story.lines).toEqual(['close']);
  });

  test('a listener that is closed lets its connections live on', async () => {
    const story = new Story();
    const { listener, place } = await bench.serve(story.of(ECHO));
    const client = bench.dial(place);
    await story.until('open');
    listener.close();
    const late = bench.dial(place);
    await late.closed;
    expect(['ECONNREFUSED', 'ECONNRESET']).toContain(late.error?.code);
    client.end('still here');
    await client.ended;
    expect(client.received.toString()).toBe('still here');
    expect(listener.closed).toBe(true);
  });

  test('a listener accepts as many as it is told to, and counts who waits', async () => {
    let opened = 0;
    const two = promised();
    const { listener, place, reactor } = await bench.serve({
      open() {
        if (++opened === 2) two.resolve();
      },
    });
    listener.accept(2);
    const clients = [1, 2, 3].map(() => bench.dial(place));
    await Promise.all(
      clients.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))),
    );
    await two.promise;
    // The third is connected; a sample in a later turn counts it.
    const counted = promised();
    const look = (): void => {
      listener.sample();
      if (listener.backlog === 1) counted.resolve();
      else reactor.setTimer(1, look);
    };
    look();
    await counted.promise;
    expect(opened).toBe(2);
    listener.accept(Number.POSITIVE_INFINITY);
    clients[2]?.end();
    await clients[2]?.ended;
    expect(opened).toBe(3);
  });

  test('an address that is no number, and a port out of range, are refused at the call', () => {
    const reactor = bench.reactor();
    const code = 'ERR_CALANDRIA_BAD_ADDRESS';
    for (const endpoint of [
      { address: 'example.org', port: 80 },
      { port: 65536 },
      { port: -1 },
      { path: '' },
      { path: 'x'.repeat(200) },
    ]) {
      expect(() => reactor.listen(endpoint, {})).toThrow(expect.objectContaining({ code }));
      expect(() => reactor.connect(endpoint, {})).toThrow(expect.objectContaining({ code }));
    }
  });
});
