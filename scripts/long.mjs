// Runs what takes long by its nature, test/**/*.long.test.ts: cores with a planted mistake, every
// byte of a trace damaged, the shim under another compiler, benchmarks, an installation that is
// built.
//
// Usage: node scripts/long.mjs [pattern...]      (patterns of paths, as jest takes them)

import { runJest } from './jest-counts.mjs';

const { passed, failed } = runJest('long', {
  env: { TEST_LONG: '1' },
  jestArguments: process.argv.slice(2),
});
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
