// Holds a listener, a connection and a timer, none of which may keep it alive once it is unreferenced.
const { createReactor } = require('../../../build/js/src/index.js');

const reactor = createReactor({ host: process.argv[2] });
const timer = reactor.setTimer(1_000_000, () => console.log('never'), { repeat: true });
const listener = reactor.listen({ port: 0 }, { open: (connection) => void connection.unref() });
listener.ready().then(({ port }) => {
  const connection = reactor.connect({ port }, { open: () => reactor.setTimer(20, last) });
  const last = () => {
    console.log('still alive');
    for (const held of [timer, listener, connection]) held.unref();
  };
});
process.on('exit', () => console.log('exit'));
