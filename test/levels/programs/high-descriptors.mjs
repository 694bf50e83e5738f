// A reactor on select in a process whose descriptors go beyond FD_SETSIZE: says what comes of each
// thing that needs one, and whether it serves again when they are lower.
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { createReactor } from 'calandria';

const FD_SETSIZE = 1024;
const opened = [];

function fill() {
  do opened.push(openSync('/dev/null'));
  while (opened.at(-1) < FD_SETSIZE);
}

function empty() {
  for (const fd of opened.splice(0)) closeSync(fd);
}

const failed = (act) =>
  new Promise((resolve) => act(resolve)).then(({ code, message }) => ({ code, message }));
const reactor = createReactor({ host: 'select' });
const told = {};
let refused;
const listener = reactor.listen(
  { port: 0 },
  {
    data: (connection, bytes) => void connection.write(bytes),
    listenerError: (_, error) => refused?.(error),
  },
);
const { port } = await listener.ready();

fill();
told.listen = await failed((resolve) => reactor.listen({ port: 0 }, {}).ready().catch(resolve));
told.connect = await failed((resolve) =>
  reactor.connect({ port }, { error: (_, error) => resolve(error) }),
);
told.adopt = await failed((resolve) =>
  reactor.adopt(opened.at(-1), {}, { error: (_, error) => resolve(error) }),
);
told.bind = await failed((resolve) =>
  reactor.bindDatagram({ port: 0 }, { error: (_, error) => resolve(error) }),
);
told.another = await failed((resolve) => {
  try {
    createReactor({ host: 'select' });
  } catch (error) {
    resolve(error);
  }
});

/** What a client hears from the listener. */
async function speak() {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('hello');
  return new Promise((resolve) => {
    socket.once('data', (bytes) => {
      resolve(String(bytes));
      socket.destroy();
    });
    socket.once('close', () => resolve('closed'));
  });
}

told.accept = await failed((resolve) => {
  refused = resolve;
  void speak();
});
empty();
told.after = await speak();
process.send(told);
await reactor.close();
process.disconnect();
