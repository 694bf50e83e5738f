// An echo on signal-driven I/O in a worker: which thread has the signals, and is it the same again
// when the reactor is closed?
import { readFileSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createReactor } from 'calandria';

/** The signals that are blocked in this thread, as the kernel writes them (proc_pid_status(5)). */
function blocked() {
  return /^SigBlk:\s*(\S+)/m.exec(readFileSync('/proc/thread-self/status', 'utf8'))[1];
}

function heard(emitter) {
  return new Promise((resolve) => emitter.once('message', resolve));
}

async function serve() {
  const before = blocked();
  const reactor = createReactor({ host: 'rtsig' });
  const listener = reactor.listen(
    { port: 0 },
    { data: (connection, bytes) => void connection.write(bytes) },
  );
  const { port } = await listener.ready();
  const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
  parentPort.postMessage({ port, thread, before, during: blocked() });
  await heard(parentPort);
  await reactor.close();
  parentPort.postMessage({ after: blocked() });
}

async function talk(port) {
  const socket = connect(port, '127.0.0.1');
  for (let message = 0; message < 20; message++) {
    const answer = new Promise((resolve) => socket.once('data', resolve));
    socket.write('x');
    await answer;
  }
  socket.destroy();
}

async function main() {
  const before = blocked();
  const worker = new Worker(new URL(import.meta.url));
  const { port, ...own } = await heard(worker);
  await talk(port);
  const during = blocked();
  worker.postMessage('close');
  const { after } = await heard(worker);
  process.send({ main: { before, during }, worker: { ...own, after } });
  process.disconnect();
}

await (isMainThread ? main() : serve());
