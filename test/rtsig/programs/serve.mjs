// An echo server on signal-driven I/O that can be held, and says what it counted.
import { createReactor } from 'calandria';

const reactor = createReactor({ host: 'rtsig', limits: { connections: 2048 } });
const listener = reactor.listen(
  { port: 0, backlog: 2048 },
  { data: (connection, bytes) => void connection.write(bytes) },
);
process.send({ port: (await listener.ready()).port, pid: process.pid });
/** Says so when so many overflows were counted. */
function overflowed(count) {
  if (reactor.counters.eventsOverflowed >= count) process.send({ overflowed: count });
  else reactor.setTimer(1, () => overflowed(count));
}
process.on('message', ({ hold, overflows }) => {
  if (overflows) return overflowed(overflows);
  const until = performance.now() + hold;
  if (hold > 0) process.send({ holding: true });
  while (performance.now() < until);
  process.send(reactor.counters);
});
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
