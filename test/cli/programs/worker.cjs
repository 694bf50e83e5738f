// A worker as `calandria serve` has them, without a server: it is ready at once, and ends when it is
// told to. `dies`: it throws when it is ready. `fails`: it cannot start. `stays`: what it was told by
// is closed, and it prints that, but something keeps it.
const { parentPort, workerData } = require('node:worker_threads');
const { createReactor } = require('calandria');

const { number, dies, fails, stays } = workerData;
if (fails) {
  parentPort.postMessage({ kind: 'failed', message: 'no port', code: 'EADDRINUSE' });
} else {
  const reactor = createReactor();
  const message = async () => {
    await reactor.close();
    if (stays) {
      setInterval(() => {}, 1000);
      parentPort.postMessage({ kind: 'print', text: 'closed' });
    }
  };
  const inbox = reactor.inbox({}, { message: () => void message() });
  parentPort.postMessage({ kind: 'ready', port: 7, orders: inbox.port });
  parentPort.postMessage({ kind: 'note', message: 'as with the others' });
  parentPort.postMessage({ kind: 'print', text: String(number) });
  if (dies) setImmediate(() => Promise.reject(new Error('on purpose')));
}
