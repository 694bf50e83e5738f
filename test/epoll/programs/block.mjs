// Takes connections and never reads; says what a time of that costs.
import { createReactor } from 'calandria';

const reactor = createReactor({ sampling: process.argv[2] });
const connections = [];
let waiting;

const listener = reactor.listen(
  { port: 0 },
  {
    open(connection) {
      connection.read(0);
      connections.push(connection);
    },
    change: () => waiting?.(),
  },
);

function pending() {
  return connections.filter(({ rx }) => rx.available > 0).length;
}

process.on('message', async ({ measure }) => {
  if (pending() < 3) {
    await new Promise((resolve) => {
      waiting = () => pending() === 3 && resolve();
    });
  }
  // The last of their bytes may still be on the way: half a second for that, then the measure.
  setTimeout(() => {
    const before = { turn: reactor.turn, ...reactor.counters, use: process.cpuUsage() };
    const start = performance.now();
    setTimeout(() => {
      const { user, system } = process.cpuUsage(before.use);
      process.send({
        pending: pending(),
        turns: reactor.turn - before.turn,
        controls: reactor.counters.hostControls - before.hostControls,
        receives: reactor.counters.hostReceives - before.hostReceives,
        share: (user + system) / 1000 / (performance.now() - start),
      });
    }, measure);
  }, 500);
});
const { port } = await listener.ready();
process.send({ port });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
