// Writes more than the kernel takes at once, closes everything and ends: the peer must get all of it.
const { createReactor } = require('../../../build/js/src/index.js');

const size = Number(process.argv[3]);
const reactor = createReactor({ host: process.argv[2], limits: { queueBytes: size } });
const listener = reactor.listen(
  { port: 0 },
  {
    open(connection) {
      connection.write(Buffer.alloc(size, 'x'));
      listener.close();
      connection.close();
    },
  },
);
listener.ready().then(({ port }) => process.send({ port }));
