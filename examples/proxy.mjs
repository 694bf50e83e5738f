// A TCP proxy with back-pressure from end to end.
//
//   node examples/proxy.mjs TARGET_PORT [port]
//
// Each side's appetite follows the other side's queue: when a write says "wait", nothing more is
// read, the bytes stay in the kernel, and the sender's own window closes. So a proxy between a fast
// writer and a slow reader holds a bounded number of bytes, and the writer feels the reader.
import { pathToFileURL } from 'node:url';
import { createReactor } from 'calandria';

/** The handlers of both sides: `data` is the connection on the other side. */
const relay = {
  data(connection, bytes) {
    // Sent from where they lie: no copy, unless the kernel takes only a part.
    if (!connection.data.write(bytes)) connection.read(0);
  },
  drain(connection) {
    connection.data?.read(Infinity);
  },
  end(connection) {
    connection.data.end();
  },
  error() {},
  close(connection) {
    const other = connection.data;
    if (!other) return;
    // Whatever closed this side, what the other one has queued may still leave.
    connection.data = other.data = undefined;
    other.close();
  },
};

export function createProxy(reactor, target) {
  const outward = {
    ...relay,
    open: (connection) => connection.data?.read(Infinity),
  };
  return {
    ...relay,
    open(connection) {
      const other = reactor.connect(target, outward);
      // Nothing is read before there is somebody to give it to.
      connection.read(0);
      connection.data = other;
      other.data = connection;
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const reactor = createReactor();
  const target = { port: Number(process.argv[2]) };
  const handlers = createProxy(reactor, target);
  const address = await reactor.listen({ port: Number(process.argv[3] ?? 7009) }, handlers).ready();
  console.log(`proxy on ${address.address}:${address.port} to port ${target.port}`);
  process.once('SIGINT', () => reactor.close({ drain: true, deadline: 1000 }));
}
