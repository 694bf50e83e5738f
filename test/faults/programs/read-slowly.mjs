// Reads with pauses: after each piece the socket rests, so that the sender's buffers fill up.
import { createHash } from 'node:crypto';
import { connect } from 'node:net';

const socket = connect({ port: Number(process.argv[2]), host: '127.0.0.1' });
const hash = createHash('sha256');
let length = 0;
let rested = 0;
socket.on('data', (chunk) => {
  hash.update(chunk);
  length += chunk.length;
  // Rests of a millisecond for each MiB: slow against a loopback, quick enough for a test.
  if (length - rested < 1 << 20) return;
  rested = length;
  socket.pause();
  setTimeout(() => socket.resume(), 2);
});
socket.on('end', () => {
  process.send({ digest: hash.digest('hex'), length }, () => process.disconnect());
});
