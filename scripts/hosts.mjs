// Runs the conformance suite on every host that can run here, in every way in which it can be asked
// to register descriptors, with event vectors of 1, 8, 64 and 1,024 records; and writes what is
// known on each into docs/hosts.md.
//
// Usage: node scripts/hosts.mjs [host...]      (default: all that can run here)

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runJest } from './jest-counts.mjs';
import { root } from './toolchain.mjs';

const VECTORS = [1, 8, 64, 1024];
/** What `npm test` has run on one native host and on one in JavaScript. */
const BUILT_ON_IT = [
  ...['threads/', 'protocols/', 'outside/', 'processes/', 'descriptors/', 'streams/', 'signals/'],
  ...['sources/', 'sending/', 'http/', 'faults/files'],
].map((place) => `test/${place}`);
const { hosts } = createRequire(import.meta.url)(join(root, 'build/js/src/index.js'));

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

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !hosts.some((host) => host.name === name));
if (unknown.length > 0) {
  console.error(`no host ${unknown.join(', ')}; there are ${hosts.map((h) => h.name).join(', ')}`);
  process.exit(2);
}
for (const { name, missing } of hosts) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const reason = missing();
  if (reason) {
    console.log(`SKIP ${name}: ${reason}`);
    continue;
  }
  if (name !== 'null') {
    run(`${name}, what is built on it`, name, {}, BUILT_ON_IT);
    run(`${name}, what is known`, name, { TEST_WRITE: '1' }, ['test/conformance/guarantees']);
  }
  for (const mode of modesOf(name)) {
    for (const events of VECTORS) {
      const title = [name, mode, `vector of ${events}`].filter(Boolean).join(', ');
      const environment = {
        TEST_REGISTRATION: mode,
        TEST_EVENTS: String(events),
        TEST_ROUNDS: '10',
      };
      run(title, name, environment, ['test/conformance']);
    }
  }
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
