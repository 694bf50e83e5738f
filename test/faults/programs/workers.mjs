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
  for (let round = 0; round < 8; round++) {
    const worker = new Worker(new URL(import.meta.url));
    const port = await new Promise((resolve) => worker.once('message', resolve));
    const sockets = Array.from({ length: 5 }, () => connect({ port, host: '127.0.0.1' }));
    const ended = sockets.map(
      (socket) =>
        new Promise((resolve) => {
          socket.on('error', () => {});
          socket.on('close', resolve);
          // Answers every echo with the next message: there is always something under way.
          socket.on('data', (chunk) => {
            echoed += chunk.length;
            socket.write(chunk);
          });
          socket.write('busy');
        }),
    );
    await new Promise((resolve) => sockets[0].once('data', resolve));
    await worker.terminate();
    await Promise.all(ended);
    descriptors.push(readdirSync('/proc/self/fd').length);
  }
  process.send({ echoed, first: descriptors[0], last: descriptors.at(-1) }, () =>
    process.disconnect(),
  );
}
