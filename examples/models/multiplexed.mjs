// The third model: one wait for all descriptors, and then reads that find something.
//
//   node examples/models/multiplexed.mjs [port] [host]
//
// On poll(2) unless another host is named: epoll, select. The program is the same on each.
import { createReactor } from 'calandria';

const [port = 7000, host = 'poll'] = process.argv.slice(2);
const reactor = createReactor({ host });
const listener = reactor.listen(
  { port: Number(port) },
  {
    data: (connection, bytes) => void connection.write(bytes),
    end: (connection) => connection.end(),
  },
);
const address = await listener.ready();
console.log(`multiplexed on 127.0.0.1:${address.port}`);
process.once('SIGINT', () => reactor.close({ drain: true }));
