// Writes many bytes as fast as the kernel takes them.
import { connect } from 'node:net';

const [, , port, total] = process.argv.map(Number);
const block = Buffer.alloc(256 << 10, 'x');
const socket = connect({ port, host: '127.0.0.1' });
let written = 0;
function write() {
  while (written < total) {
    written += block.length;
    if (!socket.write(block)) return;
  }
  socket.end();
}
socket.on('connect', write);
socket.on('drain', write);
socket.on('close', () => process.send({ written }, () => process.disconnect()));
socket.resume();
