// Sends many bytes to one peer, as fast as it takes them, and says what that cost.
import { createHash } from 'node:crypto';
import { createReactor } from 'calandria';

const total = Number(process.argv[2]);
const block = Buffer.alloc(64 << 10);
const hash = createHash('sha256');
const reactor = createReactor({ host: 'epoll' });
let sent = 0;
let queuedMost = 0;
let before = 0;
let most = 0;

function measure() {
  most = Math.max(most, process.memoryUsage.rss());
}

function fill(connection) {
  for (;;) {
    if (sent === total) return connection.end();
    // Every block differs, so that one which is lost or doubled changes the digest.
    block.writeUInt32LE(sent, 0);
    block.fill(sent >> 16, 4, 64);
    hash.update(block);
    sent += block.length;
    const more = connection.write(block);
    queuedMost = Math.max(queuedMost, connection.tx.queued);
    if ((sent & 0xfffff) === 0) measure();
    if (!more) return;
  }
}

const listener = reactor.listen(
  { port: 0 },
  {
    open(connection) {
      globalThis.gc();
      before = process.memoryUsage.rss();
      listener.close();
      fill(connection);
    },
    drain: fill,
    close() {
      measure();
      const grown = most - before;
      const limit = reactor.limits.queueBytes;
      process.send({ digest: hash.digest('hex'), queuedMost, limit, grown }, () =>
        process.disconnect(),
      );
    },
  },
);
const { port } = await listener.ready();
process.send({ port });
