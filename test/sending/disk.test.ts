// What only the kernel shows: which calls are made, by whom, and what the disk has to do with it.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counters } from '../../src';
import { compile, compiles, testWith, traces } from '../support/commands';
import { pattern } from '../support/conformance';
import { dial } from '../support/peer';
import { endPrograms, type Program, start } from '../support/program';

afterEach(endPrograms);

const MIB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'calandria-disk-'));
afterAll(() => rmSync(folder, { recursive: true }));

const EVICT = `
#include <fcntl.h>
#include <unistd.h>
int main(int count, char** words) {
  int fd = open(words[count - 1], O_RDONLY);
  return fd < 0 || fsync(fd) < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0;
}`;

/** Takes a file out of the page cache. */
function evict(path: string): void {
  const { file, done } = compile(EVICT);
  const { status } = spawnSync(file, [path]);
  done();
  if (status !== 0) throw new Error(`${path} cannot be evicted`);
}

interface Served {
  readonly program: Program;
  readonly port: number;
  /** `delay`: how late the loop's timers were, ms at the 99th percentile. */
  counters(): Promise<Counters & { delay: number }>;
}

async function serving(path: string, length: number, through: string[] = []): Promise<Served> {
  const parameters = [path, length];
  const program = start('sending/programs/serve.mjs', { parameters, through });
  const { port } = await program.next<{ port: number }>();
  const counters = (): ReturnType<Served['counters']> => {
    program.send({ report: true });
    return program.next<Counters & { delay: number }>();
  };
  return { program, port, counters };
}

/** `strace -f` of these calls, into a file. */
function straced(log: string): string[] {
  const calls = 'trace=sendfile,sendto,sendmsg,setsockopt,pread64,pwrite64,fadvise64';
  return ['strace', '-f', '-qq', '-o', log, '-e', calls];
}

const traced = testWith(traces, 'strace that may trace');
const evicting = testWith(traces && compiles, 'strace and compiler');

traced(
  'R2.25: 256 MiB arrive byte by byte, by sendfile, in parts that are resumed',
  async () => {
    const path = join(folder, 'large');
    const length = 256 * MIB;
    const marks = pattern(4096);
    const places = [0, 5 * MIB + 1, 130 * MIB, 177 * MIB + 13, length - marks.length];
    const fd = openSync(path, 'w');
    for (const place of places) writeSync(fd, marks, 0, marks.length, place);
    closeSync(fd);
    const log = join(folder, 'large.strace');
    const { program, port, counters } = await serving(path, length, straced(log));
    const peer = await dial(port);
    peer.socket.removeAllListeners('data');
    const expected = new Map(places.map((place) => [place + 4, marks]));
    let at = 0;
    let wrong = 0;
    const finished = new Promise<void>((resolve) => {
      peer.socket.on('data', (chunk: Buffer) => {
        const end = at + chunk.length;
        const zeros = Buffer.alloc(chunk.length);
        if (at < 4) zeros.write('head'.slice(at));
        for (const [place, bytes] of expected) {
          const from = Math.max(place, at);
          const to = Math.min(place + bytes.length, end);
          if (from < to) bytes.copy(zeros, from - at, from - place, to - place);
        }
        if (!chunk.equals(zeros)) wrong++;
        at = end;
        if (at === length + 4) resolve();
      });
    });
    peer.socket.write('?');
    await finished;
    expect(wrong).toBe(0);
    const { fileBytesOut, writesShort, bytesOut } = await counters();
    expect(fileBytesOut).toBe(length);
    expect(bytesOut).toBe(length + 4);
    expect(writesShort).toBeGreaterThan(0);
    peer.socket.destroy();
    await program.kill();
    const lines = readFileSync(log, 'utf8').split('\n');
    const sent = lines.filter((line) => /sendfile\(.*\) = \d/.test(line));
    expect(sent.length).toBeGreaterThan(250);
    // No byte of it passes through memory of ours.
    expect(lines.filter((line) => /send(to|msg)\(/.test(line) && !line.includes('head'))).toEqual(
      [],
    );
  },
  120_000,
);

traced(
  'R2.29: a head that waits for its file is followed by it in the same turn; nothing is corked',
  async () => {
    const path = join(folder, 'small');
    writeFileSync(path, pattern(5000));
    const log = join(folder, 'small.strace');
    const { program, port } = await serving(path, 5000, straced(log));
    const peer = await dial(port);
    for (let asked = 1; asked <= 50; asked++) {
      await peer.write('?');
      await peer.receive(5004 * asked);
    }
    await peer.write('????');
    await peer.receive(5004 * 54);
    await program.kill();
    peer.socket.destroy();
    const calls = readFileSync(log, 'utf8').split('\n');
    expect(calls.filter((line) => /TCP_CORK, \[1\]/.test(line))).toEqual([]);
    const sends = calls.filter((line) => /(sendfile|sendto|sendmsg)\(/.test(line));
    const heads = sends.filter((line) => line.includes('MSG_MORE'));
    expect(heads).toHaveLength(54);
    sends.forEach((line, place) => {
      if (line.includes('MSG_MORE')) expect(sends[place + 1]).toMatch(/sendfile\(/);
    });
  },
);

evicting(
  'R2.25: a file that is not in the page cache is read by a thread, and no turn waits for it',
  async () => {
    const path = join(folder, 'cold');
    const length = 32 * MIB;
    const bytes = pattern(length);
    writeFileSync(path, bytes);
    evict(path);
    const log = join(folder, 'cold.strace');
    const { program, port, counters } = await serving(path, length, [...straced(log), '-y']);
    const peer = await dial(port);
    await peer.write('?');
    const received = await peer.receive(length + 4);
    expect(received.subarray(4).equals(bytes)).toBe(true);
    const { fileCold, fileBytesOut } = await counters();
    expect(fileBytesOut).toBe(length);
    // Once at least: how much more the kernel reads ahead is its own affair.
    expect(fileCold).toBeGreaterThan(0);
    peer.socket.destroy();
    await program.kill();
    const calls = readFileSync(log, 'utf8').split('\n');
    const threadOf = (line: string): string => line.split(' ')[0] as string;
    // A thread reads by sending to nowhere (-y tells where to).
    const sends = calls.filter((line) => /sendfile\(/.test(line));
    const read = (line: string): boolean => line.includes('</dev/null>');
    const loops = new Set(sends.filter((line) => !read(line)).map(threadOf));
    const reads = sends.filter(read);
    expect(reads.length).toBeGreaterThan(0);
    expect(loops.size).toBe(1);
    expect(reads.filter((line) => loops.has(threadOf(line)))).toEqual([]);
  },
);

evicting('R3.40: while a cold file streams to one client, the loop goes on', async () => {
  const path = join(folder, 'pings');
  const length = 128 * MIB;
  const fd = openSync(path, 'w');
  const block = pattern(MIB);
  for (let place = 0; place < 128; place++) writeSync(fd, block);
  closeSync(fd);
  evict(path);
  const { program, port, counters } = await serving(path, length);
  const peer = await dial(port);
  peer.socket.removeAllListeners('data');
  let received = 0;
  const finished = new Promise<void>((resolve) => {
    peer.socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received === length + 4) resolve();
    });
  });
  peer.socket.write('?');
  await finished;
  const { fileCold, delay } = await counters();
  console.log(`a millisecond's timer was late by ${delay} ms (p99)`);
  expect(fileCold).toBeGreaterThan(0);
  expect(delay).toBeLessThan(50);
  peer.socket.destroy();
  await program.kill();
});
