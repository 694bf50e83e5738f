// Closes reactors that read past the page cache, in workers too, and tells how long the loop stood.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createReactor } from '../../../build/js/src/index.js';

const self = fileURLToPath(import.meta.url);
const block = 4096;

async function use(path) {
  const reactor = createReactor({ host: 'epoll' });
  const file = await reactor.openFile(path, 'r', 0, { direct: true });
  const read = (place) => file.read(Buffer.alloc(block), 0, block, place * block);
  await Promise.all(Array.from({ length: 64 }, (_, place) => read(place)));
  return { reactor, read };
}

if (isMainThread) {
  const path = process.argv[2];
  const { reactor } = await use(path);
  const before = performance.now();
  await reactor.close();
  const milliseconds = performance.now() - before;
  let workers = 0;
  for (; workers < 6; workers++) {
    const worker = new Worker(self, { argv: [path] });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    await new Promise((resolve) => worker.once('message', resolve));
    // In the middle of its reads, or at their end.
    if (workers % 2 === 0) await worker.terminate();
    await ended;
  }
  process.send({ milliseconds, workers, used: Number(readFileSync('/proc/sys/fs/aio-nr')) });
} else {
  const { reactor, read } = await use(process.argv[2]);
  const more = Array.from({ length: 64 }, (_, place) => read(place));
  parentPort.postMessage('reading');
  await Promise.allSettled(more);
  await reactor.close();
}
