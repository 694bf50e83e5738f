// Servers that die of a message.

function serve(reactor, dies) {
  return reactor.listen(
    { port: 0 },
    {
      data(connection, bytes) {
        connection.write(bytes);
        if (bytes.length === 5 && Buffer.from(bytes).toString() === 'die!!') dies();
      },
    },
  );
}

export const apps = {
  abort: (reactor) => serve(reactor, () => process.abort()),
  kill: (reactor) => serve(reactor, () => process.kill(process.pid, 'SIGKILL')),
  exit: (reactor) => serve(reactor, () => process.exit(0)),
};
