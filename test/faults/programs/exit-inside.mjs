// Ends the process from inside a handler, in one of several ways.
import { createReactor } from 'calandria';

const [, , way] = process.argv;
const reactor = createReactor({ host: 'epoll' });
const listener = reactor.listen(
  { port: 0 },
  {
    data(connection, bytes) {
      connection.write(bytes);
      if (way === 'exit') process.exit(7);
      if (way === 'close') void reactor.close();
      if (way === 'close and exit') void reactor.close().then(() => process.exit(7));
      if (way === 'tick') process.nextTick(() => process.exit(7));
      if (way === 'close') process.exitCode = 7;
      if (way === 'close') process.disconnect();
    },
  },
);
const { port } = await listener.ready();
process.send({ port });
// Keeps the channel open until the handler says otherwise.
process.on('message', () => {});
