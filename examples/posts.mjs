// Posts: worker threads compute, the loop hears of it.
//
//   node examples/posts.mjs [workers] [limit]
//
// Each worker counts the primes of its part of the numbers below the limit and posts what it found.
// postAll() waits while the inbox is full, so a slow loop slows the workers down and nothing piles
// up; the loop itself never blocks.
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { createReactor, Outbox } from 'calandria';

function isPrime(number) {
  for (let factor = 2; factor * factor <= number; factor++) {
    if (number % factor === 0) return false;
  }
  return number > 1;
}

function* primes({ part, parts, limit }) {
  for (let number = part; number < limit; number += parts) {
    if (isPrime(number)) yield `prime ${number}`;
  }
  yield 'done';
}

if (isMainThread) {
  const [parts = 2, limit = 100_000] = process.argv.slice(2).map(Number);
  const reactor = createReactor();
  let found = 0;
  let working = parts;
  const inbox = reactor.inbox(
    { capacity: 64 << 10 },
    {
      message(_, bytes) {
        if (Buffer.from(bytes).toString() !== 'done') found++;
        else if (--working === 0) inbox.close();
      },
      close: () => console.log(`${found} primes below ${limit}`),
    },
  );
  for (let part = 0; part < parts; part++) {
    const data = { port: inbox.port, part, parts, limit };
    new Worker(fileURLToPath(import.meta.url), { workerData: data });
  }
} else {
  new Outbox(workerData.port).postAll(primes(workerData));
}
