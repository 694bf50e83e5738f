// Fills what takes the bytes of a peer that does not read: the kernel, and maybe the host. A first
// connection measures how much that is; the second is given half of it, and closed. Then the
// process has nothing more to do, and the peer still has read nothing.
const { createReactor } = require('../../../build/js/src/index.js');

const [host, path] = process.argv.slice(2);
const CHUNK = Buffer.alloc(16384, 'x');
const reactor = createReactor({ host });
let measured = 0;

/** Writes a chunk a turn, up to a size or until no more are welcome. */
function fill(connection, size, done) {
  let written = 0;
  const more = () => {
    if (written >= size) return done(written);
    written += CHUNK.length;
    if (!connection.write(CHUNK)) return done(written);
    reactor.setTimer(0, more);
  };
  more();
}

const listener = reactor.listen(
  { path },
  {
    open(connection) {
      if (measured === 0) {
        fill(connection, Number.POSITIVE_INFINITY, (written) => {
          measured = written;
          process.send('measured');
        });
        return;
      }
      listener.close();
      fill(connection, measured / 2, (written) => {
        connection.data = written;
        connection.close();
      });
    },
    error() {},
    end: (connection) => connection.destroy(),
    close(connection) {
      if (connection.data) process.send({ written: connection.data });
    },
  },
);
listener.ready().then(() => process.send('ready'));
