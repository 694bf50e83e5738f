// A reactor in a worker, with an inbox that it does not read.
const { parentPort } = require('node:worker_threads');
const { createReactor } = require('../../../build/js/src/index.js');

const reactor = createReactor({ host: 'epoll' });
const inbox = reactor.inbox({ capacity: 1024 }, {});
inbox.ready().then(() => {
  inbox.read(0);
  parentPort.postMessage(inbox.port);
});
