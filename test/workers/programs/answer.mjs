// A worker with a reactor of its own on a port that it shares: answers with its number.
import { parentPort, workerData } from 'node:worker_threads';
import { createReactor } from 'calandria';

const reactor = createReactor();
const listener = reactor.listen(
  { port: workerData.port, reusePort: true },
  {
    open: (connection) => void connection.write(String(workerData.number)),
    end: (connection) => connection.end(),
  },
);
const { port } = await listener.ready();
parentPort.postMessage(port);
parentPort.once('message', async () => {
  await reactor.close();
  parentPort.postMessage(reactor.counters.accepted);
  parentPort.close();
});
