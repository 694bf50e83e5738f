// How completions are looked for: announced or always, all at once or one by one, so many a turn.
import '../support/tidy-up';
import type { Reactor } from '../../src/index';
import { epoll, type NativeOptions } from '../../src/index';
import { pattern } from '../support/conformance';
import { failure, freshFolder, writeToDisk } from '../support/folder';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';

const freshPath = freshFolder();
const BLOCK = 4096;
const SIZE = 1 << 20;

/** Reads all of a file, 32 blocks at once; how many were right. */
async function readAll(reactor: Reactor, path: string, bytes: Buffer): Promise<number> {
  const file = await reactor.openFile(path, 'r', 0, { direct: true });
  let next = 0;
  let right = 0;
  const work = async (): Promise<void> => {
    while (next < SIZE / BLOCK) {
      const at = next++ * BLOCK;
      const { buffer } = await file.read(Buffer.alloc(BLOCK), 0, BLOCK, at);
      if (buffer.equals(bytes.subarray(at, at + BLOCK))) right++;
    }
  };
  await Promise.all(Array.from({ length: 32 }, work));
  await file.close();
  await reactor.close();
  return right;
}

const WAYS: readonly [string, NativeOptions, number][] = [
  ['as they are announced', {}, 64],
  ['in every turn', { collect: 'always' }, 64],
  ['announced one by one (EFD_SEMAPHORE)', { announcements: 'each' }, 64],
  ['one a turn', {}, 1],
  ['one by one, one a turn, always', { announcements: 'each', collect: 'always' }, 1],
];

test.each(WAYS)(
  'R4.26 R4.27 R4.29: completions collected %s: all of them, and both replays agree',
  async (_, options, completions) => {
    const path = freshPath();
    const bytes = pattern(SIZE);
    writeToDisk(path, bytes);
    const limits = { completions };
    const { file, reactor } = startRecording({ host: epoll(options), reactor: { limits } });
    expect(await readAll(reactor, path, bytes)).toBe(SIZE / BLOCK);
    const { announcements, collects, collectsEmpty, operations } = reactor.counters;
    expect(operations).toBe(SIZE / BLOCK);
    expect(collects - collectsEmpty).toBeLessThanOrEqual(1 + SIZE / BLOCK);
    if (completions === 1) expect(collects - collectsEmpty).toBe(1 + SIZE / BLOCK);
    // Of the open, and of each read; who collects first need not have heard of it.
    expect(announcements).toBeLessThanOrEqual(1 + SIZE / BLOCK);
    const replays = await replayBoth(file, (replayed) => void readAll(replayed, path, bytes));
    expect(replays).toEqual(IDENTICAL);
  },
);

test('a way that does not exist is refused by name', async () => {
  const open = async (options: object): Promise<unknown> => epoll(options as NativeOptions);
  expect(await failure(open({ collect: 'never' }))).toBe('ERR_CALANDRIA_BAD_OPTION');
  await expect(open({ announcements: 5 })).rejects.toThrow(
    "announcements is 'all' or 'each', not 5.",
  );
});
