// Writes to every peer, but only after it reset the connection; counts the SIGPIPEs that this
// raises.
import { createReactor } from 'calandria';

const codes = [];
let signals = 0;
// Node ignores the signal by itself; with a listener it would be seen.
process.on('SIGPIPE', () => signals++);

const reactor = createReactor({ host: 'epoll' });
const listener = reactor.listen(
  { port: 0 },
  {
    open: (connection) => connection.read(0),
    change(connection) {
      if (connection.rx.eof && !connection.data) {
        connection.data = true;
        connection.write('into the pipe');
        // The error comes after the data, so it has to be read.
        connection.read(Infinity);
      }
    },
    error(_, error) {
      codes.push(error.code);
    },
    close() {
      process.send({ codes });
    },
  },
);
process.on('message', async () => {
  await reactor.close();
  process.send({ signals }, () => process.exit(0));
});
const { port } = await listener.ready();
process.send({ port });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
