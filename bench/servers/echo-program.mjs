// The echo that the bench serves, and replays: a connection whose peer does not take the answers is
// not read.

export function echo(reactor) {
  return reactor.listen(
    { port: 0, address: '127.0.0.1' },
    {
      data(connection, bytes) {
        // A program looks at what it gets; without this the view might never be made.
        if (bytes[0] === undefined) throw new Error('a delivery without bytes');
        if (!connection.write(bytes)) connection.read(0);
      },
      drain(connection) {
        connection.read(Infinity);
      },
      end(connection) {
        connection.end();
      },
    },
  );
}
