// An echo that never holds more than it can pass on: it reads what is there and fits.
//
//   node examples/echo-state.mjs [port]
//
// What a program usually finds out by trying (is there something to read? will a write be taken?)
// stands in the connection's record: rx.available says what waits in the kernel, tx.space what it
// has room for. A client that does not read its echo is simply not read from. Its bytes stay in the
// kernel, its window closes, and it costs no memory and no call until it goes on.
import { pathToFileURL } from 'node:url';
import { createReactor } from 'calandria';

/** The most that one connection may have in hand. */
export const WINDOW = 64 * 1024;

/**
 * As much as is there and fits, and nothing while earlier bytes wait. The kernel tells when there
 * is room again only to those whom it turned away, so with no room known a small read is dared all
 * the same: at the worst its bytes are queued, and they are all that is held.
 */
function readWhatFits(connection) {
  const { rx, tx } = connection;
  const room = tx.queued > 0 ? 0 : Math.max(tx.space, 4096);
  // At the end of the stream one more read finds the end itself.
  const there = rx.eof ? WINDOW : rx.available;
  connection.read(Math.min(there, room, WINDOW));
}

export const echo = {
  open: readWhatFits,
  change: readWhatFits,
  data(connection, bytes) {
    connection.write(bytes);
  },
  end(connection) {
    connection.end();
  },
  error() {},
};

/** `sampling` has the kernel's own figures in the record at the end of each turn. */
export function createEcho(options = {}) {
  return createReactor({ ...options, sampling: 'turn' });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const reactor = createEcho();
  const port = Number(process.argv[2] ?? 7007);
  const address = await reactor.listen({ port }, echo).ready();
  console.log(
    `echo on ${address.address}:${address.port}; try: nc ${address.address} ${address.port}`,
  );
  process.once('SIGINT', () => reactor.close({ drain: true, deadline: 1000 }));
}
