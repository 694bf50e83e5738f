// Opening beneath a directory where the kernel has no call for it: name by name, and no link is
// followed.
import { mkdirSync } from 'node:fs';
import { LEADS_TO, plantTree } from '../support/beneath';
import { testWith, traces } from '../support/commands';
import { freshFolder } from '../support/folder';
import { endPrograms, start } from '../support/program';

const freshPath = freshFolder();
afterEach(endPrograms);

/** What is expected when every link ends the walk. */
const WITHOUT_LINKS = Object.fromEntries(
  Object.entries(LEADS_TO).map(([path, what]) => {
    if (path.startsWith('to-folder/') || path.startsWith('out-folder/')) return [path, 'ENOTDIR'];
    if (path.startsWith('out-beside/')) return [path, 'ENOTDIR'];
    return [path, /linked|EXDEV|ELOOP/.test(what) || path === 'nowhere' ? 'ELOOP' : what];
  }),
);

async function lead(through: readonly string[]): Promise<Record<string, string>> {
  const path = freshPath();
  mkdirSync(path);
  const tree = await plantTree(path);
  const program = start('files/programs/beneath.mjs', {
    parameters: [tree.root, ...Object.keys(LEADS_TO)],
    through,
  });
  const found = await program.next<Record<string, string>>();
  await program.ended;
  tree.close();
  return found;
}

test('without openat2 a path is walked, and links are not followed', async () => {
  expect(await lead(['env', 'CALANDRIA_WITHOUT=openat2'])).toEqual(WITHOUT_LINKS);
});

testWith(traces, 'strace')('a filter that refuses openat2 is as good as none', async () => {
  const command = ['strace', '-f', '-o', '/dev/null', '-e', 'trace=openat2'];
  expect(await lead([...command, '-e', 'inject=openat2:error=EPERM'])).toEqual(WITHOUT_LINKS);
});
