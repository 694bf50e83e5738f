// Files by the ring: what is not in the page cache is the kernel's, and no thread of ours waits.
import { readdirSync, readFileSync } from 'node:fs';
import type { Counters, File } from '../../src';
import { testWith, traces } from '../support/commands';
import { pattern } from '../support/conformance';
import { freshFolder, writeToDisk } from '../support/folder';
import { dial } from '../support/peer';
import { endPrograms, start } from '../support/program';
import { onRing, ringMissing, serveOnRing } from '../support/ring';
import '../support/tidy-up';

jest.setTimeout(60_000);
afterEach(endPrograms);

const freshPath = freshFolder();
const MIB = 1024 * 1024;

const traced = testWith(ringMissing === '' && traces, 'io_uring, or strace that may trace');

onRing('R3.13 R0.3: writes, syncs and reads past the page cache are the ring’s', async () => {
  const { reactor } = await serveOnRing({});
  const file = await reactor.openFile(freshPath(), 'w+', 0o600, { direct: true });
  const bytes = pattern(40_960);
  const written = await Promise.all(
    Array.from({ length: 10 }, (_, place) => file.write(bytes, 4096 * place, 4096, 4096 * place)),
  );
  const synced = [await file.datasync(), await file.sync()];
  const pieces = [Buffer.alloc(8192), Buffer.alloc(32_768)];
  const read = await file.readv(pieces, 0);
  expect(Buffer.concat(pieces)).toEqual(bytes);
  const ways = [...written, ...synced, read].map(({ via }) => via);
  // Where there is no O_DIRECT (tmpfs) the page cache has the bytes.
  expect(new Set(ways.slice(0, 12))).toEqual(new Set(['kernel']));
  expect(read.via).toBe(file.direct ? 'kernel' : 'at once');
  expect(reactor.counters.operationsPool).toBe(0);
  await file.close();
});

async function sentByRing(
  files: number,
  length: number,
): Promise<{ cold: number; bytes: Buffer; received: Buffer[] }> {
  const bytes = pattern(length);
  const opened: File[] = [];
  const served = await serveOnRing({
    data: (connection, [place]) =>
      void connection.sendFile(opened[place as number] as File, 0, length),
  });
  for (let place = 0; place < files; place++) {
    const path = freshPath();
    writeToDisk(path, bytes);
    opened.push(await served.reactor.openFile(path));
  }
  const received = await Promise.all(
    opened.map(async (_, place) => {
      const peer = await dial(served.port);
      await peer.write(Buffer.of(place));
      return peer.receive(length);
    }),
  );
  return { cold: served.reactor.counters.fileCold, bytes, received };
}

onRing('R2.25 R2.27: what of a file is not in the page cache is spliced there', async () => {
  // No whole number of pages, and more than a pipe holds.
  const { cold, bytes, received } = await sentByRing(1, 5 * MIB + 123);
  expect(received[0]?.equals(bytes)).toBe(true);
  expect(cold).toBeGreaterThan(0);
});

traced('R2.27: no thread of ours waits for the disk meanwhile', async () => {
  const path = freshPath();
  const length = 8 * MIB;
  writeToDisk(path, pattern(length));
  const log = freshPath();
  const through = ['strace', '-f', '-qq', '-o', log, '-e', 'trace=sendfile,pread64,pipe2'];
  const parameters = [path, length, '', 'uring'];
  const program = start('sending/programs/serve.mjs', { parameters, through });
  const { port } = await program.next<{ port: number }>();
  const peer = await dial(port);
  await peer.write('?');
  await peer.receive(length + 4);
  program.send({ report: true });
  const { fileCold } = await program.next<Counters>();
  peer.socket.destroy();
  await program.kill();
  expect(fileCold).toBeGreaterThan(0);
  const sends = readFileSync(log, 'utf8').match(/^\d+ +sendfile\(/gm) ?? [];
  expect(sends.length).toBeGreaterThan(8);
  expect(new Set(sends).size).toBe(1);
});

onRing('more files than are fetched at a time are sent, with the help of threads', async () => {
  const { cold, bytes, received } = await sentByRing(36, 100_000);
  expect(received.filter((one) => one.equals(bytes))).toHaveLength(36);
  expect(cold).toBeGreaterThan(24);
});

onRing('a file that ends early is an error, whoever fetches it', async () => {
  const path = freshPath();
  writeToDisk(path, pattern(MIB));
  const outcome: unknown[] = [];
  const served = await serveOnRing({
    async data(connection) {
      const file = await served.reactor.openFile(path);
      outcome.push(await connection.sendFile(file, 0, 3 * MIB).catch(({ code }) => code));
    },
    error() {},
  });
  const peer = await dial(served.port);
  await peer.write('?');
  await peer.ended;
  await served.tap.when(() => outcome.length === 1);
  expect(outcome).toEqual(['ENODATA']);
  expect(peer.received.equals(pattern(MIB))).toBe(true);
});

onRing('a reactor that closes while files are fetched leaves no descriptor behind', async () => {
  const path = freshPath();
  writeToDisk(path, Buffer.alloc(16 * MIB, 'x'));
  const before = readdirSync('/proc/self/fd').length;
  const served = await serveOnRing({
    open: (connection) => void connection.sendFile(file, 0, 16 * MIB).catch(() => {}),
    error() {},
  });
  const file = await served.reactor.openFile(path);
  const peers = await Promise.all(Array.from({ length: 8 }, () => dial(served.port)));
  await served.tap.when(() => served.reactor.counters.fileCold > 0);
  await served.reactor.close();
  for (const peer of peers) peer.socket.destroy();
  await Promise.all(peers.map(({ closed }) => closed));
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
});
