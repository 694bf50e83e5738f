// Files that change, vanish or fail while they are used, and programs that ask for nonsense.
import '../support/tidy-up';
import { renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createReactor, type Reactor } from '../../src/index';
import { limits, runs, testWith } from '../support/commands';
import { forOneHost, pattern } from '../support/conformance';
import { failure, freshFolder } from '../support/folder';
import { endPrograms, start } from '../support/program';

const freshPath = freshFolder();
const SIZE = 1 << 20;

afterEach(endPrograms);

forOneHost('files that fail', (bench) => {
  test('a file deleted or replaced while it is read is read to its end', async () => {
    const [path, other] = [freshPath(), freshPath()];
    const bytes = pattern(SIZE);
    writeFileSync(path, bytes);
    writeFileSync(other, pattern(SIZE, 2));
    const file = await bench.reactor().openFile(path);
    const parts: Buffer[] = [];
    for await (const chunk of file.chunks({ size: 100_000 })) {
      parts.push(chunk);
      if (parts.length === 2) renameSync(other, path);
      if (parts.length === 4) rmSync(path);
    }
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  test('a file truncated while it is read ends early, and stays readable', async () => {
    const path = freshPath();
    const bytes = pattern(SIZE);
    writeFileSync(path, bytes);
    const file = await bench.reactor().openFile(path);
    const parts: Buffer[] = [];
    for await (const chunk of file.chunks({ size: 65_536 })) {
      parts.push(chunk);
      if (parts.length === 2) truncateSync(path, 300_000);
    }
    const read = Buffer.concat(parts);
    expect(read.length).toBe(300_000);
    expect(read.equals(bytes.subarray(0, 300_000))).toBe(true);
    truncateSync(path, 0);
    expect((await file.read(Buffer.alloc(10), 0, 10, 0)).bytesRead).toBe(0);
  });

  testWith(runs('test', '-c', '/dev/full'), '/dev/full')(
    'a disk that is full is ENOSPC, with call and path, for short writes and long ones',
    async () => {
      const file = await bench.reactor().openFile('/dev/full', 'r+');
      expect(await failure(file.write('x'))).toBe('ENOSPC write /dev/full');
      const long = file.write(Buffer.alloc(SIZE));
      expect(await failure(long)).toBe('ENOSPC write /dev/full');
      // And goes on: what can be done is done.
      expect((await file.read(Buffer.alloc(100, 1), 0, 100, 0)).bytesRead).toBe(100);
      await file.close();
    },
  );

  testWith(limits, 'prlimit')(
    'out of descriptors: EMFILE by name, and served again when there are some',
    async () => {
      const path = freshPath();
      writeFileSync(path, 'text');
      const program = start('faults/programs/many-files.mjs', {
        parameters: [bench.host, path],
        through: ['prlimit', '--nofile=64:64'],
      });
      const { open, after, ...refused } = await program.next<Record<string, number>>();
      expect(Object.keys(refused)).toEqual(['EMFILE open true']);
      expect((open as number) + (refused['EMFILE open true'] as number)).toBe(100);
      expect(open).toBeGreaterThan(10);
      expect(after).toBe(4);
    },
  );

  testWith(runs('mkfifo', '--version'), 'mkfifo')(
    'a pipe that nobody writes holds up neither the open nor the close',
    async () => {
      const path = freshPath();
      runs('mkfifo', path);
      const reactor = bench.reactor();
      const file = await reactor.openFile(path);
      expect((await file.stat()).isFIFO()).toBe(true);
      await file.close();
      expect(await failure(reactor.openFile(path, 'a'))).toMatch(/^ENXIO|^E6|^EIO/);
    },
  );

  test('closing while reads are under way answers them first', async () => {
    const path = freshPath();
    writeFileSync(path, pattern(SIZE));
    const reactor = bench.reactor({ limits: { tasksInFlight: 2 } });
    const file = await reactor.openFile(path);
    const order: string[] = [];
    const reads = Array.from({ length: 50 }, (_, place) =>
      file.read(Buffer.alloc(1000), 0, 1000, place).then(() => order.push('read')),
    );
    await file.close().then(() => order.push('closed'));
    await Promise.all(reads);
    expect(order).toEqual([...Array(50).fill('read'), 'closed']);
  });

  test('closing while it is being opened: the promise says so, and nothing is left open', async () => {
    const path = freshPath();
    writeFileSync(path, 'x');
    const reactor = bench.reactor();
    const opening = failure(reactor.openFile(path));
    await reactor.close();
    expect(await opening).toBe(`ERR_CALANDRIA_CLOSED open ${path}`);
  });

  test('streams: from one file through a pipeline into another', async () => {
    const [from, to] = [freshPath(), freshPath()];
    const bytes = pattern(SIZE + 123);
    writeFileSync(from, bytes);
    const reactor = bench.reactor();
    const source = await reactor.openFile(from);
    const target = await reactor.openFile(to, 'w+');
    await pipeline(source.createReadStream({ start: 23 }), target.createWriteStream({ start: 5 }));
    const { buffer, bytesRead } = await target.read(Buffer.alloc(SIZE + 200), { position: 0 });
    expect(bytesRead).toBe(SIZE + 105);
    expect(buffer.subarray(5, bytesRead).equals(bytes.subarray(23))).toBe(true);
    const closed = await reactor.openFile(from);
    await closed.close();
    expect(await failure(pipeline(closed.createReadStream(), target.createWriteStream()))).toBe(
      `ERR_CALANDRIA_CLOSED read ${from}`,
    );
  });
});

describe('nonsense is refused by name, with the value', () => {
  let reactor: Reactor;
  const path = freshPath;

  beforeAll(() => {
    reactor = createReactor();
  });
  afterAll(() => reactor.close());

  async function message(attempt: () => Promise<unknown>): Promise<string> {
    try {
      await attempt();
      return 'it did not fail';
    } catch (error) {
      return `${(error as NodeJS.ErrnoException).code}: ${(error as Error).message}`;
    }
  }

  test.each<[string, (file: never) => unknown, RegExp]>([
    [
      'a path that is no string',
      () => reactor.openFile(5 as never),
      /path must be a string, not 5/,
    ],
    ['an empty path', () => reactor.openFile(''), /path is not empty/],
    ['a zero byte in it', () => reactor.openFile('a\0b'), /no zero byte, unlike "a\\u0000b"/],
    ['unknown flags', () => reactor.openFile('x', 'rq'), /flags is one of r, .*, not "rq"/],
    ['inherited flags', () => reactor.openFile('x', 'toString'), /flags is one of/],
    ['a mode that is none', () => reactor.openFile('x', 'r', -1), /mode .* 0o7777, not -1/],
    [
      'direct that is no flag',
      () => reactor.openFile('x', 'r', 0, { direct: 1 as never }),
      /direct must be true or false, not 1/,
    ],
    ['no directory path', () => reactor.openDirectory(null as never), /path must be a string/],
  ])('%s', async (_, attempt, expected) => {
    const said = await message(() => attempt(undefined as never) as Promise<unknown>);
    expect(said).toMatch(/^ERR_(CALANDRIA_BAD_OPTION|INVALID_ARG_TYPE): /);
    expect(said).toMatch(expected);
  });

  test('positions, offsets, lengths and buffers', async () => {
    const file = await reactor.openFile(path(), 'w+');
    const buffer = Buffer.alloc(10);
    const cases: [() => Promise<unknown>, string][] = [
      [() => file.read(buffer, 0, 10, -1), 'position is a whole number from 0 to'],
      [() => file.read(buffer, 0, 10, 1.5), 'not 1.5'],
      [() => file.read(buffer, 0, 10, Number.NaN), 'not NaN'],
      [() => file.read(buffer, 0, 11, 0), 'length is a whole number from 0 to 10, not 11'],
      [() => file.read(buffer, 11, 0, 0), 'offset is a whole number from 0 to 10, not 11'],
      [() => file.read(buffer, 5, 6, 0), 'length is a whole number from 0 to 5, not 6'],
      [() => file.read(buffer, 0, '1' as never, 0), "length must be a number, not '1'"],
      [() => file.read('text' as never), "options must be an object, not 'text'"],
      [() => file.write({} as never), 'buffer must be a Buffer, typed array or DataView, not {}'],
      [() => file.write(buffer, 0, 99), 'length is a whole number from 0 to 10, not 99'],
      [() => file.write('text', -4), 'position is a whole number from 0 to'],
      [() => file.readv('x' as never), 'buffers must be an array'],
      [() => file.readv([1 as never]), 'buffers[0] must be a Buffer'],
      [() => file.truncate(-1), 'length is a whole number from 0 to'],
      [() => file.chunks({ size: 0.5 }).next(), 'size is a whole number from 1 to'],
      [() => file.chunks({ size: 0 }).next(), 'size is a whole number from 1 to'],
      [() => file.chunks({ start: -1 }).next(), 'start is a whole number from 0 to'],
    ];
    for (const [attempt, expected] of cases) expect(await message(attempt)).toContain(expected);
    // None of that reached the file.
    expect((await file.stat()).size).toBe(0);
    expect((await file.read(buffer, 0, 0, 0)).bytesRead).toBe(0);
    expect((await file.write(buffer, 0, 0, 0)).bytesWritten).toBe(0);
  });
});
