// The life of a reactor: what keeps a process alive, and how everything ends.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ECHO, forEachKind, pattern, promised, Story } from '../support/conformance';
import { endPrograms, start } from '../support/program';

const PROGRAMS = 'conformance/programs';

/** The worker's next message, unless it fails. */
function heard<Message>(worker: Worker): Promise<Message> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', resolve);
  });
}

forEachKind('life', (bench) => {
  afterEach(endPrograms);

  test('the process exits when nothing is left, and not while something is', async () => {
    const program = start(`${PROGRAMS}/open-and-close.cjs`, { parameters: [bench.host] });
    expect(await program.ended).toMatchObject({ code: 0, stdout: 'hello\nexit\n', stderr: '' });
  });

  test('unref() lets the process exit although a listener, a connection and a timer are left', async () => {
    const program = start(`${PROGRAMS}/unref.cjs`, { parameters: [bench.host] });
    expect(await program.ended).toMatchObject({
      code: 0,
      stdout: 'still alive\nexit\n',
      stderr: '',
    });
  });

  test('bytes that the last connection of a process left behind reach a slow peer', async () => {
    const path = bench.path();
    const program = start(`${PROGRAMS}/parting-bytes.cjs`, { parameters: [bench.host, path] });
    await program.next();
    const measuring = bench.dial({ path });
    measuring.socket.pause();
    await program.next();
    const client = bench.dial({ path });
    client.socket.pause();
    const { written } = await program.next<{ written: number }>();
    measuring.socket.destroy();
    client.socket.resume();
    await client.ended;
    expect(written).toBeGreaterThan(64 << 10);
    expect(client.length).toBe(written);
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('a reactor works in a worker thread, which can end when it is closed', async () => {
    const worker = new Worker(join(__dirname, 'programs/worker.cjs'), {
      workerData: { host: bench.host },
    });
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    const { port } = await heard<{ port: number }>(worker);
    const client = bench.dial({ address: '127.0.0.1', port });
    client.end('from thread to thread');
    await client.ended;
    expect(client.received.toString()).toBe('from thread to thread');
    worker.postMessage('close');
    expect(await exited).toBe(0);
  });

  test('a worker thread can be terminated with a reactor in the middle of its work', async () => {
    const worker = new Worker(join(__dirname, 'programs/worker.cjs'), {
      workerData: { host: bench.host },
    });
    const { port } = await heard<{ port: number }>(worker);
    const client = bench.dial({ address: '127.0.0.1', port });
    client.socket.on('data', (bytes) => client.socket.write(bytes));
    client.socket.write('round and round');
    await client.receive(1000);
    await worker.terminate();
    await client.ended;
  });

  test("two reactors in one process keep out of each other's way", async () => {
    const servers = await Promise.all([bench.serve(ECHO), bench.serve(ECHO)]);
    const clients = servers.map(({ place }) => bench.dial(place));
    for (const [index, client] of clients.entries()) client.end(pattern(100_000, index));
    await Promise.all(clients.map(({ ended }) => ended));
    for (const [index, { received }] of clients.entries()) {
      expect(received.equals(pattern(100_000, index))).toBe(true);
    }
    await servers[0]?.reactor.close();
    const [, second] = servers;
    const late = bench.dial((second as (typeof servers)[0]).place);
    late.end('the other one lives');
    await late.ended;
    expect(late.received.toString()).toBe('the other one lives');
  });

  test('close() resolves when all is closed, and no handler is called after that', async () => {
    const story = new Story();
    const { place, reactor } = await bench.serve(story.of(ECHO));
    const client = bench.dial(place);
    client.socket.on('data', (bytes) => client.socket.write(bytes));
    client.socket.write('round and round');
    await client.receive(500);
    reactor.setTimer(1, () => story.tell('timer'));
    reactor.setTimer(5, () => story.tell('late timer'));
    await reactor.close();
    expect(story.lines).toContain('close');
    const { length } = story.lines;
    await client.ended;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(story.lines.length).toBe(length);
    expect(story.lines.filter((line) => line === 'close')).toEqual(['close']);
  });

  test('close() twice is once, and a closed reactor refuses new work with ERR_CALANDRIA_CLOSED', async () => {
    const { reactor } = await bench.serve({});
    const [one, two] = [reactor.close(), reactor.close()];
    await Promise.all([one, two]);
    await reactor.close();
    const code = 'ERR_CALANDRIA_CLOSED';
    expect(() => reactor.listen({ port: 0 }, {})).toThrow(expect.objectContaining({ code }));
    expect(() => reactor.setTimer(1, () => {})).toThrow(expect.objectContaining({ code }));
  });

  test('close() from within a handler ends the reactor', async () => {
    const closed = promised();
    const { place, reactor } = await bench.serve({
      data: () => void reactor.close().then(closed.resolve),
    });
    const client = bench.dial(place);
    client.socket.write('the end');
    await closed.promise;
    await client.ended;
  });

  test('close() of a reactor that never did anything resolves', async () => {
    await bench.reactor().close();
  });

  test('close({ drain }) lets queued bytes leave, and takes no new connections', async () => {
    const sent = pattern(900_000);
    const opened = promised();
    const { place, reactor } = await bench.serve({
      open(connection) {
        connection.write(sent);
        opened.resolve();
      },
    });
    const client = bench.dial(place);
    client.socket.pause();
    await opened.promise;
    const closed = reactor.close({ drain: true });
    client.socket.resume();
    await client.ended;
    expect(client.received.equals(sent)).toBe(true);
    client.end();
    await closed;
    const late = bench.dial(place);
    await late.closed;
    expect(late.error?.code).toBe('ECONNREFUSED');
  });

  test('a deadline destroys what is left by then', async () => {
    const opened = promised();
    const { place, reactor } = await bench.serve(
      {
        open(connection) {
          // More than the kernel's buffers hold, to a peer that does not read.
          connection.write(pattern(20_000_000));
          opened.resolve();
        },
      },
      { limits: { queueBytes: 20_000_000 } },
    );
    const client = bench.dial(place);
    client.socket.pause();
    await opened.promise;
    const begin = process.hrtime.bigint();
    await reactor.close({ drain: true, deadline: 30 });
    const passed = Number(process.hrtime.bigint() - begin) / 1e6;
    expect(passed).toBeGreaterThanOrEqual(30);
    expect(passed).toBeLessThan(2000);
    expect(reactor.counters.bytesDropped).toBeGreaterThan(0);
  });

  test('Symbol.asyncDispose closes', async () => {
    const { listener, reactor } = await bench.serve({});
    await reactor[Symbol.asyncDispose]();
    expect(listener.closed).toBe(true);
  });

  test('an AbortSignal closes a reactor, a listener and a connection', async () => {
    const [all, listening, dialled] = [1, 2, 3].map(() => new AbortController()) as [
      AbortController,
      AbortController,
      AbortController,
    ];
    const story = new Story();
    const { place, reactor } = await bench.serve(story.of(ECHO), { signal: all.signal });
    const second = reactor.listen({ port: 0, signal: listening.signal }, {});
    await second.ready();
    const gone = promised();
    reactor.connect(
      { ...(place as { address: string; port: number }), signal: dialled.signal },
      { open: () => dialled.abort(), close: () => gone.resolve() },
    );
    await gone.promise;
    await story.until('close');
    listening.abort();
    await new Promise<void>((resolve) => {
      reactor.setTimer(1, () => resolve());
    });
    expect(second.closed).toBe(true);
    all.abort();
    await reactor.close();
    const code = 'ERR_CALANDRIA_CLOSED';
    expect(() => reactor.listen({ port: 0 }, {})).toThrow(expect.objectContaining({ code }));
  });
});
