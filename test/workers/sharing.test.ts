// Threads of the process share a port; each has a reactor, a memory and a core of its own.
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { capabilities } from '../../src/index';
import { testWith } from '../support/commands';
import { dial } from '../support/peer';
import '../support/tidy-up';

const PROGRAM = join(__dirname, 'programs/answer.mjs');
const WORKERS = 4;
const CONNECTIONS = 400;

async function begin(number: number, port: number): Promise<[Worker, number]> {
  const worker = new Worker(PROGRAM, { workerData: { number, port } });
  const [message] = await once(worker, 'message');
  return [worker, message as number];
}

/** The number of the worker that answered. */
async function ask(port: number): Promise<number> {
  const peer = await dial(port);
  const answer = Number(String(await peer.receive(1)));
  peer.end();
  await peer.closed;
  return answer;
}

testWith(capabilities().features.epoll.available, 'native host')(
  'R0.20 R3.40: four workers share a port, each gets its share, and no connection is lost',
  async () => {
    const [first, port] = await begin(0, 0);
    const others = await Promise.all([1, 2, 3].map((number) => begin(number, port)));
    const workers = [first, ...others.map(([worker]) => worker)];
    const answers = await Promise.all(Array.from({ length: CONNECTIONS }, () => ask(port)));
    const shares = new Array<number>(WORKERS).fill(0);
    for (const answer of answers) shares[answer] = (shares[answer] as number) + 1;
    console.log(`connections by worker: ${shares}`);
    // The kernel deals by a hash of the addresses: even within a few of its deviations.
    for (const share of shares) expect(share).toBeGreaterThan(CONNECTIONS / WORKERS / 2);
    const accepted = workers.map(async (worker) => {
      worker.postMessage('stop');
      const [[count]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
      return count as number;
    });
    expect(await Promise.all(accepted)).toEqual(shares);
  },
);
