// A server whose handlers throw and reject when they are told to; the process goes on.
const { createReactor } = require('../../../build/js/src/index.js');

const reactor = createReactor({ host: process.argv[2] });
process.on('uncaughtException', ({ message, stack }, origin) =>
  process.send({ message, origin, placed: stack.includes('throws.cjs') }),
);
const listener = reactor.listen(
  { port: 0 },
  {
    data(connection, bytes) {
      const text = Buffer.from(bytes).toString();
      if (text === 'throw') throw new Error('thrown');
      if (text === 'reject') return Promise.reject(new Error('rejected'));
      connection.write(bytes);
    },
    close: () => process.send({ closed: true }),
  },
);
listener.ready().then(({ port }) => {
  process.send({ port });
  reactor.setTimer(1, () => {
    throw new Error('thrown by a timer');
  });
});
