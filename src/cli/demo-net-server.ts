// What the demo compares with: the same echo server on node:net, back-pressure included.
import { type AddressInfo, createServer } from 'node:net';

if (require.main === module) {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (bytes) => {
      if (!socket.write(bytes)) socket.pause();
    });
    socket.on('drain', () => socket.resume());
    socket.on('error', () => socket.destroy());
  });
  server.listen({ port: 0, host: '127.0.0.1' }, () => {
    console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
}
