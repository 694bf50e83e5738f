// Changes of paths: what only the kernel's own records show, and their recording.
import '../support/tidy-up';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReactor, epoll, type Host, node, type PathWatch, type Reactor } from '../../src';
import { readChanges } from '../../src/reactor/path-changes';
import { runs, testWith } from '../support/commands';
import { kinds } from '../support/conformance';
import { start } from '../support/program';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';

const QUEUE = '/proc/sys/fs/inotify/max_queued_events';

/** May this process say how many events a queue holds? Another than the present number: no. */
function mayLimitQueues(): boolean {
  try {
    writeFileSync(QUEUE, readFileSync(QUEUE, 'utf8').trim());
    return true;
  } catch {
    return false;
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'calandria-paths-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

testWith(mayLimitQueues(), 'right to shorten the queues of inotify')(
  'R0.8: more changes than the queue of the kernel holds are told as an overflow',
  async () => {
    const reactor = createReactor({ host: epoll() });
    const heard: string[] = [];
    const usual = readFileSync(QUEUE, 'utf8').trim();
    let watch: PathWatch;
    let overflowing: () => void = () => {};
    const overflowed = new Promise<void>((resolve) => {
      overflowing = resolve;
    });
    try {
      // The queue gets its length when the watch is opened.
      writeFileSync(QUEUE, '4');
      watch = reactor.watchPath(folder, {
        change: (_, { kind, name }) => void heard.push(`${kind} ${name}`),
        overflow() {
          heard.push('overflow');
          overflowing();
        },
      });
      await watch.ready();
    } finally {
      writeFileSync(QUEUE, usual);
    }
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) mkdirSync(join(folder, name));
    await overflowed;
    expect(heard).toEqual(['create a', 'create b', 'create c', 'create d', 'overflow']);
    await reactor.close();
  },
);

const canMakeUsers = runs(
  'unshare',
  '-Ur',
  'sh',
  '-c',
  'echo 1 > /proc/sys/user/max_inotify_watches',
);

for (const { name: host } of kinds) {
  testWith(canMakeUsers, 'right to make a user namespace')(
    `more watches than the user may have are refused with ENOSPC (${host})`,
    async () => {
      mkdirSync(join(folder, 'a'));
      mkdirSync(join(folder, 'b'));
      const program = start('sources/programs/few-watches.mjs', {
        parameters: [host, join(folder, 'a'), join(folder, 'b')],
        through: ['unshare', '-Ur'],
      });
      expect(await program.next()).toEqual(['open', 'ENOSPC']);
      expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
    },
  );
}

describe.each<[string, () => Host]>([
  ['epoll', epoll],
  ['node', node],
])('a recording of changes on %s', (_, host) => {
  test('R0.8: is heard again by both replays, and no file is looked at', async () => {
    const watchHere = (reactor: Reactor, lines: string[], finished: () => void): void => {
      reactor.watchPath(folder, {
        open: () => void lines.push('open'),
        change(watch, { kind, name, from }) {
          lines.push(`${reactor.turn} ${kind} ${name} ${from}`);
          if (kind === 'rename') watch.close();
        },
        close() {
          lines.push('close');
          void reactor.close().then(finished);
        },
      });
    };
    const { file, reactor, tap } = startRecording({ host: host() });
    const heard: string[] = [];
    const finished = new Promise<void>((resolve) => watchHere(reactor, heard, resolve));
    await tap.when(() => heard.includes('open'));
    writeFileSync(join(folder, 'a'), 'words');
    await tap.when(() => heard.some((line) => line.includes('create')));
    renameSync(join(folder, 'a'), join(folder, 'b'));
    await finished;
    rmSync(folder, { recursive: true });
    const again: string[] = [];
    const program = (replayed: Reactor): void => watchHere(replayed, again, () => {});
    expect(await replayBoth(file, program as never)).toEqual(IDENTICAL);
    expect(heard.length).toBeGreaterThanOrEqual(4);
    expect(again).toEqual(heard);
  });
});

/** struct inotify_event, as the kernel writes it. */
function recordOf(mask: number, name = '', cookie = 0): Buffer {
  const length = name === '' ? 0 : Math.ceil((name.length + 1) / 16) * 16;
  const bytes = Buffer.alloc(16 + length);
  bytes.writeInt32LE(1, 0);
  bytes.writeUInt32LE(mask, 4);
  bytes.writeUInt32LE(cookie, 8);
  bytes.writeUInt32LE(length, 12);
  bytes.write(name, 16);
  return bytes;
}

describe('records of inotify(7)', () => {
  const read = (...records: Buffer[]): unknown => readChanges(Buffer.concat(records), 'own');

  test('what a creation brings with it is not told again within its batch', () => {
    const events = [
      { kind: 'create', name: 'a' },
      { kind: 'write', name: 'b' },
      { kind: 'attributes', name: 'b' },
    ];
    expect(
      read(
        ...[recordOf(0x100, 'a'), recordOf(0x4, 'a'), recordOf(0x2, 'a'), recordOf(0x2, 'b')],
        ...[recordOf(0x2, 'b'), recordOf(0x4, 'b'), recordOf(0x4, 'b')],
      ),
    ).toEqual({ events, gone: false });
  });

  test('both halves of a rename are one change, and a half alone is a creation or a deletion', () => {
    const events = [
      { kind: 'rename', name: 'b', from: 'a' },
      { kind: 'delete', name: 'c' },
      { kind: 'create', name: 'd' },
    ];
    expect(
      read(
        ...[recordOf(0x40, 'a', 7), recordOf(0x80, 'b', 7)],
        ...[recordOf(0x40, 'c', 8), recordOf(0x80, 'd', 9)],
      ),
    ).toEqual({ events, gone: false });
  });

  test('a folder that is moved, deleted or unmounted is gone, and told once', () => {
    const events = [{ kind: 'delete', name: 'own' }];
    for (const mask of [0x400, 0x800, 0x2000]) {
      expect(read(recordOf(mask), recordOf(0x400), recordOf(0x8000))).toEqual({
        events,
        gone: true,
      });
    }
  });

  test('an overflow stands where the changes are missing', () => {
    const events = [{ kind: 'create', name: 'a' }, { kind: 'overflow' }];
    expect(read(recordOf(0x100, 'a'), recordOf(0x4000))).toEqual({ events, gone: false });
  });
});
