// Files that change while they are served, for longer than the test suite has time: on each host,
// by many clients at once, with caches that hold everything and caches that hold hardly anything.
//
// Usage: node scripts/changing-files.mjs [seconds] [seed]     (default: 10 a run, a seed by chance)
//
// test/http/programs/changing.mjs changes the files and judges the answers.

import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { files, HttpServer } from '../build/js/src/http/index.mjs';
import { createReactor, hosts } from '../build/js/src/index.mjs';
import { root } from './toolchain.mjs';

const seconds = Number(process.argv[2] ?? 10);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const program = join(root, 'test/http/programs/changing.mjs');

const runs = [
  { what: 'everything kept', cache: true, connections: 48 },
  { what: 'two kept of each', cache: { entries: 2, files: 2 }, connections: 48 },
  { what: 'nothing kept', cache: false, connections: 16 },
];

/** What the clients saw. */
function change(port, folder, connections) {
  return new Promise((resolve, reject) => {
    const milliseconds = String(seconds * 1000);
    const words = [String(port), folder, milliseconds, String(seed), String(connections)];
    const child = fork(program, words);
    child.on('message', resolve);
    child.on('exit', (code) => reject(new Error(`the clients ended with ${code}`)));
  });
}

async function run(host, { cache, connections }) {
  const folder = mkdtempSync(join(tmpdir(), 'calandria-changing-'));
  mkdirSync(folder, { recursive: true });
  const reactor = createReactor({ host: host.create({}) });
  const handler = files(reactor, folder, { cache });
  // The clients end in the middle of it; what else goes wrong is told.
  const onError = (error) => error.code === 'ERR_CALANDRIA_CLOSED' || console.error(error);
  const options = { port: 0, limits: { requests: 1e9 }, onError };
  const server = new HttpServer(reactor, options, handler);
  try {
    const { port } = await server.ready();
    const saw = await change(port, folder, connections);
    return { ...saw, hits: handler.cached?.hits ?? 0 };
  } finally {
    await reactor.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

let passed = 0;
let failed = 0;
for (const host of hosts) {
  const reason = host.name === 'null' ? 'it has time alone' : host.missing();
  if (reason) {
    console.log(`SKIP ${host.name}: ${reason}`);
    continue;
  }
  for (const given of runs) {
    const name = `${host.name}, ${given.what}`;
    try {
      const { answers, changes, hits, wrong } = await run(host, given);
      const good = wrong.length === 0 && answers > 0 && changes > 0;
      console.log(
        `${good ? 'PASS' : 'FAIL'} ${name}: ${answers} answers, ${hits} from the cache,` +
          ` ${changes} changes${wrong.map((what) => `\n  ${what} (seed ${seed})`).join('')}`,
      );
      if (good) passed++;
      else failed++;
    } catch (error) {
      failed++;
      console.log(`FAIL ${name}: ${error.message} (seed ${seed})`);
    }
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
