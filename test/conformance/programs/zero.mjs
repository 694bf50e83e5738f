// A listener whose descriptor has the number of a standard input that was closed.
import { closeSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createReactor } from '../../../build/js/src/index.js';

const reactor = createReactor({ host: process.argv[2] });
closeSync(0);
const listener = reactor.listen({ port: 0 }, { open: (connection) => connection.end('z') });
const { port } = await listener.ready();
console.log(listener.fd, await text(connect(port, '127.0.0.1')));
await reactor.close();
