// Runs the example, and watches what its connections hold at the end of every turn.
import { epoll } from 'calandria';
import { createEcho, echo, WINDOW } from '../../../examples/echo-state.mjs';

const connections = new Set();
let most = 0;
let closed = 0;

function watch() {
  for (const { tx } of connections) most = Math.max(most, tx.queued);
}

const host = epoll();
const reactor = createEcho({
  host: {
    ...host,
    open(seam) {
      host.open({
        ...seam,
        end() {
          watch();
          seam.end();
        },
      });
    },
  },
});
const listener = reactor.listen(
  { port: 0 },
  {
    ...echo,
    open(connection) {
      connections.add(connection);
      echo.open(connection);
    },
    close(connection) {
      connections.delete(connection);
      closed++;
    },
  },
);
const { port } = await listener.ready();
globalThis.gc();
const before = process.memoryUsage.rss();
let peak = before;
const sampling = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
process.on('message', () => {
  clearInterval(sampling);
  const { bytesIn, bytesOut, hostControls, writesShort, writesBlocked } = reactor.counters;
  const turnedAway = writesShort + writesBlocked;
  process.send({
    most,
    window: WINDOW,
    grown: peak - before,
    bytesIn,
    bytesOut,
    hostControls,
    turnedAway,
    closed,
  });
});
process.send({ port });
// Without its test there is nothing left to do.
process.once('disconnect', () => process.exit());
