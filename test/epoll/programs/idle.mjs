// Holds connections that say nothing; says what they cost.
import { createReactor } from 'calandria';
import layout from '../../../build/js/assembly/layout.js';

const wanted = Number(process.argv[2]);
const reactor = createReactor({ limits: { connections: wanted + 8 } });
let before = 0;

async function measure() {
  const use = process.cpuUsage();
  const { turn } = reactor;
  const start = performance.now();
  // Not to synchronise: the time over which idleness is measured.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { user, system } = process.cpuUsage(use);
  process.send({
    opened: reactor.counters.accepted,
    wasm: layout.RECORD_SIZE + layout.PEER_SIZE,
    share: (user + system) / 1000 / (performance.now() - start),
    turns: reactor.turn - turn,
  });
}

function resident() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage.rss();
}

const listener = reactor.listen(
  { port: 0, backlog: 4096 },
  {
    // The data handler alone: a connection that nobody names has no object.
    data: (connection, bytes) => void connection.write(bytes),
  },
);
const { port } = await listener.ready();
before = resident();

process.on('message', async ({ connected }) => {
  if (!connected) return measure();
  // The clients have connected; the last of them may still be in the backlog.
  while (reactor.counters.accepted < connected) {
    await new Promise((resolve) => reactor.setTimer(1, resolve));
  }
  const after = resident();
  process.send({ grown: after - before });
  before = after;
});
process.send({ port });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
