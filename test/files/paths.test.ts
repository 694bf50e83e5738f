// Which way an operation takes where something is missing: no kernel queue, no RWF_NOWAIT, threads
// that are sent signals, a disk that fails.

import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createReactor } from '../../src/index';
import { compile, compiles, testWith, traces } from '../support/commands';
import { pattern } from '../support/conformance';
import { freshFolder, writeToDisk } from '../support/folder';
import { endPrograms, start } from '../support/program';

interface Report {
  readonly pid: number;
  readonly paths: Record<string, number>;
  readonly errors: Record<string, number>;
  readonly right: number;
  readonly announcers: number;
  readonly threads: { readonly thread: number; readonly blocked: string }[];
  readonly counters: { readonly announcements: number; readonly collects: number };
}

const freshPath = freshFolder();
afterEach(endPrograms);

async function read(
  mode: 'direct' | 'buffered',
  through: (path: string) => readonly string[] = () => [],
  warm = false,
): Promise<Report> {
  const path = freshPath();
  const bytes = pattern(1 << 20);
  writeToDisk(path, bytes);
  writeFileSync(`${path}.copy`, bytes);
  if (warm) readFileSync(path);
  const program = start('files/programs/read.mjs', {
    parameters: [path, mode, 1000],
    through: through(path),
  });
  const report = await program.next<Report>();
  program.send({ again: false });
  await program.ended;
  return report;
}

const without = (what: string) => () => ['env', `CALANDRIA_WITHOUT=${what}`];

test('R4.22: without a kernel queue (io_setup refused) the pool does it, and says so', async () => {
  const { paths, right } = await read('direct', without('aio'));
  expect([paths, right]).toEqual([{ pool: 1000 }, 1000]);
});

testWith(traces, 'strace')('R4.22: io_setup that says EAGAIN leaves it to the pool', async () => {
  const { paths, right } = await read('direct', () => [
    ...['strace', '-f', '-o', '/dev/null', '-e', 'trace=io_setup'],
    ...['-e', 'inject=io_setup:error=EAGAIN'],
  ]);
  expect([paths, right]).toEqual([{ pool: 1000 }, 1000]);
});

testWith(traces, 'strace')(
  'R4.22: an io_submit that takes none for now is made again',
  async () => {
    const { paths, right } = await read('direct', () => [
      ...['strace', '-f', '-o', '/dev/null', '-e', 'trace=io_submit'],
      ...['-e', 'inject=io_submit:error=EAGAIN:when=1..40+3'],
    ]);
    expect([paths, right]).toEqual([{ kernel: 1000 }, 1000]);
  },
);

test('R0.3 R3.33: what is cached is read at once; without RWF_NOWAIT by the pool', async () => {
  let cached = await read('buffered', undefined, true);
  // The kernel may have wanted a page for something else meanwhile; it is not likely to each time.
  for (let again = 0; again < 3 && cached.paths.pool; again++) {
    cached = await read('buffered', undefined, true);
  }
  expect([cached.paths, cached.right]).toEqual([{ 'at once': 1000 }, 1000]);
  const blind = await read('buffered', without('rwf_nowait'), true);
  expect([blind.paths, blind.right]).toEqual([{ pool: 1000 }, 1000]);
});

test('R4.23: one announcing descriptor a reactor, for the kernel queue and the pool', async () => {
  const { announcers, paths } = await read('direct');
  expect([announcers, paths]).toEqual([1, { kernel: 1000 }]);
});

testWith(traces, 'strace')(
  'a disk that fails is EIO, with call and path, and the others are served',
  async () => {
    const { errors, right } = await read('buffered', (path) => [
      ...['env', 'CALANDRIA_WITHOUT=rwf_nowait', 'strace', '-f', '-o', '/dev/null'],
      ...['-P', path, '-e', 'trace=pread64', '-e', 'inject=pread64:error=EIO:when=10+100'],
    ]);
    const failed = errors['EIO read true'] ?? 0;
    expect(Object.keys(errors)).toEqual(['EIO read true']);
    expect(failed).toBeGreaterThan(5);
    expect(right).toBe(1000 - failed);
  },
);

