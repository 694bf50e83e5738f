// A greeting echo server. It is meant to be run with few descriptors, and reports what that did to
// it.
import { createReactor, raiseFdLimit } from 'calandria';

const errors = [];
const dialled = [];
const reactor = createReactor({ host: 'epoll' });

function report() {
  const { accepted, hostAccepts } = reactor.counters;
  const { user, system } = process.cpuUsage();
  return {
    accepted,
    accepts: hostAccepts,
    turns: reactor.turn,
    milliseconds: performance.now(),
    processor: (user + system) / 1000,
    errors,
  };
}

const listener = reactor.listen(
  { port: 0 },
  {
    open: (connection) => void connection.write('hello'),
    data: (connection, bytes) => void connection.write(bytes),
    listenerError(_, error) {
      errors.push(`${error.code} ${error.syscall}`);
    },
  },
);

/** Not to synchronise: a second of starving is what is measured. */
function measure() {
  // Who dials finds no descriptor either, and is told.
  reactor.connect(
    { port },
    { error: (_, { code, syscall }) => dialled.push(`${code} ${syscall}`) },
  );
  const before = report();
  setTimeout(() => {
    const after = report();
    process.send({
      accepted: after.accepted,
      accepts: after.accepts - before.accepts,
      turns: after.turns - before.turns,
      milliseconds: after.milliseconds - before.milliseconds,
      processor: after.processor - before.processor,
      errors,
      dialled,
    });
  }, 1000);
}

process.on('message', (message) => {
  if (message.measure) measure();
  else if (message.raise) process.send(raiseFdLimit());
  else process.send(report());
});
const { port } = await listener.ready();
process.send({ port });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
