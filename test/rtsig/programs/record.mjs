// Records a run whose signals overflow, then counts them in the trace and replays it. Started with
// room for few signals.
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReactor, openTrace, record, replayCore, rtsig } from 'calandria';

const CLIENTS = 60;
const eventSize = Number(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), 'calandria-signals-'));
const file = join(folder, 'a.trace');

const reactor = createReactor({ host: record(rtsig(), file) });
const listener = reactor.listen(
  { port: 0 },
  { data: (connection, bytes) => void connection.write(bytes) },
);
const { port } = await listener.ready();
const sockets = await Promise.all(
  Array.from({ length: CLIENTS }, async () => {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    return socket;
  }),
);
while (reactor.counters.eventsOverflowed === 0) {
  const answers = sockets.map((socket) => new Promise((resolve) => socket.once('data', resolve)));
  for (const socket of sockets) socket.write('x');
  await Promise.all(answers);
}
for (const socket of sockets) socket.destroy();
await reactor.close();

const signals = {};
for (const turn of openTrace(file).turns()) {
  if (turn.eventSize !== eventSize) continue;
  for (let at = 0; at < turn.events.length; at += eventSize) {
    const signal = turn.events.readUInt32LE(at + 8);
    signals[signal] = (signals[signal] ?? 0) + 1;
  }
}
const { verdict } = replayCore(openTrace(file));
const overflowed = reactor.counters.eventsOverflowed;
process.send({ signals, overflowed, replayed: { core: verdict, overflowed } });
rmSync(folder, { recursive: true });
process.disconnect();
