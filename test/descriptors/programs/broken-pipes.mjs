// Writes in every way there is to somebody who is gone, with SIGPIPE as the system delivers it: it
// ends the process.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createReactor } from 'calandria';

// Node ignores the signal. libuv leaves the default behind when its last watcher goes.
const nothing = () => {};
process.on('SIGPIPE', nothing);
process.off('SIGPIPE', nothing);
const status = readFileSync('/proc/self/status', 'utf8');
const has = (set) =>
  Number((BigInt(`0x${new RegExp(`${set}:\\s*(\\w+)`).exec(status)[1]}`) >> 12n) & 1n);
const disposition = { ignored: has('SigIgn'), caught: has('SigCgt') };

const reactor = createReactor({ host: 'epoll' });
const errors = {};

function outcome(name, make) {
  return new Promise((resolve) => {
    errors[name] = [];
    make({
      error: (_, { code }) => errors[name].push(code),
      close: resolve,
    });
  });
}

/** Several pieces in a turn: sendmsg(2), writev(2). */
function write(connection, pieces) {
  for (let piece = 0; piece < pieces; piece++) connection.write('into the pipe');
}

for (const pieces of [1, 3]) {
  await outcome(`socket ${pieces}`, (handlers) => {
    const server = createServer((peer) => peer.resetAndDestroy()).listen(0, () => {
      const connection = reactor.connect(
        { port: server.address().port },
        {
          ...handlers,
          open: () => connection.read(0),
          change() {
            if (connection.rx.eof) write(connection, pieces);
            connection.read(Infinity);
          },
          close() {
            server.close();
            handlers.close();
          },
        },
      );
    });
  });
  await outcome(`fifo ${pieces}`, (handlers) => {
    const path = `/tmp/calandria-${process.pid}.fifo`;
    execFileSync('mkfifo', [path]);
    const both = openSync(path, constants.O_RDWR);
    const writer = openSync(path, 'w');
    const connection = reactor.adopt(
      writer,
      {},
      {
        ...handlers,
        open() {
          closeSync(both);
          rmSync(path);
          write(connection, pieces);
        },
      },
    );
  });
}
// What the shell gave: a pipe(2) whose reader is gone.
await outcome('pipe', (handlers) => {
  const connection = reactor.adopt(1, {}, { ...handlers, open: () => write(connection, 3) });
});
await reactor.close();
process.send({ disposition, errors }, () => process.disconnect());
