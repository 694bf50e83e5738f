// An echo that does not read from a peer who does not take its answers.
import { createReactor } from 'calandria';

const reactor = createReactor({ host: 'epoll' });
const listener = reactor.listen(
  { port: 0 },
  {
    data(connection, bytes) {
      if (!connection.write(bytes)) connection.read(0);
    },
    drain: (connection) => connection.read(Infinity),
  },
);
process.on('message', () => process.send({ short: reactor.counters.writesShort }));
const { port } = await listener.ready();
process.send({ port });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
