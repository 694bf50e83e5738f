// A reactor of the host that is named lends its listener to one on epoll, and closes; who connects
// from then on is served by the other. While it is closed, connections wait for either.
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createReactor } from '../../../build/js/src/index.js';

function serve(host, name, where) {
  const reactor = createReactor({ host });
  const listener = reactor.listen(where, { open: (connection) => connection.end(name) });
  return { reactor, listener };
}

const first = serve(process.argv[2], 'a', { port: 0 });
const { port } = await first.listener.ready();
const second = serve('epoll', 'b', { fd: first.listener.fd, shared: true });
await second.listener.ready();
await first.reactor.close();
let answers = '';
for (let client = 0; client < 5; client++) answers += await text(connect(port, '127.0.0.1'));
console.log(answers);
await second.reactor.close();
