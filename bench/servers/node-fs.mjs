// The file of BENCH_FILE on node:net and fs streams: who asks for it gets it, all else is echoed.

import { createReadStream } from 'node:fs';
import { createServer } from 'node:net';
import { isRequest } from './request.mjs';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (bytes) => {
    if (isRequest(bytes)) createReadStream(process.env.BENCH_FILE).pipe(socket, { end: false });
    else socket.write(bytes);
  });
  socket.on('error', () => socket.destroy());
});

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
