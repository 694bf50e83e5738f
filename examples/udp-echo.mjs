// A UDP echo: every datagram goes back to where it came from.
//
//   node examples/udp-echo.mjs [port]
//
// In another shell:
//
//   exec 3<>/dev/udp/127.0.0.1/7007; echo hello >&3; dd bs=2048 count=1 <&3 2>/dev/null
//
// A datagram is not a connection: there is nothing to open, nothing to close, and an error is about
// one message. `from` is made without a word of text, and an answer needs none either.
import { pathToFileURL } from 'node:url';
import { createReactor } from 'calandria';

export const echo = {
  message(socket, bytes, from) {
    // Who sends faster than the network takes it loses some, as with any datagram.
    if (socket.tx.queued < 256 * 1024) socket.send(bytes, from);
  },
  error(_socket, error) {
    console.error(String(error));
  },
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const reactor = createReactor();
  const port = Number(process.argv[2] ?? 7007);
  const socket = await reactor.bindDatagram({ port }, echo).ready();
  console.log(`udp-echo on ${socket.address}:${socket.port}`);
  process.once('SIGINT', () => reactor.close({ drain: true, deadline: 1000 }));
}
