// One handler fails once; then a second client is served.
import { connect } from 'node:net';
import { createReactor } from 'calandria';

const [, , place] = process.argv;
const errors = [];
let failed = false;
process.on('uncaughtException', ({ message }) => errors.push(message));

function failAt(here) {
  if (here !== place || failed) return;
  failed = true;
  throw new Error(`from ${here}`);
}

const reactor = createReactor({ host: 'epoll' });
const listener = reactor.listen(
  { port: 0 },
  {
    listening: () => failAt('listening'),
    open(connection) {
      failAt('open');
      // Enough to make `drain` come.
      if (place === 'drain' && !failed) connection.write(Buffer.alloc(900 << 10));
    },
    change: () => failAt('change'),
    data(connection, bytes) {
      connection.write(bytes);
    },
    drain: () => failAt('drain'),
    end(connection) {
      connection.end();
      failAt('end');
    },
    error: () => failAt('error'),
    close: () => failAt('close'),
  },
);
if (place === 'timer') reactor.setTimer(0, () => failAt('timer'));
// A listener whose handler failed is destroyed, so that one gets a successor.
const { port } = await listener.ready();
const serving = place === 'listening' ? await listenAgain() : port;

function listenAgain() {
  return reactor
    .listen({ port: 0 }, { data: (connection, bytes) => void connection.write(bytes) })
    .ready()
    .then((address) => address.port);
}

function visit(way) {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(serving, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    socket.on('data', (chunk) => {
      text = chunk.length > 100 ? 'much' : String(chunk);
      if (way === 'reset') socket.resetAndDestroy();
      else socket.end();
    });
    socket.write(place === 'drain' && !failed ? '' : 'served');
  });
}

await visit(place === 'error' ? 'reset' : 'end');
const served = await visit('end');
process.send({ errors, served });
await reactor.close();
process.disconnect();
