// What is read from a file is input: the trace has the bytes, and a replay needs no file.
import '../support/tidy-up';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { epoll, type Host, node, type Reactor, uring } from '../../src/index';
import { pattern } from '../support/conformance';
import { failure, freshFolder } from '../support/folder';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';
import { ringMissing } from '../support/ring';

const freshPath = freshFolder();

/** Everything that can be asked of a file, and what came of it. */
async function program(
  reactor: Reactor,
  { path, direct, lines }: { path: string; direct: boolean; lines: string[] },
): Promise<void> {
  const tell = (...words: unknown[]): void => {
    lines.push(`${reactor.turn} ${words.join(' ')}`);
  };
  const digest = (bytes: Uint8Array): string =>
    createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  const file = await reactor.openFile(path, 'r+', 0o600, { direct });
  const { size, mtimeMs, ino } = await file.stat();
  tell('stat', size, mtimeMs, ino, file.direct);
  const reads = [0, 4096, 100_000, 262_144, size - 10, size].map(async (position) => {
    const { bytesRead, buffer, via } = await file.read(Buffer.alloc(8192), 0, 8192, position);
    tell('read', position, bytesRead, digest(buffer), via);
  });
  await Promise.all(reads);
  for await (const chunk of file.chunks({ size: 300_000 })) tell('chunk', digest(chunk));
  tell('write', (await file.write(pattern(50_000), 0, null, 4096)).bytesWritten);
  tell('sync', (await file.sync()).via);
  tell('refused', await failure(reactor.openFile(`${path}/not`)));
  await file.close();
  const directory = await reactor.openDirectory('/proc/self/fdinfo');
  let entries = 0;
  for await (const { name } of directory) entries += Number(name) >= 0 ? 1 : 0;
  tell('entries', entries);
  await reactor.close();
}

type Case = [string, () => Host, boolean];
const RINGS: Case[] =
  ringMissing === ''
    ? [
        ['uring', uring, false],
        ['uring, past the page cache', uring, true],
      ]
    : [];

describe.each<Case>([
  ['epoll', epoll, false],
  ['epoll, past the page cache', epoll, true],
  ['node', node, false],
  ...RINGS,
])('files on %s', (_, host, direct) => {
  test('R0.3 R4.25: both replays hear what was read, without the file', async () => {
    const path = freshPath();
    writeFileSync(path, pattern(1_000_000));
    const { file, reactor } = startRecording({ host: host() });
    const heard: string[] = [];
    await program(reactor, { path, direct, lines: heard });
    expect(heard.filter((line) => line.includes('chunk')).length).toBe(4);
    expect(readFileSync(path).equals(pattern(1_000_000))).toBe(false);
    rmSync(path);
    const again: string[] = [];
    const replays = await replayBoth(file, (replayed) => {
      void program(replayed, { path, direct, lines: again });
    });
    expect(replays).toEqual(IDENTICAL);
    expect(again).toEqual(heard);
  });
});
