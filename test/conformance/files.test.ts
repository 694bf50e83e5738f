// Files, the same on every host: everything about them is answered later, in order and by name.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forEachKind, pattern } from '../support/conformance';
import { failure, freshFolder } from '../support/folder';

const freshPath = freshFolder();

forEachKind('files', (bench) => {
  test('what is written is read back, and the kernel has it too', async () => {
    const path = freshPath();
    const bytes = pattern(300_000);
    const file = await bench.reactor().openFile(path, 'w+', 0o600);
    expect((await file.write(bytes)).bytesWritten).toBe(bytes.length);
    expect((await file.write('ünd Text', null)).bytesWritten).toBe(9);
    const buffer = Buffer.alloc(300_009);
    const { bytesRead, buffer: same } = await file.read(buffer, 0, buffer.length, 0);
    expect([bytesRead, same === buffer]).toEqual([300_009, true]);
    await file.close();
    expect(buffer.equals(Buffer.concat([bytes, Buffer.from('ünd Text')]))).toBe(true);
    expect(readFileSync(path).equals(buffer)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('R4.21: a read goes on until its length, or the end of the file', async () => {
    const path = freshPath();
    const bytes = pattern(1_000_000);
    writeFileSync(path, bytes);
    const file = await bench.reactor().openFile(path);
    // Longer than the host takes in one step.
    const whole = Buffer.alloc(bytes.length + 10, 7);
    expect((await file.read(whole, 0, whole.length, 0)).bytesRead).toBe(bytes.length);
    expect(whole.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect([...whole.subarray(bytes.length)]).toEqual(Array(10).fill(7));
    const end = await file.read(whole, { position: bytes.length });
    expect(end.bytesRead).toBe(0);
    const part = await file.read({ buffer: Buffer.alloc(9), offset: 2, length: 4, position: 5 });
    expect(part.bytesRead).toBe(4);
    expect([...part.buffer]).toEqual([0, 0, ...bytes.subarray(5, 9), 0, 0, 0]);
    expect((await file.read({ position: 0 })).buffer.length).toBe(16384);
  });

  test('R0.3 R3.31: 10 MiB of a regular file, which no notifier takes, are what they were', async () => {
    const path = freshPath();
    const bytes = pattern(10 << 20);
    writeFileSync(path, bytes);
    const expected = createHash('sha256').update(bytes).digest('hex');
    const reactor = bench.reactor();
    for (const direct of [false, true]) {
      const file = await reactor.openFile(path, 'r', 0, { direct });
      const hash = createHash('sha256');
      for await (const chunk of file.chunks({ size: 65_536 })) hash.update(chunk);
      expect(hash.digest('hex')).toBe(expected);
      await file.close();
    }
  });

  test('the current position moves on, whoever asks at the same time', async () => {
    const file = await bench.reactor().openFile(freshPath(), 'w+');
    await Promise.all(['one ', 'two ', 'three '].map((word) => file.write(word)));
    await file.writev([Buffer.from('four '), new Uint16Array([0x6966, 0x6576])]);
    await file.writeFile(' six');
    const whole = await file.read({ position: 0 });
    expect(String(whole.buffer.subarray(0, whole.bytesRead))).toBe('one two three four five six');
  });

  test('who asks between two answers does not overtake who waits for the position', async () => {
    const reactor = bench.reactor();
    const file = await reactor.openFile(freshPath(), 'w+');
    for (let round = 0; round < 20; round++) {
      await file.truncate(0);
      // The read answers in the turn of the first write, and what follows it is asked behind that.
      const first = file.write('a');
      const read = file.read(Buffer.alloc(1), 0, 1, 1 << 20);
      const second = file.write('b');
      await Promise.all([first, second, read.then(() => file.write('c'))]);
      const { buffer } = await file.read(Buffer.alloc(3), 0, 3, 3 * round);
      expect(String(buffer)).toBe('abc');
    }
    await file.close();
  });

  test('vectored reads fill one buffer after another', async () => {
    const path = freshPath();
    const bytes = pattern(700_000);
    writeFileSync(path, bytes);
    const file = await bench.reactor().openFile(path);
    const buffers = [
      Buffer.alloc(10),
      Buffer.alloc(0),
      Buffer.alloc(400_000),
      Buffer.alloc(400_000),
    ];
    const { bytesRead } = await file.readv(buffers, 100);
    expect(bytesRead).toBe(bytes.length - 100);
    const read = Buffer.concat(buffers).subarray(0, bytesRead);
    expect(read.equals(bytes.subarray(100))).toBe(true);
  });

  test('readFile brings the rest, of files without a length too', async () => {
    const reactor = bench.reactor();
    const path = freshPath();
    writeFileSync(path, 'ein wenig Text');
    const file = await reactor.openFile(path);
    expect(await file.readFile('utf8')).toBe('ein wenig Text');
    expect((await file.readFile()).length).toBe(0);
    const status = await reactor.openFile('/proc/self/status');
    expect(await status.readFile({ encoding: 'latin1' })).toMatch(/^Name:.*\nVoluntary|Threads/s);
  });

  test('stat tells what the system tells', async () => {
    const path = freshPath();
    writeFileSync(path, pattern(5000));
    const file = await bench.reactor().openFile(path);
    const told = await file.stat();
    const { dev, ino, mode, nlink, uid, gid, size, blksize, blocks, mtimeMs } = statSync(path);
    expect(told).toMatchObject({ dev, ino, mode, nlink, uid, gid, size, blksize, blocks });
    expect(told.mtimeMs).toBeCloseTo(mtimeMs, 1);
    expect(Math.abs(told.mtime.getTime() - mtimeMs)).toBeLessThan(2);
    expect([told.isFile(), told.isDirectory(), told.isSocket()]).toEqual([true, false, false]);
  });

  test('truncate cuts, and fills up with zeros; sync and datasync resolve', async () => {
    const path = freshPath();
    const file = await bench.reactor().openFile(path, 'w');
    await file.write('0123456789');
    await file.truncate(4);
    await file.truncate(6);
    expect(['pool', 'kernel']).toContain((await file.sync()).via);
    await file.datasync();
    expect(readFileSync(path, 'latin1')).toBe('0123\0\0');
    await file.truncate();
    expect(statSync(path).size).toBe(0);
  });

  test('appending ignores the position, and keeps the order', async () => {
    const path = freshPath();
    writeFileSync(path, 'first ');
    const file = await bench.reactor().openFile(path, 'a');
    const long = pattern(200_000);
    await file.write(long, 0, long.length, 3);
    await file.write('last', 0);
    await file.close();
    const whole = Buffer.concat([Buffer.from('first '), long, Buffer.from('last')]);
    expect(readFileSync(path).equals(whole)).toBe(true);
  });

  test('R4.22: a thousand reads at once, never more than four with the host', async () => {
    const path = freshPath();
    const bytes = pattern(1_000_000);
    writeFileSync(path, bytes);
    const reactor = bench.reactor({ limits: { tasksInFlight: 4 } });
    const file = await reactor.openFile(path);
    const reads = Array.from({ length: 1000 }, async (_, place) => {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(1000), 0, 1000, place * 1000);
      return bytesRead === 1000 && buffer.equals(bytes.subarray(place * 1000, place * 1000 + 1000));
    });
    expect(new Set(await Promise.all(reads))).toEqual(new Set([true]));
    expect(reactor.counters.operations).toBe(1000);
  });

  test('one operation more than limits.tasks is refused by name, and the others are served', async () => {
    const path = freshPath();
    writeFileSync(path, pattern(100));
    const file = await bench.reactor({ limits: { tasks: 2 } }).openFile(path);
    const reads = [1, 2, 3].map(() => file.read(Buffer.alloc(100), 0, 100, 0));
    expect(await failure(reads[2] as Promise<unknown>)).toBe(`ERR_CALANDRIA_LIMIT read ${path}`);
    const served = await Promise.all(reads.slice(0, 2));
    expect(served.map(({ bytesRead }) => bytesRead)).toEqual([100, 100]);
  });

  test('writes wait for room in the write arena', async () => {
    const path = freshPath();
    const reactor = bench.reactor({ limits: { writeSegments: 2 } });
    const file = await reactor.openFile(path, 'w');
    const parts = Array.from({ length: 20 }, (_, place) => pattern(100_000, place + 1));
    await Promise.all(parts.map((part, place) => file.write(part, 0, null, place * 100_000)));
    expect(readFileSync(path).equals(Buffer.concat(parts))).toBe(true);
  });

  test('chunks come in order, from start to end, with the last one short', async () => {
    const path = freshPath();
    const bytes = pattern(200_000);
    writeFileSync(path, bytes);
    const file = await bench.reactor().openFile(path);
    const chunks: Buffer[] = [];
    for await (const chunk of file.chunks({ start: 10, end: 150_009, size: 40_000 })) {
      chunks.push(chunk);
    }
    expect(chunks.map(({ length }) => length)).toEqual([40_000, 40_000, 40_000, 30_000]);
    expect(Buffer.concat(chunks).equals(bytes.subarray(10, 150_010))).toBe(true);
    let total = 0;
    for await (const chunk of file.chunks()) total += chunk.length;
    expect(total).toBe(bytes.length);
    for await (const chunk of file.chunks({ size: 1 })) {
      expect([...chunk]).toEqual([bytes[0]]);
      break;
    }
    await file.close();
  });

  test('a directory tells its entries, with their types', async () => {
    const path = freshPath();
    mkdirSync(path);
    const names = Array.from({ length: 700 }, (_, place) => `${place}-${'ä'.repeat(place % 90)}`);
    for (const name of names) writeFileSync(join(path, name), '');
    mkdirSync(join(path, 'folder'));
    symlinkSync('nowhere', join(path, 'link'));
    const directory = await bench.reactor().openDirectory(path);
    const entries = new Map<string, string>();
    for await (const { name, type } of directory) entries.set(name, type);
    expect([...entries.keys()].sort()).toEqual([...names, 'folder', 'link'].sort());
    const types = ['0-', 'folder', 'link'].map((name) => entries.get(name));
    expect(types).toEqual(['file', 'directory', 'link']);
    expect(directory.closed).toBe(true);
    expect(await failure(directory.read())).toBe(`ERR_CALANDRIA_CLOSED getdents ${path}`);
  });

  test('an empty directory has none, and is left without reading on', async () => {
    const path = freshPath();
    mkdirSync(path);
    const directory = await bench.reactor().openDirectory(path);
    expect(await directory.read()).toBeNull();
    await directory.close();
  });

  test('every error has code, syscall and path', async () => {
    const reactor = bench.reactor();
    const path = freshPath();
    const folder = freshPath();
    mkdirSync(folder);
    writeFileSync(path, 'x');
    const failures = [
      [() => reactor.openFile(`${path}-not`), 'ENOENT open', `${path}-not`],
      [() => reactor.openFile(path, 'wx'), 'EEXIST open', path],
      [() => reactor.openFile(join(path, 'below')), 'ENOTDIR open', join(path, 'below')],
      [() => reactor.openDirectory(path), 'ENOTDIR', path],
      [() => reactor.openFile(folder, 'w'), 'EISDIR open', folder],
      [() => reactor.openFile(folder).then((file) => file.read()), 'EISDIR read', folder],
      [() => reactor.openFile(path).then((file) => file.write('y')), 'EBADF write', path],
      [() => reactor.openFile(path, 'a').then((file) => file.read()), 'EBADF read', path],
      [() => reactor.openFile(path).then((file) => file.truncate(0)), 'EINVAL ftruncate', path],
    ] as const;
    for (const [attempt, what, where] of failures) {
      expect(await failure(attempt())).toMatch(new RegExp(`^${what}( open)? ${where}$`));
    }
  });

  test('a closed file says so, by name; closing twice is closing once', async () => {
    const path = freshPath();
    const file = await bench.reactor().openFile(path, 'w+');
    await Promise.all([file.close(), file.close()]);
    await file.close();
    expect(file.closed).toBe(true);
    expect(await failure(file.read())).toBe(`ERR_CALANDRIA_CLOSED read ${path}`);
    expect(await failure(file.write('x'))).toBe(`ERR_CALANDRIA_CLOSED write ${path}`);
    expect(await failure(file.stat())).toBe(`ERR_CALANDRIA_CLOSED fstat ${path}`);
    expect(await failure(file.readFile())).toBe(`ERR_CALANDRIA_CLOSED fstat ${path}`);
  });

  test('closing waits for what was asked before', async () => {
    const path = freshPath();
    const bytes = pattern(2_000_000);
    const file = await bench.reactor().openFile(path, 'w+');
    const order: string[] = [];
    const written = Promise.all([file.write(bytes), file.write('and more')]).then(() =>
      order.push('written'),
    );
    const closed = file.close().then(() => order.push('closed'));
    await Promise.all([written, closed]);
    expect(order).toEqual(['written', 'closed']);
    expect(statSync(path).size).toBe(2_000_008);
  });

  test('a thousand files are open at once', async () => {
    const reactor = bench.reactor();
    const path = freshPath();
    mkdirSync(path);
    const files = await Promise.all(
      Array.from({ length: 1000 }, (_, place) => reactor.openFile(join(path, `${place}`), 'w+')),
    );
    await Promise.all(files.map((file, place) => file.write(`file ${place}`)));
    const read = await Promise.all(files.map((file) => file.read(Buffer.alloc(20), 0, 20, 0)));
    expect(read.map(({ buffer, bytesRead }) => String(buffer.subarray(0, bytesRead)))).toEqual(
      files.map((_, place) => `file ${place}`),
    );
    await Promise.all(files.map((file) => file.close()));
  });

  test('an encoding that Buffer does not know is refused before anything is read or written', async () => {
    const file = await bench.reactor().openFile(freshPath(), 'w+');
    for (const [encoding, code] of [
      ['no-such', 'ERR_CALANDRIA_BAD_OPTION'],
      [{ encoding: 'hex' }, 'ERR_INVALID_ARG_TYPE'],
      [1, 'ERR_INVALID_ARG_TYPE'],
    ]) {
      expect(await failure(file.writeFile('ff', encoding as never))).toBe(code);
      expect(await failure(file.write('ff', 0, encoding as never))).toBe(code);
    }
    expect(await failure(file.readFile('no-such' as never))).toBe('ERR_CALANDRIA_BAD_OPTION');
    expect(await failure(file.readFile(1 as never))).toBe('ERR_INVALID_ARG_TYPE');
    expect((await file.stat()).size).toBe(0);
    await file.write('ff', 0, 'hex');
    expect(await file.readFile({ encoding: 'hex' })).toBe('ff');
  });

  test('six thousand files that are opened at once are all answered', async () => {
    const reactor = bench.reactor();
    const path = freshPath();
    const opening = Array.from({ length: 6000 }, () => failure(reactor.openFile(path)));
    expect(new Set(await Promise.all(opening))).toEqual(new Set([`ENOENT open ${path}`]));
  });

  test('offsets beyond 4 GiB are whole, and holes read as zeros', async () => {
    const file = await bench.reactor().openFile(freshPath(), 'w+');
    const far = 5 * 2 ** 30 + 123;
    await file.write('far away', far);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(20, 1), 0, 20, far - 4);
    expect([bytesRead, buffer.toString('latin1', 0, 12)]).toEqual([12, '\0\0\0\0far away']);
    expect((await file.stat()).size).toBe(far + 8);
    expect(await failure(file.truncate(-1))).toBe('ERR_CALANDRIA_BAD_OPTION');
  });

  test('a reactor that closes while a hundred reads are under way settles them all', async () => {
    const path = freshPath();
    writeFileSync(path, pattern(100_000));
    const reactor = bench.reactor();
    const file = await reactor.openFile(path, 'r+');
    const reads = Array.from({ length: 100 }, () => file.read(Buffer.alloc(1000), 0, 1000, 0));
    const writes = Array.from({ length: 20 }, () => file.write(pattern(1000), 0, 1000, 0));
    const opens = [reactor.openFile(path), reactor.openDirectory('/')];
    const settled = Promise.allSettled([...reads, ...writes, ...opens]);
    await reactor.close();
    const outcomes = (await settled).map((outcome) =>
      outcome.status === 'fulfilled' ? 'done' : (outcome.reason as { code: string }).code,
    );
    const allowed = ['done', 'ECANCELED', 'ERR_CALANDRIA_CLOSED'];
    expect(outcomes.filter((outcome) => !allowed.includes(outcome))).toEqual([]);
    expect(await failure(reactor.openFile(path))).toBe('ERR_CALANDRIA_CLOSED');
  });
});
