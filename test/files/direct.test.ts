// Past the page cache: what kernel AIO does itself, and what is rerouted to threads.
import '../support/tidy-up';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { runs, testWith } from '../support/commands';
import { freshFolder } from '../support/folder';
import { watched } from '../support/watched';

const SIZE = 1 << 20;
const BLOCK = 4096;
const freshPath = freshFolder();

/** Random places, the same in every run. */
function places(count: number, most: number): number[] {
  return Array.from({ length: count }, (_, place) => (place * 7919) % most);
}

describe('past the page cache', () => {
  test('R3.32 R3.41 R4.19: aligned reads, writes and syncs are the kernel queue’s', async () => {
    const { file, path, bytes, reactor } = await watched(freshPath(), SIZE, {
      direct: true,
      flags: 'r+',
    });
    expect(file.direct).toBe(true);
    const reads = places(64, SIZE / BLOCK).map(async (place) => {
      const at = place * BLOCK;
      const { bytesRead, buffer, via } = await file.read(Buffer.alloc(BLOCK), 0, BLOCK, at);
      return [bytesRead, via, buffer.equals(bytes.subarray(at, at + BLOCK))].join();
    });
    expect(new Set(await Promise.all(reads))).toEqual(new Set([`${BLOCK},kernel,true`]));
    const written = await file.write(bytes.subarray(0, 3 * BLOCK), 0, 3 * BLOCK, 8 * BLOCK);
    expect(written).toMatchObject({ bytesWritten: 3 * BLOCK, via: 'kernel' });
    expect(await file.sync()).toEqual({ via: 'kernel' });
    expect(await file.datasync()).toEqual({ via: 'kernel' });
    const expected = Buffer.from(bytes);
    bytes.copy(expected, 8 * BLOCK, 0, 3 * BLOCK);
    expect(readFileSync(path).equals(expected)).toBe(true);
    expect(reactor.counters.operationsKernel).toBe(64 + 1 + 2);
  });

  test('R3.32: what is not aligned is no EINVAL, but a thread’s, and says so', async () => {
    const { file, path, bytes } = await watched(freshPath(), SIZE, { direct: true, flags: 'r+' });
    // Its name is gone, and it can still be reached past the first descriptor.
    rmSync(path);
    for (const [position, length] of [
      [1, 4096],
      [4096, 100],
      [12_345, 54_321],
    ] as const) {
      const { bytesRead, buffer, via } = await file.read(Buffer.alloc(length), 0, length, position);
      expect([bytesRead, via]).toEqual([length, 'pool']);
      expect(buffer.equals(bytes.subarray(position, position + length))).toBe(true);
    }
    const written = await file.write('between', 5000);
    expect(written).toMatchObject({ bytesWritten: 7, via: 'pool' });
    // It lies in the page cache, unwritten: the kernel queue would have to wait for it.
    const { buffer, via } = await file.read(Buffer.alloc(BLOCK), 0, BLOCK, BLOCK);
    expect([buffer.toString('latin1', 904, 911), via]).toEqual(['between', 'pool']);
  });

  test('R4.20 R4.27: as many completions are announced as there are', async () => {
    const { file, seen, reactor } = await watched(freshPath(), SIZE, { direct: true });
    const reads = places(500, SIZE / BLOCK).map((place) =>
      // Every fifth goes to a thread.
      file.read(Buffer.alloc(BLOCK), 0, BLOCK, place * BLOCK + (place % 5 === 0 ? 1 : 0)),
    );
    await Promise.all(reads);
    await file.close();
    await reactor.close();
    // The open, and each step of an operation: the last one has none behind it.
    expect(seen.announced).toBe(seen.collected);
    expect(seen.collected).toBeGreaterThanOrEqual(501);
    const { operationsKernel, operationsPool, operations } = reactor.counters;
    expect([operations, operationsKernel + operationsPool]).toEqual([500, 500]);
    expect(operationsPool).toBeGreaterThan(50);
  });

  test.each([
    ['the kernel queue’s', true],
    ['a thread’s', false],
  ])('R4.22: with four allowed never more than four are under way, if %s', async (_, direct) => {
    const { file, seen, bytes } = await watched(freshPath(), SIZE, {
      direct,
      limits: { tasksInFlight: 4 },
      // Buffered writes cannot be answered at once.
      flags: 'r+',
    });
    const work = places(1000, SIZE / BLOCK).map(async (place) => {
      const at = place * BLOCK;
      if (!direct) return (await file.write(bytes.subarray(at, at + 100), 0, 100, at)).bytesWritten;
      return (await file.read(Buffer.alloc(BLOCK), 0, BLOCK, at)).bytesRead;
    });
    expect(new Set(await Promise.all(work))).toEqual(new Set([direct ? BLOCK : 100]));
    expect(seen.mostFlying).toBe(4);
  });

  test('R4.21: the end of the file comes after its last bytes, aligned or not', async () => {
    const { file, bytes } = await watched(freshPath(), SIZE - 1000, { direct: true });
    const target = Buffer.alloc(2 * BLOCK, 1);
    const { bytesRead } = await file.read(target, 0, 2 * BLOCK, SIZE - 2 * BLOCK);
    expect(bytesRead).toBe(2 * BLOCK - 1000);
    expect(target.subarray(0, bytesRead).equals(bytes.subarray(SIZE - 2 * BLOCK))).toBe(true);
    const whole = Buffer.alloc(SIZE);
    expect((await file.read(whole, 0, SIZE, 0)).bytesRead).toBe(SIZE - 1000);
    expect(whole.subarray(0, SIZE - 1000).equals(bytes)).toBe(true);
    expect((await file.read(target, 0, BLOCK, SIZE)).bytesRead).toBe(0);
  });

  test('a file system that knows no direct transfers serves through the page cache', async () => {
    const { file, bytes } = await watched(`/dev/shm/calandria-${process.pid}`, 10_000, {
      direct: true,
    });
    const { bytesRead, buffer } = await file.read(Buffer.alloc(BLOCK), 0, BLOCK, BLOCK);
    rmSync(file.path);
    expect(bytesRead).toBe(BLOCK);
    expect(buffer.equals(bytes.subarray(BLOCK, 2 * BLOCK))).toBe(true);
  });

  testWith(process.getuid?.() === 0 && runs('unshare', '-m', 'true'), 'right to mount')(
    'on such a file system a file that must be new can be made',
    async () => {
      const code = `
        const { createReactor } = require('./build/js/src/index.js');
        const reactor = createReactor({ host: 'epoll' });
        reactor.openFile('/mnt/new', 'wx', 0o600, { direct: true }).then(
          (file) => console.log('opened', file.direct), console.log,
        ).then(() => reactor.close());`;
      const mounted = 'mount -t ramfs ramfs /mnt && exec "$0" -e "$1"';
      const { stdout } = spawnSync('unshare', ['-m', 'sh', '-c', mounted, process.execPath, code], {
        encoding: 'utf8',
      });
      expect(stdout).toBe('opened false\n');
    },
  );
});
