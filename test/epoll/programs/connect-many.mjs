// Opens many connections and keeps them, silent; then one after another says a word and hears it
// back.
import { connect } from 'node:net';

const [, , port, count] = process.argv.map(Number);
const sockets = [];

function open() {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', reject);
    socket.once('connect', () => {
      sockets.push(socket);
      resolve();
    });
  });
}

for (let done = 0; done < count; done += 100) {
  await Promise.all(Array.from({ length: Math.min(100, count - done) }, open));
}
process.on('message', async () => {
  let answers = 0;
  for (let place = 0; place < count; place += 97) {
    await new Promise((resolve) => {
      sockets[place].once('data', resolve);
      sockets[place].write('still there?');
    });
    answers++;
  }
  process.send({ answers });
});
process.send({ connected: sockets.length });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
