// What is run on each host, for the scripts that go through all of them.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './toolchain.mjs';

/** What `npm test` runs on one host alone. */
export const BUILT_ON_IT = [
  ...['threads/', 'protocols/', 'outside/', 'processes/', 'descriptors/', 'streams/', 'signals/'],
  ...['sources/', 'sending/', 'http/', 'faults/files'],
].map((place) => `test/${place}`);

export const CONFORMANCE = 'test/conformance';

/** What the null host can do, which has nothing but time. */
export const TIME_ALONE = ['test/conformance/(idle|time|turn-times|waiting)', 'test/host/null'];

/** The hosts named, or all: those that can run here; of the others it is said why not. */
export function hostsHere(asked = []) {
  const { hosts } = createRequire(import.meta.url)(join(root, 'build/js/src/index.js'));
  const unknown = asked.filter((name) => !hosts.some((host) => host.name === name));
  if (unknown.length > 0) {
    console.error(
      `no host ${unknown.join(', ')}; there are ${hosts.map(({ name }) => name).join(', ')}`,
    );
    process.exit(2);
  }
  const wanted = hosts.filter(({ name }) => asked.length === 0 || asked.includes(name));
  return wanted.filter(({ name, missing }) => {
    const reason = missing();
    if (reason) console.log(`SKIP ${name}: ${reason}`);
    return reason === '';
  });
}
