// Runs the test suite under other versions of Node, with the same compiled files: Node-API promises
// that one binary serves them all, and the order of ticks and timers is what differs between
// versions.
//
// Usage: node scripts/nodes.mjs [major...]      (default: 22 24 26)
//
// Each Node comes from npm into node_modules/.cache. A version that cannot be had is skipped, and
// said so.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runJest } from './jest-counts.mjs';
import { installPackages, packageCache } from './npm-cache.mjs';

const majors = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24', '26'];
const windows = process.platform === 'win32';

function install(major) {
  const prefix = packageCache('nodes', major);
  const system = windows ? 'win' : process.platform;
  const name = `node-${system}-${process.arch}@${major}`;
  const complaint = installPackages(prefix, [`node${major}@npm:${name}`]);
  const path = join(prefix, 'node_modules', `node${major}`, 'bin', windows ? 'node.exe' : 'node');
  const version = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (version.status === 0) return { path, version: version.stdout.trim() };
  return { reason: complaint || version.error?.message || 'it does not run here' };
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
