// A server that has no descriptor left for a client that comes: it waits, and is served when there
// is one again; who is connected is served meanwhile.
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { HttpServer } from '../../../build/js/src/http/index.js';
import { createReactor } from '../../../build/js/src/index.js';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

function ask(socket) {
  const answer = new Promise((resolve) => socket.once('data', (bytes) => resolve(`${bytes}`)));
  socket.write(REQUEST);
  return answer;
}

const [host] = process.argv.slice(2);
const reactor = createReactor({ host });
const server = new HttpServer(reactor, { port: 0 }, (exchange) => exchange.answer(200, {}, 'fine'));
const { port } = await server.ready();
const known = connect({ port, host: '127.0.0.1' });
const first = await ask(known);
// A socket of a client needs a descriptor, too, and has it before they are gone.
const late = connect({ port, host: '127.0.0.1' });
await new Promise((resolve) => process.nextTick(resolve));
const taken = [];
try {
  for (;;) taken.push(openSync('/dev/null'));
} catch {}
const lateAnswer = ask(late);
const crowded = await ask(known);
const waiting = server.size;
for (const descriptor of taken) closeSync(descriptor);
const last = await lateAnswer;
process.send({ first, crowded, waiting, last });
known.destroy();
late.destroy();
await reactor.close();
process.disconnect();
