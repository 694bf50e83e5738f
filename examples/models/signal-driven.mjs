// The fourth model: a signal says which descriptor is ready.
//
//   node examples/models/signal-driven.mjs [port]
//
// On the host rtsig: real-time signals with the descriptor in each, queued by the kernel up to
// RLIMIT_SIGPENDING. When the queue overflows, everything is looked at; nothing is lost.
import { createReactor } from 'calandria';

const reactor = createReactor({ host: 'rtsig' });
const listener = reactor.listen(
  { port: Number(process.argv[2] ?? 7000) },
  {
    data: (connection, bytes) => void connection.write(bytes),
    end: (connection) => connection.end(),
  },
);
const { port } = await listener.ready();
console.log(`signal-driven on 127.0.0.1:${port}`);
process.once('SIGINT', () => reactor.close({ drain: true }));
