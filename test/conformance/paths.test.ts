// Changes of files and folders, on every host. Each step is heard before the next one: fs.watch()
// only says that something changed.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PathChange, PathWatch } from '../../src';
import { forEachKind, promised, Story } from '../support/conformance';

function told({ kind, name, from }: PathChange): string {
  return from === undefined ? `${kind} ${name}` : `${kind} ${from} ${name}`;
}

forEachKind('paths', (bench) => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'calandria-paths-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function watched(path: string): Promise<{ story: Story; watch: PathWatch }> {
    const story = new Story();
    const watch = bench.reactor().watchPath(path, {
      change: (_, change) => story.tell(told(change)),
      overflow: () => story.tell('overflow'),
      error: (_, error) => story.tell(`error ${(error as NodeJS.ErrnoException).code}`),
      close: () => story.tell('close'),
    });
    await watch.ready();
    return { story, watch };
  }

  test('R0.8: touch, write, chmod, rename and rm give the same list on every host', async () => {
    const { story, watch } = await watched(folder);
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    const steps: [() => void, string][] = [
      [() => writeFileSync(a, ''), 'create a'],
      [() => writeFileSync(a, 'some words'), 'write a'],
      [() => chmodSync(a, 0o600), 'attributes a'],
      [() => renameSync(a, b), 'rename a b'],
      [() => mkdirSync(a), 'create a'],
      [() => rmdirSync(a), 'delete a'],
      [() => unlinkSync(b), 'delete b'],
    ];
    for (const [index, [step, line]] of steps.entries()) {
      step();
      await heard(story, index + 1);
      expect(story.lines.at(-1)).toBe(line);
    }
    expect(story.lines).toEqual(steps.map(([, line]) => line));
    watch.close();
    await story.until('close');
  });

  /** Until it tells so many lines. */
  async function heard(story: Story, lines: number): Promise<void> {
    while (story.lines.length < lines) await new Promise((resolve) => setImmediate(resolve));
  }

  test('a rename onto another name is told once, and both hosts know from where', async () => {
    writeFileSync(join(folder, 'old'), 'old');
    writeFileSync(join(folder, 'new'), 'new');
    const { story } = await watched(folder);
    renameSync(join(folder, 'old'), join(folder, 'new'));
    await story.until('rename old new');
    renameSync(join(folder, 'new'), `${folder}-out`);
    await story.until('delete new');
    renameSync(`${folder}-out`, join(folder, 'back'));
    await story.until('create back');
    expect(story.lines).toEqual(['rename old new', 'delete new', 'create back']);
  });

  test('a file is watched by its own name, and the watch closes when it is deleted', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'first');
    const { story } = await watched(path);
    writeFileSync(path, 'second, and longer');
    await story.until('write file');
    chmodSync(path, 0o600);
    await story.until('attributes file');
    unlinkSync(path);
    await story.until('close');
    const lines = story.lines.filter((line, at) => line !== story.lines[at - 1]);
    // Its last link goes, and that is a change of its attributes too.
    expect(lines.slice(-2)).toEqual(['delete file', 'close']);
  });

  test('a file that is replaced is gone from its path', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'first');
    const { story } = await watched(path);
    writeFileSync(join(folder, 'other'), 'second');
    renameSync(join(folder, 'other'), path);
    await story.until('close');
    expect(story.lines.slice(-2)).toEqual(['delete file', 'close']);
  });

  test('a path that does not exist is refused with ENOENT, and ready() rejects', async () => {
    const story = new Story();
    const watch = bench.reactor().watchPath(join(folder, 'nothing'), {
      error: (_, error) => story.tell((error as NodeJS.ErrnoException).code as string),
      close: () => story.tell('close'),
    });
    await expect(watch.ready()).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
    await story.until('close');
    expect(story.lines).toEqual(['ENOENT', 'close']);
  });

  test('for await brings the changes, and leaving the loop closes the watch', async () => {
    const closed = promised();
    const watch = bench.reactor().watchPath(folder, { close: () => closed.resolve() });
    await watch.ready();
    writeFileSync(join(folder, 'a'), '');
    for await (const event of watch) {
      expect(event).toEqual({ kind: 'create', name: 'a' });
      break;
    }
    await closed.promise;
  });

  test('R1.13: rx.available is the bytes of changes that wait, and the appetite counts changes', async () => {
    const { story, watch } = await watched(folder);
    watch.read(0);
    for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, name), '');
    const reactor = bench.reactor();
    const turn = (): Promise<void> =>
      new Promise((resolve) => void reactor.setTimer(1, () => resolve()));
    const waiting = async (bytes: number): Promise<void> => {
      while (watch.rx.available !== bytes) {
        watch.sample();
        await turn();
      }
    };
    // Each record has 16 bytes and a name of 16.
    await waiting(96);
    watch.read(2);
    await story.until('create b');
    await waiting(32);
    expect(story.lines).toEqual(['create a', 'create b']);
    watch.read(Number.POSITIVE_INFINITY);
    await story.until('create c');
  });

  test('what makes no sense is refused by name', () => {
    const reactor = bench.reactor();
    const code = (name: string): Error => expect.objectContaining({ code: name });
    expect(() => reactor.watchPath(1 as never, {})).toThrow(code('ERR_INVALID_ARG_TYPE'));
    expect(() => reactor.watchPath('x', null as never)).toThrow(code('ERR_INVALID_ARG_TYPE'));
    expect(() => reactor.watchPath('x', { change: 1 as never })).toThrow(
      code('ERR_INVALID_ARG_TYPE'),
    );
    for (const path of ['', 'a\0b', 'x'.repeat(4096)]) {
      expect(() => reactor.watchPath(path, {})).toThrow(code('ERR_CALANDRIA_BAD_OPTION'));
    }
  });
});
