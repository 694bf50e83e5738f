// Descriptors that something else opened, on every host.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { chooseHost, type Reactor } from '../../src';
import { testWith } from '../support/commands';
import { forOneHost, promised, Story } from '../support/conformance';
import { flagsOf, openPipe, removePipes } from '../support/pipes';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';

afterEach(removePipes);

/** Node's own handle of a stream or socket. */
function handleOf(owner: object): { fd: number } & Record<string, unknown> {
  return (owner as { _handle: { fd: number } & Record<string, unknown> })._handle;
}

forOneHost('adopted descriptors', (bench) => {
  const native = bench.host !== 'node';

  test('R0.2: a pipe brings its bytes, and its end when the writer is gone', async () => {
    const { reader, writer } = openPipe();
    const story = new Story();
    const connection = bench.reactor().adopt(reader, {}, story.of());
    writeSync(writer, 'one');
    await story.until('data one');
    writeSync(writer, 'two');
    await story.until('data two');
    closeSync(writer);
    await story.until('end');
    expect(connection.rx.eof).toBe(true);
    connection.close();
    await story.until('close');
    expect(story.lines).toEqual(['open', 'data one', 'data two', 'end', 'close']);
    expect(() => fstatSync(reader)).toThrow('EBADF');
  });

  test('without an `end` handler a pipe closes at its end', async () => {
    const { reader, writer } = openPipe();
    const closed = promised();
    bench.reactor().adopt(reader, {}, { close: () => closed.resolve() });
    closeSync(writer);
    await closed.promise;
  });

  test('end() on the write end of a pipe flushes, closes, and the reader sees the end', async () => {
    const { reader, writer } = openPipe();
    const closed = promised();
    const connection = bench.reactor().adopt(writer, {}, { close: () => closed.resolve() });
    connection.end('the last words');
    await closed.promise;
    const room = Buffer.alloc(100);
    expect(readSync(reader, room)).toBe(14);
    expect(readSync(reader, room)).toBe(0);
    closeSync(reader);
  });

  test('R0.2: a pipe whose reader is gone fails with EPIPE, once', async () => {
    const { reader, writer } = openPipe();
    const story = new Story();
    const reactor = bench.reactor();
    const connection = reactor.adopt(
      writer,
      {},
      {
        ...story.of({
          open: () => {
            closeSync(reader);
            connection.write('into the pipe');
          },
        }),
      },
    );
    await story.until('close');
    expect(story.lines.filter((line) => line.startsWith('error'))).toEqual(['error EPIPE']);
    if (native) expect(connection.tx.error).toBe(32);
  });

  test('what is no stream of bytes is refused by name, and stays open', async () => {
    const reactor = bench.reactor();
    const refused = async (fd: number): Promise<string> => {
      const told = promised<Error>();
      reactor.adopt(fd, {}, { error: (_, error) => told.resolve(error) });
      const error = (await told.promise) as NodeJS.ErrnoException;
      expect(error.message).toBe(`${error.code}: adopt descriptor ${fd}`);
      return error.code as string;
    };
    const file = openSync(__filename, 'r');
    const folder = openSync(__dirname, 'r');
    const datagram = createSocket('udp4');
    datagram.bind(0);
    await once(datagram, 'listening');
    const server = createServer().listen(0);
    await once(server, 'listening');
    expect(await refused(folder)).toBe('EISDIR');
    // A native host reads it in a thread (files.test.ts).
    if (!native) expect(await refused(file)).toBe('EPERM');
    expect(await refused(999_999)).toBe('EBADF');
    expect(await refused(handleOf(datagram).fd)).toBe('EPROTOTYPE');
    // node:net cannot tell, and would listen no more.
    if (native) expect(await refused(handleOf(server).fd)).toBe('EOPNOTSUPP');
    for (const fd of [file, folder, handleOf(datagram).fd, handleOf(server).fd]) fstatSync(fd);
    for (const fd of [file, folder]) closeSync(fd);
    datagram.close();
    server.close();
  });

  test('what is not a descriptor is found before anything is asked for', () => {
    const reactor = bench.reactor();
    for (const fd of [-1, 1.5, '1', Number.NaN]) {
      expect(() => reactor.adopt(fd as number, {}, {})).toThrow(/fd must be a descriptor/);
    }
  });

  test('R3.8: the pipe of a child process of Node can be adopted', async () => {
    const child = spawn('sh', ['-c', 'cat; echo done']);
    const handle = handleOf(child.stdout);
    // Node must not read it or close it any more.
    (handle.readStop as () => void)();
    Object.assign(handle, { readStart: () => 0, close: (done?: () => void) => done?.() });
    let text = '';
    const closed = promised();
    bench.reactor().adopt(
      handle.fd,
      {},
      {
        data(_, bytes) {
          text += Buffer.from(bytes).toString();
        },
        close: () => closed.resolve(),
      },
    );
    child.stdin.end('through the child\n');
    await closed.promise;
    expect(text).toBe('through the child\ndone\n');
  });

  test('R3.6: of two readers of one pipe neither hangs nor fails', async () => {
    const { path, reader, writer } = openPipe();
    const second = openSync(path, 'r');
    const reactor = bench.reactor();
    let bytesIn = 0;
    const stories = [reader, second].map((fd) => {
      const story = new Story();
      const handlers = story.of();
      reactor.adopt(
        fd,
        {},
        {
          ...handlers,
          data(_, bytes) {
            bytesIn += bytes.length;
          },
          end: (connection) => connection.close(),
        },
      );
      return story;
    });
    await Promise.all(stories.map((story) => story.until('open')));
    for (let message = 0; message < 1000; message++) {
      writeSync(writer, 'a message of twenty\n');
      if (message % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    closeSync(writer);
    await Promise.all(stories.map((story) => story.until('close')));
    expect(bytesIn).toBe(20_000);
    for (const { lines } of stories) expect(lines).toEqual(['open', 'close']);
  });

  test('R1.13: available counts the bytes in a pipe', async () => {
    const { reader, writer } = openPipe();
    const sampled = promised();
    const connection = bench.reactor().adopt(
      reader,
      {},
      {
        open(connection) {
          connection.read(0);
          writeSync(writer, 'twelve bytes');
          connection.sample();
        },
        change(connection) {
          if (connection.rx.available === 12) sampled.resolve();
        },
      },
    );
    await sampled.promise;
    // Of what others write to, the kernel does not always tell all.
    expect(connection.rx.exactness).toBe(native ? 'lower bound' : 'exact');
    closeSync(writer);
  });

  test('both replays of a program that adopts pipes are identical, and open nothing', async () => {
    const ends = [openPipe(), openPipe()] as const;
    const { file, reactor } = startRecording({ host: chooseHost(bench.host) });
    const closed = promised();
    const program = (again: Reactor, from: number, to: number, done = () => {}): void => {
      const writer = again.adopt(to, {}, { close: done });
      again.adopt(
        from,
        {},
        {
          data(_, bytes) {
            writer.write(`${Buffer.from(bytes).toString().toUpperCase()}.`);
          },
          end: (connection) => {
            connection.close();
            writer.end();
          },
        },
      );
    };
    program(reactor, ends[0].reader, ends[1].writer, () => setImmediate(closed.resolve));
    writeSync(ends[0].writer, 'what is said');
    closeSync(ends[0].writer);
    await closed.promise;
    await reactor.close();
    const room = Buffer.alloc(100);
    expect(room.toString('latin1', 0, readSync(ends[1].reader, room))).toBe('WHAT IS SAID.');
    closeSync(ends[1].reader);
    // Other numbers, of descriptors that do not even exist.
    const replays = await replayBoth(file, (again) => program(again, 5001, 5002));
    expect(replays).toEqual(IDENTICAL);
  });

  const kept = testWith(native, 'way to leave flags alone');
  kept('R2.18: the flags of an adopted descriptor stay as they are', async () => {
    const { reader, writer } = openPipe();
    const before = [flagsOf(reader), flagsOf(writer)];
    const story = new Story();
    const reactor = bench.reactor();
    const from = reactor.adopt(reader, {}, story.of());
    const to = reactor.adopt(writer, {}, {});
    to.write('through');
    await story.until('data through');
    expect([flagsOf(reader), flagsOf(writer)]).toEqual(before);
    from.close();
    await story.until('close');
  });
});
