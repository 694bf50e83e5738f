// Talks to itself once, closes what it opened, and must then exit by itself.
const { createReactor } = require('../../../build/js/src/index.js');

const reactor = createReactor({ host: process.argv[2] });
const listener = reactor.listen(
  { port: 0 },
  {
    data: (connection, bytes) => void connection.write(bytes),
    end: (connection) => connection.end(),
  },
);
listener.ready().then(({ port }) => {
  reactor.connect(
    { port },
    {
      open: (connection) => connection.end('hello'),
      data: (_, bytes) => console.log(Buffer.from(bytes).toString()),
      close: () => listener.close(),
    },
  );
});
process.on('exit', () => console.log('exit'));
