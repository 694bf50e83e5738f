// The UDP echo on calandria.

import { calandria, need } from './library.mjs';

need('Reactor.bindDatagram');
const reactor = calandria.createReactor();
const socket = reactor.bindDatagram(
  { port: 0, address: '127.0.0.1' },
  {
    message(receiver, bytes, from) {
      receiver.send(bytes, from);
    },
  },
);
const { port } = await socket.ready();
console.log(`listening on 127.0.0.1:${port}`);
