// Runs the conformance suite on every host that can run here, in every way in which it can be asked
// to register descriptors, with event vectors of 1, 8, 64 and 1,024 records; and writes what is
// known on each into docs/hosts.md.
//
// Usage: node scripts/hosts.mjs [host...]      (default: all that can run here)

import { BUILT_ON_IT, CONFORMANCE, hostsHere, TIME_ALONE } from './host-suites.mjs';
import { runJest } from './jest-counts.mjs';

const VECTORS = [1, 8, 64, 1024];
/** What the environment says to test/support/conformance.ts for each way of registering. */
function modesOf(name) {
  return name === 'epoll' ? ['edge', 'level', 'oneshot'] : [''];
}

const total = { passed: 0, failed: 0 };

function run(title, name, environment, tests) {
  const start = process.hrtime.bigint();
  const counts = runJest(`hosts-${title.replaceAll(/\W+/g, '-')}`, {
    env: { CALANDRIA_HOST: name, ...environment },
    jestArguments: tests,
  });
  const seconds = (Number(process.hrtime.bigint() - start) / 1e9).toFixed(0);
  const verdict = counts.failed > 0 ? `FAIL ${title}: ${counts.failed} of` : `PASS ${title}:`;
  console.log(`${verdict} ${counts.passed + counts.failed} tests, ${seconds} s`);
  total.passed += counts.passed;
  total.failed += counts.failed;
}

for (const { name } of hostsHere(process.argv.slice(2))) {
  if (name === 'null') {
    run('null', name, {}, TIME_ALONE);
    continue;
  }
  run(`${name}, what is built on it`, name, {}, BUILT_ON_IT);
  run(`${name}, what is known`, name, { TEST_WRITE: '1' }, ['test/conformance/guarantees']);
  for (const mode of modesOf(name)) {
    for (const events of VECTORS) {
      const title = [name, mode, `vector of ${events}`].filter(Boolean).join(', ');
      const environment = {
        TEST_REGISTRATION: mode,
        TEST_EVENTS: String(events),
        TEST_ROUNDS: '10',
      };
      run(title, name, environment, [CONFORMANCE]);
    }
  }
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
