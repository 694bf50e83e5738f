// More connections than a machine has ports for, without a socket.
import { createReactor } from '../../src/index';
import { ScriptedStream } from '../../src/protocols/kit/scripted-stream';
import { crowd } from '../support/crowd-host';

const SIZE = 100_000;

test('R3.17: a hundred thousand connections at once, each is answered and closed', async () => {
  const { host, peers } = crowd(SIZE, ScriptedStream);
  const before = process.memoryUsage();
  // The listener has a record, too.
  const reactor = createReactor({ host, limits: { connections: SIZE + 1, events: 256 } });
  let open = 0;
  let most = 0;
  let answered = 0;
  const begun = process.cpuUsage();
  await new Promise<void>((resolve) => {
    reactor.listen(
      { port: 1 },
      {
        open() {
          peers[open]?.feed(Buffer.from(`peer ${open}`));
          most = ++open;
        },
        data(connection, bytes) {
          connection.write(bytes);
          // Nobody leaves before all are there.
          if (++answered === SIZE) for (const peer of peers) peer.end();
        },
        end: (connection) => connection.end(),
        close() {
          if (--open === 0) resolve();
        },
      },
    );
  });
  const { user } = process.cpuUsage(begun);
  const grown = process.memoryUsage().rss - before.rss;
  await reactor.close();
  expect(most).toBe(SIZE);
  for (const [place, peer] of peers.entries()) {
    if (String(peer.said) !== `peer ${place}` || !peer.closeSeen) throw new Error(`peer ${place}`);
  }
  console.log(
    `${SIZE} connections: ${(user / SIZE).toFixed(1)} µs and ${Math.round(grown / SIZE)} bytes each`,
  );
});
