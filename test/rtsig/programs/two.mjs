// Two reactors in one thread: SIGIO is one for both. Started with room for few signals.
import { connect } from 'node:net';
import { createReactor } from 'calandria';

const CLIENTS = 40;

const servers = await Promise.all(
  [1, 2].map(async () => {
    const reactor = createReactor({ host: 'rtsig' });
    const listener = reactor.listen(
      { port: 0 },
      { data: (connection, bytes) => void connection.write(bytes) },
    );
    return { reactor, port: (await listener.ready()).port };
  }),
);
const sockets = await Promise.all(
  Array.from({ length: CLIENTS }, async (_, place) => {
    const socket = connect(servers[place % 2].port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  }),
);
let rounds = 0;
const overflowed = () => servers.map(({ reactor }) => reactor.counters.eventsOverflowed);
for (; rounds < 50 && overflowed().some((count) => count === 0); rounds++) {
  const answers = sockets.map((socket) => new Promise((resolve) => socket.once('data', resolve)));
  for (const socket of sockets) socket.write('x');
  const until = performance.now() + 10;
  while (performance.now() < until);
  await Promise.all(answers);
}
for (const socket of sockets) socket.destroy();
process.send({ rounds, overflowed: overflowed() });
await Promise.all(servers.map(({ reactor }) => reactor.close()));
process.disconnect();
