// Sends a file to peers that are gone, with SIGPIPE at its default disposition: death, if any
// sendfile(2) or send(2) raised it. argv: the path to listen on.
import { writeFileSync } from 'node:fs';
import { createReactor } from 'calandria';

// Node's own disposition is "ignored"; taking a listener away leaves the default.
const nothing = () => {};
process.on('SIGPIPE', nothing);
process.off('SIGPIPE', nothing);

const [path] = process.argv.slice(2);
writeFileSync(`${path}.file`, Buffer.alloc(8 << 20, 'a file '));
const reactor = createReactor({ host: 'epoll' });
const file = await reactor.openFile(`${path}.file`);
const ways = ['sendfile', 'map', 'read'];
let clients = 0;
const listener = reactor.listen(
  { path },
  {
    async open(connection) {
      const via = ways[clients++ % ways.length];
      try {
        await connection.sendFile(file, 0, 8 << 20, { via });
        process.send({ via, code: 'it was sent' });
      } catch ({ code }) {
        process.send({ via, code });
      }
    },
    // Each is told of by its promise.
    error() {},
  },
);
await listener.ready();
process.send({ ready: true });
process.once('disconnect', () => process.exit());
