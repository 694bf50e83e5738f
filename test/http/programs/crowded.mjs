// Serves a folder, takes every descriptor that is left, asks for a file, lets go, and asks again.
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { files, HttpServer } from '../../../build/js/src/http/index.js';
import { createReactor } from '../../../build/js/src/index.js';

const [host, root] = process.argv.slice(2);
const reactor = createReactor({ host });
const handler = files(reactor, root, { cache: false });
await handler.ready();
const server = new HttpServer(reactor, { port: 0 }, handler);
const { port } = await server.ready();
const socket = connect({ port, host: '127.0.0.1' });
const chunks = [];
let heard = () => {};
socket.on('data', (chunk) => {
  chunks.push(chunk);
  heard();
});

async function ask() {
  chunks.length = 0;
  const answered = new Promise((resolve) => {
    heard = resolve;
  });
  socket.write('GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n');
  await answered;
  return Buffer.concat(chunks).toString('latin1');
}

const first = await ask();
const taken = [];
let crowded = first;
// What is still being closed is taken in the next round.
for (let round = 0; round < 100 && crowded.includes(' 200 '); round++) {
  try {
    for (;;) taken.push(openSync('/dev/null'));
  } catch {}
  crowded = await ask();
}
for (const fd of taken) closeSync(fd);
const last = await ask();
process.send({ first, crowded, last });
socket.destroy();
await reactor.close();
process.disconnect();
