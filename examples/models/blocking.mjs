// The first model: a thread for each connection, whose reads and writes block.
//
//   node examples/models/blocking.mjs [port]
//
// In another shell: node examples/models/client.mjs PORT
//
// The thread's program is the simplest there is: read, write, again. What it pays for that is a
// thread: its stack, and a switch to it for each message. read() and write() really block:
// Atomics.wait() puts the thread to sleep until the loop, which owns the sockets, has something
// for it.
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { createReactor } from 'calandria';

const SIZE = 64 << 10;
/** Words of the shared memory: whose turn it is, and how many bytes there are (-1: the end). */
const TURN = 0;
const LENGTH = 1;
const LOOP = 0;
const THREAD = 1;

if (isMainThread) listen();
else serve();

/** What a thread does; nothing here knows of a loop. */
function serve() {
  for (let bytes = read(); bytes; bytes = read()) write(bytes);
}

function read() {
  const { words, bytes } = workerData;
  Atomics.wait(words, TURN, LOOP);
  return words[LENGTH] < 0 ? undefined : bytes.slice(0, words[LENGTH]);
}

function write(answer) {
  const { words, bytes } = workerData;
  bytes.set(answer);
  words[LENGTH] = answer.length;
  Atomics.store(words, TURN, LOOP);
  Atomics.notify(words, TURN);
}

function listen() {
  const reactor = createReactor();
  const listener = reactor.listen(
    { port: Number(process.argv[2] ?? 7000) },
    {
      open(connection) {
        const words = new Int32Array(new SharedArrayBuffer(8));
        const bytes = new Uint8Array(new SharedArrayBuffer(SIZE));
        connection.data = { words, bytes };
        new Worker(fileURLToPath(import.meta.url), { workerData: connection.data });
      },
      async data(connection, arrived) {
        // While the thread works the next bytes stay in the kernel.
        connection.read(0);
        hand(connection.data, arrived);
        const { words, bytes } = connection.data;
        await Atomics.waitAsync(words, TURN, THREAD).value;
        connection.write(bytes.slice(0, words[LENGTH]));
        connection.read(SIZE);
      },
      end(connection) {
        hand(connection.data, undefined);
        connection.end();
      },
    },
  );
  listener.ready().then(({ port }) => console.log(`blocking on 127.0.0.1:${port}`));
  process.once('SIGINT', () => reactor.close({ drain: true }));
}

/** Wakes the thread with these bytes, or with the end. */
function hand({ words, bytes }, arrived) {
  if (arrived) bytes.set(arrived);
  words[LENGTH] = arrived ? arrived.length : -1;
  Atomics.store(words, TURN, THREAD);
  Atomics.notify(words, TURN);
}
