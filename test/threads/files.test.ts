// Files of threads, on every host.
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createThreads, type ThreadConnection } from '../../src/threads';
import { forOneHost, pattern } from '../support/conformance';
import { freshFolder } from '../support/folder';

const freshPath = freshFolder();

/** Descriptors of this process that lead to the file. */
function opened(path: string): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return 'the descriptor of the listing itself';
    }
  });
  return links.filter((link) => link === path).length;
}

forOneHost('files of threads', (bench) => {
  test('reads look blocking, one after another or anywhere, and so do writes', async () => {
    const path = freshPath();
    const bytes = pattern(200_000);
    const threads = createThreads(bench.reactor());
    const thread = threads.spawn(async (thread) => {
      const file = await thread.open(path, { flags: 'w+', mode: 0o600 });
      await file.write(bytes, 0);
      await file.write('beg', 0);
      await file.sync();
      const parts: Buffer[] = [];
      for await (const part of file) parts.push(part);
      const end = await file.read();
      await file.write(' and more');
      const more = await file.read();
      const at = await file.readAt(199_999, 4);
      const { size } = await file.stat();
      await file.close();
      return { whole: Buffer.concat(parts), parts: parts.length, end, more, at, size };
    });
    const { whole, parts, end, more, at, size } = await thread.result();
    expect(whole.subarray(3).equals(bytes.subarray(3))).toBe(true);
    expect([String(whole.subarray(0, 3)), parts, end.length]).toEqual(['beg', 4, 0]);
    expect(String(more)).toBe('');
    expect(String(at.subarray(1))).toBe(' an');
    expect(size).toBe(200_009);
    expect(readFileSync(path).length).toBe(200_009);
    while (opened(path) > 0) await new Promise(setImmediate);
  });

  test('what was not there is an error of the system; a thread that ends closes its files', async () => {
    const path = freshPath();
    const threads = createThreads(bench.reactor());
    const thread = threads.spawn(async (thread) => {
      const missing = await thread.open(path).catch((error) => [error.code, error.path]);
      writeFileSync(path, 'text');
      await thread.open(path);
      await thread.open(path);
      return [missing, opened(path)];
    });
    expect(await thread.result()).toEqual([['ENOENT', path], 2]);
    while (opened(path) > 0) await new Promise(setImmediate);
  });

  test('R4.3: an open or a read that another call overtook leaves no descriptor, and loses nothing', async () => {
    const path = freshPath();
    const bytes = pattern(100_000);
    writeFileSync(path, bytes);
    const threads = createThreads(bench.reactor());
    const thread = threads.spawn(async (thread) => {
      const first = await thread.any([thread.open(path), Promise.resolve()]);
      const file = await thread.open(path);
      const parts: Buffer[] = [];
      let lost = 0;
      while (Buffer.concat(parts).length < bytes.length) {
        const { index, value } = await thread.any([file.read(7000), Promise.resolve()]);
        if (index === 0) parts.push(value as Buffer);
        else if (++lost % 2 === 0) parts.push(await file.read(5000));
      }
      return [first.index, lost > 0, Buffer.concat(parts).equals(bytes)];
    });
    expect(await thread.result()).toEqual([1, true, true]);
    while (opened(path) > 0) await new Promise(setImmediate);
  });

  test('R4.5: a thread may wait for a file and a socket at once; a strict one is refused', async () => {
    const path = freshPath();
    writeFileSync(path, 'of the file');
    for (const strict of [false, true]) {
      const reactor = bench.reactor();
      const threads = createThreads(reactor, { strict });
      const listener = threads.listen({ port: 0 });
      const thread = threads.spawn(async (thread) => {
        const connection = (await thread.acceptOne(listener)) as ThreadConnection;
        const file = await thread.open(path);
        const both = await thread
          .any([connection.read(), file.read()])
          .then(({ index, value }) => [index, String(value)])
          .catch(({ code, message }) => [code, message]);
        const reading = connection.read();
        const beside = await file.readAt(0, 2).then(String, ({ code }) => code);
        await connection.write('go on');
        const slept = await thread.any([reading, thread.sleep(1e6)]);
        return { both, beside, read: String(slept.value), alone: String(await file.readAt(3, 3)) };
      });
      const client = bench.dial(await listener.ready());
      await client.receive(5);
      client.end('of the socket');
      const refused = 'ERR_CALANDRIA_USAGE';
      const message =
        'The thread 1 would wait for a file and for the network at once, which strict threads may not.';
      expect(await thread.result()).toEqual({
        both: strict ? [refused, message] : [1, 'of the file'],
        beside: strict ? refused : 'of',
        read: 'of the socket',
        alone: 'the',
      });
      await client.ended;
    }
  });

  test('R4.9: with `ahead` the next part is read while the thread waits for something else', async () => {
    const path = freshPath();
    const bytes = pattern(300_000);
    writeFileSync(path, bytes);
    for (const ahead of [false, true]) {
      const reactor = bench.reactor();
      const threads = createThreads(reactor);
      const reads = () => reactor.metrics().operations.departures;
      const thread = threads.spawn(async (thread) => {
        const file = await thread.open(path, { ahead });
        const before = reads();
        const parts: Buffer[] = [];
        const waited: number[] = [];
        for (;;) {
          const turn = reactor.turn;
          const part = await file.read(100_000);
          waited.push(reactor.turn - turn);
          if (part.length === 0) break;
          parts.push(part);
          const done = reads();
          // As if for the network: for as long as the disk takes, or for a while.
          do await thread.sleep(20);
          while (ahead && reads() === done);
          expect(reads() - done).toBe(ahead ? 1 : 0);
        }
        expect(reads() - before).toBe(4);
        expect(Buffer.concat(parts).equals(bytes)).toBe(true);
        return waited;
      });
      const [first, ...others] = await thread.result();
      expect(first).toBeGreaterThan(0);
      expect(others.length).toBe(3);
      for (const turns of others) {
        if (ahead) expect(turns).toBe(0);
        else expect(turns).toBeGreaterThan(0);
      }
    }
  });

  test('sendFile() goes behind what was written, and in front of what is written later', async () => {
    const path = freshPath();
    const bytes = pattern(2_000_000);
    writeFileSync(path, bytes);
    const threads = createThreads(bench.reactor());
    const listener = threads.listen({ port: 0 });
    const thread = threads.spawn(async (thread) => {
      const connection = (await thread.acceptOne(listener)) as ThreadConnection;
      const file = await thread.open(path);
      void connection.write('<');
      const sent = connection.sendFile(file, 1, bytes.length - 1);
      void connection.write('>');
      const { bytesSent } = await sent;
      return bytesSent;
    });
    const client = bench.dial(await listener.ready());
    await client.ended;
    expect(await thread.result()).toBe(bytes.length - 1);
    const expected = Buffer.concat([Buffer.from('<'), bytes.subarray(1), Buffer.from('>')]);
    expect(client.received.equals(expected)).toBe(true);
    client.end();
  });
});
