// The signals of this process and of its threads before a reactor on signal-driven I/O is open,
// while it is, and when it is closed again.
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createReactor } from 'calandria';

/** The masks of one thread (proc_pid_status(5)), as numbers of signals. */
function masksOf(status) {
  const mask = (name) => {
    const bits = BigInt(`0x${new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)[1]}`);
    return Array.from({ length: 64 }, (_, bit) => bit + 1).filter(
      (n) => (bits >> BigInt(n - 1)) & 1n,
    );
  };
  return {
    blocked: mask('SigBlk'),
    pending: mask('SigPnd'),
    caught: mask('SigCgt'),
    ignored: mask('SigIgn'),
  };
}

function look() {
  const own = masksOf(readFileSync('/proc/thread-self/status', 'utf8'));
  const others = readdirSync('/proc/self/task')
    .filter((task) => Number(task) !== process.pid)
    .map((task) => masksOf(readFileSync(`/proc/self/task/${task}/status`, 'utf8')).blocked);
  return { own, others };
}

// What Node starts lazily is there from now on.
process.on('SIGUSR2', () => {});
const before = look();
const reactor = createReactor({ host: 'rtsig' });
const listener = reactor.listen({ port: 0 }, { data: () => {} });
const { port } = await listener.ready();
const during = look();
const sockets = await Promise.all(
  Array.from({ length: 20 }, async () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  }),
);
while (reactor.counters.accepted < 20) await new Promise((resolve) => reactor.setTimer(1, resolve));
// Their signals come while nobody reads them, and the reactor closes over them.
for (const socket of sockets) socket.write('x');
const until = performance.now() + 20;
while (performance.now() < until);
const queued = look();
await reactor.close();
const after = look();
for (const socket of sockets) socket.destroy();
process.send({ before, during, queued, after });
process.disconnect();
