// The client of all five models: a few connections, each sends a message and waits for it to come
// back.
//
//   node examples/models/client.mjs PORT [connections] [messages]
//
// Messages begin with their length in two digits, so that a server may ask for whole ones.
import { once } from 'node:events';
import { connect } from 'node:net';

const [port, connections = 4, messages = 10] = process.argv.slice(2).map(Number);

async function talk(name) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  for (let count = 0; count < messages; count++) {
    const text = `message ${count} of ${name}`;
    const message = String(text.length).padStart(2, '0') + text;
    socket.write(message);
    let answer = '';
    while (answer.length < message.length) answer += (await once(socket, 'data'))[0];
    if (answer !== message) throw new Error(`${answer} came back for ${message}`);
  }
  socket.end();
  await once(socket, 'close');
}

await Promise.all(Array.from({ length: connections }, (_, name) => talk(name)));
console.log(`${connections * messages} messages came back`);
