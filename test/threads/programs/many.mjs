// A million threads, a thousand at a time: what the process holds after a tenth and in the end.
// Run with --expose-gc.
import { createReactor } from 'calandria';
import { createThreads } from 'calandria/threads';

const total = Number(process.argv[2]);
const ALIVE = 1000;

const reactor = createReactor({ host: process.argv[3] });
const threads = createThreads(reactor, { threads: ALIVE + 1 });
const channel = threads.channel(ALIVE);
const samples = [];

function held() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** A short life; one in ten passes a value on, and gives up one of two waits. */
async function live(thread) {
  await thread.pause();
  if (thread.id % 10 > 0) return;
  await thread.send(channel, thread.id);
  await thread.any([thread.receive(channel), thread.sleep(1000)]);
}

const spawner = threads.spawn(async (thread) => {
  for (let spawned = 0; spawned < total; spawned += ALIVE) {
    if (spawned === total / 10) samples.push(held());
    for (let alive = 0; alive < ALIVE; alive++) threads.spawn(live);
    while (threads.count > 1) await thread.pause();
  }
  samples.push(held());
});
await spawner.result();
await reactor.close();
const { arrivals } = threads.metrics().threads;
process.send({ samples, arrivals, count: threads.count });
process.disconnect();
