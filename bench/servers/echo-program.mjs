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

// The same, driven by `change`: it reads what has come when it is told that something has, and not
// before it is told again.
export function echoOnChange(reactor, trigger) {
  return reactor.listen(
    { port: 0, address: '127.0.0.1', trigger },
    {
      open(connection) {
        connection.read(0);
      },
      change(connection) {
        if (connection.rx.available !== 0 || connection.rx.eof) connection.read(Infinity);
      },
      data(connection, bytes) {
        connection.read(0);
        connection.write(bytes);
        if (trigger === 'dispatch') connection.enable();
        if (trigger === 'oneshot') connection.setTrigger(trigger);
      },
      end(connection) {
        connection.end();
      },
    },
  );
}
