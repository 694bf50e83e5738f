// Opening beneath a directory, on every host: what lies there is opened, and nothing else is, also
// while somebody exchanges folders for links.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Directory } from '../../src';
import { LEADS_TO, plantTree, type Tree } from '../support/beneath';
import { forEachKind } from '../support/conformance';
import { failure, freshFolder } from '../support/folder';
import { endPrograms, start } from '../support/program';

const freshPath = freshFolder();
const trees: Tree[] = [];
afterEach(async () => {
  await endPrograms();
  for (const tree of trees.splice(0)) tree.close();
});

async function plant(): Promise<string> {
  const path = freshPath();
  mkdirSync(path);
  const tree = await plantTree(path);
  trees.push(tree);
  return tree.root;
}

/** What a path leads to, in the words of LEADS_TO. */
async function lead(directory: Directory, path: string): Promise<string> {
  try {
    const file = await directory.openBeneath(path);
    const what = file.isDirectory ? 'a folder' : await file.readFile('utf8');
    await file.close();
    return file.linked ? `${what}, linked` : what;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

forEachKind('beneath', (bench) => {
  test('files and folders are opened, also through links; what is elsewhere is not', async () => {
    const directory = await bench.reactor().openDirectory(await plant());
    for (const [path, what] of Object.entries(LEADS_TO)) {
      expect([path, what.split(' or ')]).toEqual([
        path,
        expect.arrayContaining([await lead(directory, path)]),
      ]);
    }
  });

  test('a path that names its way out is refused before the system is asked', async () => {
    const directory = await bench.reactor().openDirectory(await plant());
    for (const path of [
      '..',
      '../secret',
      '/file',
      'folder/..',
      './file',
      'a//b',
      'a/',
      '',
      '\0',
    ]) {
      expect(await failure(directory.openBeneath(path))).toBe('ERR_CALANDRIA_BAD_OPTION');
    }
    const long = 'x'.repeat(256);
    expect(await failure(directory.openBeneath(long))).toBe(`ENAMETOOLONG open ${long}`);
    await directory.close();
    expect(await failure(directory.openBeneath('file'))).toBe(
      'ERR_CALANDRIA_CLOSED open file'.replace('file', directory.path),
    );
  });

  test('a folder that becomes a link and back again never lets anybody out', async () => {
    const root = await plant();
    const outside = join(root, '..', 'outside');
    for (const [folder, text] of [
      [join(root, 'swapped'), 'inside'],
      [outside, 'outside'],
    ] as const) {
      mkdirSync(folder);
      writeFileSync(join(folder, 'file'), text);
    }
    const program = start('conformance/programs/swap.mjs', { parameters: [root, outside] });
    await program.next();
    const directory = await bench.reactor().openDirectory(root);
    const seen = new Map<string, number>();
    // Whoever has the processor, both of us have it now and then.
    for (let round = 0; round < 300 || !seen.has('inside'); round++) {
      const what = await lead(directory, 'swapped/file');
      seen.set(what, (seen.get(what) ?? 0) + 1);
    }
    program.send({ stop: true });
    expect(await program.next()).toEqual({ swaps: expect.any(Number) });
    expect([...seen.keys()].sort()).toEqual(
      [...seen.keys()].filter((what) => /^(inside|inside, linked|EXDEV|ENOENT)$/.test(what)).sort(),
    );
  });
});
