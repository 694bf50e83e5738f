// Runs jest and counts: for the scripts that run the suite in other circumstances, and for .ci/run.
//
// Usage: node scripts/jest-counts.mjs <results.json>      prints "<passed> <failed>"

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './toolchain.mjs';

/** The counts in a file written by `jest --json`; one failure if there is no such file. */
export function readCounts(path) {
  try {
    const results = JSON.parse(readFileSync(path, 'utf8'));
    // A file that could not be loaded has no failed test in it, and is a failure all the same.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    return { passed: results.numPassedTests, failed: failed || (results.success ? 0 : 1) };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** Milliseconds that a test has: the circumstances are slow, and so may the machine be. */
const TEST_TIMEOUT = 180_000;

/** Runs the whole suite, shows jest's own report, and answers its counts and process id. */
export function runJest(
  name,
  { node = process.execPath, env = {}, jestArguments = [], timeout = TEST_TIMEOUT } = {},
) {
  const results = join(root, 'build/results', `${name}.json`);
  mkdirSync(dirname(results), { recursive: true });
  rmSync(results, { force: true });
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const options = ['--json', `--outputFile=${results}`, `--testTimeout=${timeout}`];
  const run = spawnSync(node, [jest, ...options, ...jestArguments], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const counts = readCounts(results);
  if (run.status !== 0 && counts.failed === 0) counts.failed = 1;
  return { ...counts, pid: run.pid };
}

/** Ends a script with a line of its own, if it has one, and the line that .ci/run reads. */
export function finish(line, passed, failed) {
  if (line) console.log(line);
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { passed, failed } = readCounts(process.argv[2]);
  console.log(`${passed} ${failed}`);
}
