// Runs the test suite over a native host compiled with AddressSanitizer and
// UndefinedBehaviorSanitizer.
//
// The binary goes to build/sanitize/ and is handed to the tests by CALANDRIA_BINARY; the ordinary
// one stays as it is. Node itself is not instrumented, so the runtime has to be there before it:
// LD_PRELOAD.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runJest } from './jest-counts.mjs';
import { linkSources, nodeGypArguments, root, toolchainMissing } from './toolchain.mjs';

const folder = join(root, 'build/sanitize');
const binary = join(folder, 'build/Release/calandria.node');

function finish(line, passed, failed) {
  console.log(line);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}

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
const counts = runJest('sanitize', {
  // One process: it is the preloaded one, and a report of the sanitizer is not torn between
  // workers.
  jestArguments: ['--runInBand'],
  env: {
    CALANDRIA_BINARY: binary,
    LD_PRELOAD: runtime,
    // What Node leaves allocated at exit is not this library's leak.
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  },
});
finish(`${counts.failed > 0 ? 'FAIL' : 'PASS'} sanitizers`, counts.passed, counts.failed);
