// The project's own files, for the tests that look at them. Folders are walked, git is not asked:
// the tests also run in a copy that has no history.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(__dirname, '../..');

const FOLDERS = [
  '.ci',
  'assembly',
  'bench',
  'docs',
  'examples',
  'host',
  'protocols',
  'scripts',
  'src',
  'test',
];
const FIXTURES = 'test/fixtures/';

export interface TreeFile {
  /** From the root of the project, with slashes. */
  readonly path: string;
  readonly text: string;
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function pathsUnder(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? pathsUnder(path) : [path];
  });
}

/** All text files except fixtures: the folders above, and what lies beside them. */
export function readTree(): TreeFile[] {
  const top = readdirSync(root, { withFileTypes: true });
  const beside = top.filter((entry) => entry.isFile()).map(({ name }) => name);
  const folders = FOLDERS.filter((folder) => top.some(({ name }) => name === folder));
  return [...beside, ...folders.flatMap(pathsUnder)]
    .filter(
      (path) =>
        !path.startsWith(FIXTURES) &&
        /(^|\/)[^.]+$|\.(ts|cc|h|c|mjs|js|json|md|gyp|grit|npmrc)$/.test(path),
    )
    .map((path) => ({ path, text: readText(path) }));
}

/** Those under a folder, with one of these endings. */
export function filesIn(tree: readonly TreeFile[], folder: string, endings: string): TreeFile[] {
  const wanted = new RegExp(`^${folder}/.*\\.(${endings})$`);
  return tree.filter(({ path }) => wanted.test(path));
}