testWith(traces, 'strace')(
  'R3.31 R3.40: no file is given to epoll, and the loop’s thread makes no call that could wait',
  async () => {
    for (const mode of ['direct', 'buffered'] as const) {
      const log = freshPath();
      // Nothing of it is cached: each block has to come from the disk.
      const { pid, right } = await read(mode, (path) => ['strace', '-f', '-P', path, '-o', log]);
      expect(right).toBe(1000);
      const calls = readFileSync(log, 'latin1').matchAll(/^(\d+) +(?:<\.\.\. )?(\w+)/gm);
      const [loop, others] = [new Set<string>(), new Set<string>()];
      for (const [, thread, call] of calls)
        (Number(thread) === pid ? loop : others).add(call as string);
      // preadv2 with RWF_NOWAIT; io_submit names no file that strace would see.
      const allowed = ['preadv2', 'close'];
      expect([...loop].filter((call) => !allowed.includes(call))).toEqual([]);
      expect(others.has('openat')).toBe(true);
      if (mode === 'buffered') expect(others.has('pread64')).toBe(true);
    }
  },
);

test('closing gives the kernel queue back, in workers too, and the loop does not wait for it', async () => {
  const path = freshPath();
  writeToDisk(path, pattern(1 << 20));
  const before = Number(readFileSync('/proc/sys/fs/aio-nr', 'latin1'));
  const program = start('files/programs/close.mjs', { parameters: [path] });
  const report = await program.next<{ milliseconds: number; workers: number; used: number }>();
  expect(report.workers).toBe(6);
  // io_destroy(2) takes 40 and more.
  expect(report.milliseconds).toBeLessThan(30);
  expect((await program.ended).code).toBe(0);
  expect(report.used).toBeLessThanOrEqual(before + 256);
});

testWith(compiles, 'cc')('R2.12: a signal sent to a thread of the pool does nothing', async () => {
  const path = freshPath();
  const bytes = pattern(1 << 20);
  for (const name of [path, `${path}.copy`]) writeFileSync(name, bytes);
  const program = start('files/programs/read.mjs', {
    parameters: [path, 'buffered', 100],
    through: ['env', 'CALANDRIA_WITHOUT=rwf_nowait'],
  });
  const { threads } = await program.next<Report>();
  expect(threads.length).toBeGreaterThan(0);
  expect(threads.length).toBeLessThanOrEqual(4);
  const killer = compile(`
    #define _GNU_SOURCE
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    int main(int count, char **words) {
      return count == 4 ? syscall(SYS_tgkill, atoi(words[1]), atoi(words[2]), atoi(words[3])) : 1;
    }
  `);
  for (const { thread } of threads) {
    // SIGPIPE, SIGUSR2, SIGTERM
    for (const signal of [13, 12, 15]) {
      const words = [program.child.pid, thread, signal].map(String);
      expect(spawnSync(killer.file, words).status).toBe(0);
    }
  }
  killer.done();
  program.send({ again: true });
  const after = await program.next<{ bytesRead: number; threads: unknown[] }>();
  expect([after.bytesRead, after.threads.length]).toEqual([4096, threads.length]);
  expect((await program.ended).code).toBe(0);
});

test('a time that 64 bits of nanoseconds do not reach is the last that they do', async () => {
  const path = freshPath();
  writeFileSync(path, '');
  // What the file system keeps of it.
  utimesSync(path, new Date('2400-01-01'), new Date('2400-01-01'));
  const last = Number(2n ** 63n - 1n) / 1e6;
  const reactor = createReactor({ host: 'epoll' });
  const file = await reactor.openFile(path);
  expect((await file.stat()).mtimeMs).toBeCloseTo(Math.min(statSync(path).mtimeMs, last), 1);
  await reactor.close();
});
