// Two connections with a delivery in the same turn; the handler fails for the one that says "fail".
import { createReactor } from 'calandria';

const [, , way, unwatched] = process.argv;
const errors = [];
const heard = [];
const connections = [];
let reading = false;
if (!unwatched) {
  process.on('uncaughtException', ({ message, stack }) => errors.push({ message, stack }));
}

function failing() {
  return new Error('the handler failed');
}

const reactor = createReactor({ host: 'epoll' });
const listener = reactor.listen(
  { port: 0 },
  {
    open(connection) {
      connection.read(0);
      connections.push(connection);
      process.send({ opened: connections.length });
    },
    change() {
      // Both are read once both have bytes, so that one turn delivers both.
      if (reading || connections.length < 2 || !connections.every(({ rx }) => rx.available > 0))
        return;
      reading = true;
      // From outside, where nothing else was touched: the order of these calls is that of the
      // deliveries.
      setImmediate(() => {
        for (const connection of connections) connection.read(Infinity);
      });
      process.send({ reading: true });
    },
    data(connection, bytes) {
      connection.data ??= String(Buffer.from(bytes));
      if (String(Buffer.from(bytes)) !== 'more') heard.push(`data ${connection.data}`);
      connection.write(bytes);
      if (connection.data !== 'fail') return;
      if (way === 'throw') throw failing();
      if (way === 'reject') return Promise.reject(failing());
      return new Promise((_, reject) => queueMicrotask(() => reject(failing())));
    },
    close(connection) {
      heard.push(`close ${connection.data}`);
    },
  },
);
const { port } = await listener.ready();
process.send({ port });
process.on('message', () => process.send({ errors, heard }));
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
