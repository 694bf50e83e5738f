// The UDP echo on node:dgram.

import { createSocket } from 'node:dgram';

const socket = createSocket('udp4', (bytes, { port, address }) => {
  socket.send(bytes, port, address);
});

socket.bind({ port: 0, address: '127.0.0.1' }, () => {
  console.log(`listening on 127.0.0.1:${socket.address().port}`);
});
