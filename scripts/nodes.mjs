// Runs the test suite under other versions of Node, with the same compiled files: Node-API promises
// that one binary serves them all, and the order of ticks and timers is what differs between
// versions.
//
// Usage: node scripts/nodes.mjs [major...]      (default: 22 24 26)
//
// Each Node comes from npm into node_modules/.cache. A version that cannot be had is skipped, and
// said so.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runJest } from './jest-counts.mjs';
import { root } from './toolchain.mjs';

const majors = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24', '26'];
const windows = process.platform === 'win32';

function install(major) {
  const system = windows ? 'win' : process.platform;
  const prefix = join(root, 'node_modules/.cache/nodes', major);
  // One folder a version: npm removes from a folder whatever it was not asked for this time.
  mkdirSync(prefix, { recursive: true });
  const result = spawnSync(
    'npm',
    [
      ...['install', '--prefix', prefix, '--no-save', '--no-package-lock', '--ignore-scripts'],
      ...['--no-audit', '--no-fund', `node${major}@npm:node-${system}-${process.arch}@${major}`],
    ],
    { cwd: prefix, encoding: 'utf8', shell: windows },
  );
  const path = join(prefix, 'node_modules', `node${major}`, 'bin', windows ? 'node.exe' : 'node');
  const version = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (version.status === 0) return { path, version: version.stdout.trim() };
  const reason = (result.stderr || version.error?.message || '').trim().split('\n')[0];
  return { reason: reason || 'it does not run here' };
}

const total = { passed: 0, failed: 0 };
for (const major of majors) {
  const node = install(major);
  if (!node.path) {
    console.log(`SKIP Node ${major}: ${node.reason}`);
    continue;
  }
  const counts = runJest(`nodes-${major}`, { node: node.path });
  console.log(
    `${counts.failed > 0 ? 'FAIL' : 'PASS'} Node ${node.version}: ${counts.passed} tests`,
  );
  total.passed += counts.passed;
  total.failed += counts.failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
