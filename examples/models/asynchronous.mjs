// The fifth model: ask for bytes, do something else, and be told when they are there.
//
//   node examples/models/asynchronous.mjs [port] [host]
//
// receive() is a proactor's read: a promise of just so many bytes. With the host uring the kernel
// completes the reads as well; on the others readiness is turned into completions by the reactor.
import { createReactor } from 'calandria';

const [port = 7000, host] = process.argv.slice(2);
const reactor = createReactor(host ? { host } : {});
const listener = reactor.listen({ port: Number(port) }, { open: serve, end: () => {} });

/** Lines of so many bytes as their first two digits say: "05hello". */
async function serve(connection) {
  for (;;) {
    const head = await connection.receive(2);
    if (head.length < 2) break;
    const body = await connection.receive(Number(Buffer.from(head).toString()));
    connection.write(Buffer.concat([head, body]));
  }
  connection.end();
}

const address = await listener.ready();
console.log(`asynchronous on 127.0.0.1:${address.port}`);
process.once('SIGINT', () => reactor.close({ drain: true }));
