// Reactors in workers that are ended without a word, while their connections are busy.
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createReactor } from 'calandria';

if (isMainThread) await main();
else await serve();

async function serve() {
  const reactor = createReactor({ host: 'epoll', limits: { connections: 100 } });
  const listener = reactor.listen(
    { port: 0 },
    { data: (connection, bytes) => void connection.write(bytes) },
  );
  parentPort.postMessage((await listener.ready()).port);
}

async function main() {
  const descriptors = [];
  let echoed = 0;
  let wrong = 0;
  for (let round = 0; round < 12; round++) {
    const worker = new Worker(new URL(import.meta.url));
    const port = await new Promise((resolve) => worker.once('message', resolve));
    const sockets = Array.from({ length: 5 }, () => connect({ port, host: '127.0.0.1' }));
    const ended = sockets.map(
      (socket) =>
        new Promise((resolve) => {
          socket.on('error', () => {});
          let heard = '';
          let next = 0;
          // Answers every echo with the next number: there is always something under way, and
          // whatever is sent twice shows.
          socket.on('data', (chunk) => {
            echoed += chunk.length;
            heard += chunk;
            socket.write(`${++next};`);
          });
          socket.on('close', () => {
            const numbers = heard.split(';').slice(0, -1);
            if (numbers.some((number, place) => number !== String(place))) wrong++;
            resolve();
          });
          socket.write('0;');
        }),
    );
    await new Promise((resolve) => sockets[0].once('data', resolve));
    await worker.terminate();
    await Promise.all(ended);
    descriptors.push(readdirSync('/proc/self/fd').length);
  }
  process.send({ echoed, wrong, first: descriptors[0], last: descriptors.at(-1) }, () =>
    process.disconnect(),
  );
}
