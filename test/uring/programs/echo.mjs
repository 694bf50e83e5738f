// An echo on io_uring that reports all its counters when asked, and what went wrong.
import { createReactor, uring } from 'calandria';

const { ENTRIES: entries = 256, RINGS: rings = 'kernel' } = process.env;
const host = uring({ entries: Number(entries), rings });
const reactor = createReactor({ host });
const errors = [];
const listener = reactor.listen(
  { port: 0 },
  {
    data: (connection, bytes) => void connection.write(bytes),
    error: (_, { code }) => void errors.push(code),
  },
);
process.on('uncaughtException', ({ code, message }) => process.send({ code, message }));
process.on('message', () => {
  // In a turn: what the last send came to is known by then.
  reactor.setTimer(0, () => process.send({ ...reactor.counters, errors }));
});
const { port } = await listener.ready();
process.send({ port, ringsIn: host.ringsIn() });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
