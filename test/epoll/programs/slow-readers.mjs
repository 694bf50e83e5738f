// Many clients that write as fast as they may, and read their echo slowly.
import { createHash } from 'node:crypto';
import { connect } from 'node:net';

const [, , port, clients, length] = process.argv.map(Number);

function visit(number) {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at += 4) bytes.writeUInt32LE((number << 24) ^ at, at);
    const wanted = createHash('sha256').update(bytes).digest('hex');
    const got = createHash('sha256');
    let received = 0;
    const socket = connect({ port, host: '127.0.0.1', highWaterMark: 16384 });
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      got.update(chunk);
      received += chunk.length;
      // A rest after every piece: the echo backs up while this client goes on writing.
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    socket.on('end', () => resolve({ received, same: got.digest('hex') === wanted }));
    socket.end(bytes);
  });
}

const results = await Promise.all(Array.from({ length: clients }, (_, number) => visit(number)));
const received = results.reduce((sum, result) => sum + result.received, 0);
process.send({ received, same: results.every(({ same }) => same) }, () => process.disconnect());
