// The echo server on calandria, back-pressure included: a connection whose peer does not take
// the answers is not read.
//
//   CALANDRIA_HOST        the host, by name; the reactor chooses when it is not set
//   BENCH_SPIN            microseconds to spin before blocking
//   BENCH_RECORD          a file: record the run into it
//   BENCH_RECORD_PAYLOAD  full or digest

import { collectOnSignal } from './collect-on-signal.mjs';

async function load() {
  try {
    return await import('calandria');
  } catch (error) {
    const missing = error.code === 'ERR_MODULE_NOT_FOUND';
    console.error(missing ? 'not built: npm run build' : error.stack);
    process.exit(3);
  }
}

const calandria = await load();

function chooseHost() {
  const { BENCH_RECORD: file, BENCH_RECORD_PAYLOAD: payload = 'full' } = process.env;
  if (!file) return process.env.CALANDRIA_HOST;
  const { epoll, fileSink, record } = calandria;
  return record(epoll(), fileSink(file), { payload });
}

const reactor = calandria.createReactor({
  host: chooseHost(),
  spin: Number(process.env.BENCH_SPIN ?? 0),
});

const listener = reactor.listen(
  { port: 0, address: '127.0.0.1' },
  {
    data(connection, bytes) {
      // A program looks at what it gets; without this the view might never be made.
      if (bytes[0] === undefined) throw new Error('a delivery without bytes');
      if (!connection.write(bytes)) connection.read(0);
    },
    drain(connection) {
      connection.read(Infinity);
    },
    end(connection) {
      connection.end();
    },
  },
);

collectOnSignal();
const { port } = await listener.ready();
console.log(`listening on 127.0.0.1:${port}`);
