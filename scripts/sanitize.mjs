// Runs the test suite over native hosts compiled with AddressSanitizer, LeakSanitizer and
// UndefinedBehaviorSanitizer: all of it on the host that is preferred, and what depends on the host
// on each that can run here.
//
// Usage: node scripts/sanitize.mjs [pattern...]      (patterns of paths, as jest takes them)
//
// The binary goes to build/sanitize/ and is handed to the tests by CALANDRIA_BINARY; the ordinary
// one stays as it is. Node itself is not instrumented, so the runtime has to be there before it:
// LD_PRELOAD.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BUILT_ON_IT, CONFORMANCE, hostsHere } from './host-suites.mjs';
import { finish, runJest } from './jest-counts.mjs';
import { linkSources, nodeGypArguments, root, toolchainMissing } from './toolchain.mjs';

const folder = join(root, 'build/sanitize');
const binary = join(folder, 'build/Release/calandria.node');

function runtimePath(name) {
  const result = spawnSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' });
  const path = result.stdout?.trim() ?? '';
  // A compiler that does not have the file answers with the bare name.
  return path.includes('/') && existsSync(path) ? path : undefined;
}

const missing = toolchainMissing();
if (missing) finish(`SKIP sanitizers: ${missing}`, 0, 0);
const runtime = runtimePath('libasan.so');
if (!runtime) finish('SKIP sanitizers: g++ comes without libasan', 0, 0);

linkSources(folder);
// In two steps: `build` would hand gyp's definitions on to make.
for (const gyp of [['configure', '--', '-Dsanitize=1'], ['build']]) {
  const run = spawnSync(process.execPath, nodeGypArguments(['-C', folder, ...gyp]), {
    cwd: root,
    encoding: 'utf8',
  });
  if (run.status !== 0) {
    process.stderr.write(`${run.stdout}${run.stderr}`);
    finish('FAIL sanitizers: the build failed, see above', 0, 1);
  }
}

/** The environment of a process whose leaks are to be told in a file of its own. */
function environment(leaks) {
  return {
    CALANDRIA_BINARY: binary,
    LD_PRELOAD: runtime,
    // Aborts, because of the next line a wrong access would be told by no exit code. Of what was
    // freed little is kept back, or no memory would be flat.
    ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=1:quarantine_size_mb=16',
    // What Node leaves at its exit is not this library's leak: reports are read, exit codes left.
    LSAN_OPTIONS: `exitcode=0:log_path=${leaks}`,
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  };
}

/** Leaks of what the shim itself asked for, in the report of a process that has ended. */
function leaksOf(leaks, pid) {
  const file = `${leaks}.${pid}`;
  if (!existsSync(file)) return [];
  const reports = readFileSync(file, 'utf8').split('\n\n');
  return reports.filter((text) => / leak of [\s\S]*? #1 [^\n]*\bhost\/\w+\.(cc|h):/.test(text));
}

/**
 * Wrong accesses of ours, in the reports of all processes of a run, also those that tests started:
 * commands of the system, which make their own mistakes, have no shim.
 */
function accessesOf(name) {
  const reports = readdirSync(leaks).filter((file) => file.startsWith(`${name}.`));
  const texts = reports.map((file) => readFileSync(join(leaks, file), 'utf8'));
  const ours = /ERROR: AddressSanitizer[\s\S]*(\bhost\/\w+\.(cc|h):|\/node\+0x)/;
  return texts.filter((text) => ours.test(text));
}

const total = { passed: 0, failed: 0 };
const leaks = join(root, 'build/results/leaks');
rmSync(leaks, { recursive: true, force: true });
mkdirSync(leaks, { recursive: true });

function told(title, passed, failed) {
  console.log(`${failed > 0 ? 'FAIL' : 'PASS'} ${title}: ${passed} passed, ${failed} failed`);
  total.passed += passed;
  total.failed += failed;
}

// A module that loses what it allocates or, if asked, writes at the end where nothing is any more:
// what finds nothing here would find nothing ever.
const FORGETFUL = `# 1 "host/forgetful.cc"
#include <cstdlib>
static volatile char* gone;
static void write_there() { *gone = 1; }
extern "C" void* napi_register_module_v1(void*, void* exports) {
  volatile char* lost = static_cast<char*>(malloc(100));
  lost[0] = 1;
  lost = nullptr;
  gone = static_cast<char*>(malloc(100));
  free(const_cast<char*>(gone));
  if (getenv("WRITE_THERE")) atexit(write_there);
  return exports;
}`;

function checkThatLeaksAreFound() {
  const forgetful = join(leaks, 'calandria.node');
  const flags = ['-fsanitize=address', '-g', '-O0', '-fPIC', '-shared', '-x', 'c++', '-'];
  const built = spawnSync('g++', [...flags, '-o', forgetful], { input: FORGETFUL });
  const file = join(leaks, 'planted');
  const load = (more) =>
    spawnSync(process.execPath, ['-e', `require('${forgetful}')`], {
      env: { ...process.env, ...environment(file), ...more },
      stdio: 'inherit',
    });
  const { pid, status } = load({});
  const found = built.status === 0 && status === 0 && leaksOf(file, pid).length > 0;
  told('a leak that was planted is found', found ? 1 : 0, found ? 0 : 1);
  load({ WRITE_THERE: '1' });
  const wrong = accessesOf('planted').length > 0;
  told('a wrong access that was planted is found', wrong ? 1 : 0, wrong ? 0 : 1);
}

function run(title, more, jestArguments) {
  const name = title.replaceAll(/\W+/g, '-');
  const file = join(leaks, name);
  const { passed, failed, pid } = runJest(`sanitize-${name}`, {
    // One process: it is the preloaded one, and a report of the sanitizer is not torn between
    // workers.
    jestArguments: ['--runInBand', ...jestArguments],
    env: { ...environment(file), ...more },
  });
  const found = [...leaksOf(file, pid), ...accessesOf(name)];
  for (const report of found) console.log(report);
  told(title, passed, failed + found.length);
}

const patterns = process.argv.slice(2);
checkThatLeaksAreFound();
run('the whole suite', {}, patterns);
for (const { name } of hostsHere().filter(({ name }) => name !== 'null')) {
  const suites = patterns.length > 0 ? patterns : [CONFORMANCE, ...BUILT_ON_IT];
  run(`host ${name}`, { CALANDRIA_HOST: name }, suites);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
