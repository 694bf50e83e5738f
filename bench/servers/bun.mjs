// The echo server on Bun.listen, with back-pressure.

import { collectOnSignal } from './collect-on-signal.mjs';

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    data(socket, bytes) {
      const written = socket.write(bytes);
      if (written === bytes.length) return;
      socket.data = bytes.subarray(Math.max(written, 0));
      socket.pause();
    },
    drain(socket) {
      if (!socket.data) return;
      const written = socket.write(socket.data);
      if (written < socket.data.length) {
        socket.data = socket.data.subarray(Math.max(written, 0));
        return;
      }
      socket.data = undefined;
      socket.resume();
    },
    error(socket) {
      socket.end();
    },
  },
});

collectOnSignal();
console.log(`listening on 127.0.0.1:${server.port}`);
