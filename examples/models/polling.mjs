// The second model: non-blocking calls, tried until one has something.
//
//   node examples/models/polling.mjs [port]
//
// The bad sample of the textbooks: tryRead() answers "again" most of the time, and the core is at
// 100 % whether there is work or not. The detector says so (docs/api.md, "Detectors").
import diagnostics from 'node:diagnostics_channel';
import { createReactor } from 'calandria';

const reactor = createReactor({ strategy: 'poll', watch: true });
diagnostics.subscribe('calandria:spinning', spinning);

function spinning({ turns }) {
  console.error(`spinning: ${turns} turns brought nothing`);
  diagnostics.unsubscribe('calandria:spinning', spinning);
}

const connections = new Set();
const buffer = new Uint8Array(64 << 10);
const listener = reactor.listen(
  { port: Number(process.argv[2] ?? 7000) },
  {
    // Who reads by himself says so at once: what came before would be the handlers'.
    open(connection) {
      connections.add(connection);
      look(connection);
    },
    end: (connection) => connection.end(),
    close: (connection) => void connections.delete(connection),
  },
);

function look(connection) {
  const { n } = connection.tryRead(buffer);
  if (n > 0) connection.write(buffer.subarray(0, n));
}

function poll() {
  for (const connection of connections) look(connection);
  if (polling) setImmediate(poll);
}

let polling = true;
const { port } = await listener.ready();
console.log(`polling on 127.0.0.1:${port}`);
poll();
process.once('SIGINT', async () => {
  await reactor.close({ drain: true });
  polling = false;
});
