// An echo server in a worker thread; it answers on the port that its parent gave it.
const { parentPort, workerData } = require('node:worker_threads');
const { createReactor } = require('../../../build/js/src/index.js');

const reactor = createReactor({ host: workerData.host });
const listener = reactor.listen(
  { port: 0 },
  {
    data: (connection, bytes) => void connection.write(bytes),
    end: (connection) => connection.end(),
  },
);
listener.ready().then(({ port }) => parentPort.postMessage({ port }));
parentPort.once('message', async () => {
  await reactor.close();
  parentPort.postMessage('closed');
});
