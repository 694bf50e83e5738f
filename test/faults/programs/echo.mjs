// An echo that reports its counters when asked.
import { createReactor } from 'calandria';

process.on('SIGUSR2', () => {});
const reactor = createReactor({ host: 'epoll' });
const listener = reactor.listen(
  { port: 0 },
  { data: (connection, bytes) => void connection.write(bytes) },
);
process.on('message', () => {
  // In a turn: what the last send came to is known by then.
  reactor.setTimer(0, () => {
    const { hostInterrupted, bytesIn, bytesOut } = reactor.counters;
    process.send({ interrupted: hostInterrupted, bytesIn, bytesOut });
  });
});
const { port } = await listener.ready();
process.send({ port });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
