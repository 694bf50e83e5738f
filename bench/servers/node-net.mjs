// The echo server on node:net, with back-pressure. BENCH_TIMERS: how many timers to have pending.

import { createServer } from 'node:net';
import { collectOnSignal } from './collect-on-signal.mjs';
import { keepTimersPending } from './pending-timers.mjs';

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (bytes) => {
    if (!socket.write(bytes)) socket.pause();
  });
  socket.on('drain', () => socket.resume());
  socket.on('error', () => socket.destroy());
});

collectOnSignal();
keepTimersPending((delay, handler) => setTimeout(handler, delay));
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
