// Writes to every peer, but only after it has gone, while SIGPIPE would end the process.
import { capabilities, createReactor } from 'calandria';

const dispositions = [capabilities().sigpipe];
const ignore = () => {};
process.on('SIGPIPE', ignore);
dispositions.push(capabilities().sigpipe);
// Node restores the default then, not what was there before.
process.off('SIGPIPE', ignore);
dispositions.push(capabilities().sigpipe);

const codes = [];
// TCP would tell of the reset first; a Unix socket is a broken pipe at once (unix(7)).
const path = process.argv[2];
const reactor = createReactor({ host: 'epoll' });
const listener = reactor.listen(
  { path },
  {
    open: (connection) => connection.read(0),
    change(connection) {
      if (connection.rx.eof && !connection.data) {
        connection.data = true;
        // In one piece it is a send, in several a sendmsg.
        connection.write(new Uint8Array(codes.length % 2 ? 10 : 200_000));
        // The error comes after the data, so it has to be read.
        connection.read(Infinity);
      }
    },
    error: (_, error) => codes.push(error.code),
    close: () => process.send({ codes }),
  },
);
await listener.ready();
process.send({ dispositions });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
