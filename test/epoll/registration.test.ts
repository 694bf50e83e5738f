// Edge, level and one-shot registration: the program sees no difference, the kernel is told more.
import { closeSync } from 'node:fs';
import { createReactor, epoll, type NativeOptions, type Reactor } from '../../src';
import { dial, type Peer } from '../support/peer';
import { openPipe, removePipes } from '../support/pipes';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';
import { serve } from '../support/serve';
import '../support/tidy-up';

type Mode = NonNullable<NativeOptions['registration']>;

const MODES: readonly Mode[] = ['edge', 'level', 'oneshot'];
const ROUNDS = 100;

afterAll(removePipes);

async function exchange(peer: Peer, rounds: number): Promise<void> {
  const from = peer.receivedLength;
  for (let round = 1; round <= rounds; round++) {
    await peer.write('12345');
    await peer.arrived(from + 5 * round);
  }
}

function echo(reactor: Reactor) {
  return reactor.listen({ port: 0 }, { data: (connection, bytes) => void connection.write(bytes) });
}

async function controlsOfEcho(registration: Mode): Promise<number> {
  const served = await serve(
    { data: (connection, bytes) => void connection.write(bytes) },
    { host: epoll({ registration }) },
  );
  const peer = await dial(served.port);
  await exchange(peer, 1);
  const { hostControls } = served.reactor.counters;
  await exchange(peer, ROUNDS);
  return served.reactor.counters.hostControls - hostControls;
}

test('R1.3 R3.30 R4.15: who takes what comes registers nothing anew, but one-shot each time', async () => {
  expect(await controlsOfEcho('edge')).toBe(0);
  expect(await controlsOfEcho('level')).toBeLessThanOrEqual(2);
  const controls = await controlsOfEcho('oneshot');
  expect(controls).toBeGreaterThanOrEqual(ROUNDS);
  expect(controls).toBeLessThanOrEqual(ROUNDS + 5);
});

test.each(MODES)('R1.2 R1.3: what nobody takes is silent (%s)', async (registration) => {
  const served = await serve(
    { open: (connection) => connection.read(0) },
    { host: epoll({ registration }) },
  );
  const peers = [await dial(served.port), await dial(served.port)] as const;
  await served.opened(2);
  for (const peer of peers) await peer.write('bytes');
  const [first, second] = served.connections as [
    (typeof served.connections)[0],
    (typeof served.connections)[0],
  ];
  await served.tap.when(() => first.rx.available > 0 && second.rx.available > 0);
  peers[0].end();
  peers[1].reset();
  await served.tap.when(() => first.rx.eof && second.rx.eof);
  const settled = served.reactor.counters;
  const { turn } = served.reactor;
  await new Promise<void>((resolve) => setTimeout(resolve, 150));
  expect(served.reactor.turn - turn).toBeLessThan(10);
  const controls = served.reactor.counters.hostControls - settled.hostControls;
  // To level, for each side that nobody takes, and to take out what has hung up.
  expect(controls).toBeLessThanOrEqual(registration === 'edge' ? 0 : 4);
});

test.each(MODES)(
  'R1.4: whatever it is, it is registered in the one way (%s)',
  async (registration) => {
    const reactor = createReactor({ host: epoll({ registration }) });
    const { reader, writer } = openPipe();
    const ready = [
      reactor.listen({ port: 0 }, {}).ready(),
      reactor.bindDatagram({ port: 0 }, {}).ready(),
      reactor.inbox({}, {}).ready(),
      new Promise<void>((open) => reactor.adopt(reader, {}, { open: () => open() })),
      new Promise<void>((open) => reactor.watchPath('.', { open: () => open() })),
      new Promise<void>((open) => reactor.watchSignal('SIGUSR2', { open: () => open() })),
      new Promise<void>((open) => reactor.watchNetwork({ open: () => open() })),
      new Promise<void>((open) => reactor.watchProcess(process.ppid, { open: () => open() })),
    ];
    await Promise.all(ready);
    const { hostControls } = reactor.counters;
    await reactor.close();
    closeSync(writer);
    expect(hostControls).toBe(ready.length);
  },
);

test.each(MODES)('R3.30: recorded with %s, both replays repeat it', async (registration) => {
  const { file, reactor } = startRecording({ host: epoll({ registration }) });
  const { port } = await echo(reactor).ready();
  const peers = await Promise.all(Array.from({ length: 12 }, () => dial(port)));
  await Promise.all(peers.map((peer) => exchange(peer, 3)));
  for (const peer of peers) peer.end();
  await Promise.all(peers.map(({ ended }) => ended));
  await reactor.close();
  expect(await replayBoth(file, echo)).toEqual(IDENTICAL);
});

test('a registration that does not exist, or cannot be, is refused by name', () => {
  const refused = (message: string) =>
    expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION', message });
  expect(() => epoll({ registration: 'never' as Mode })).toThrow(
    refused("registration is 'edge' or 'level' or 'oneshot', not 'never'."),
  );
  expect(() => epoll({ registration: 'level', notifiers: 2 })).toThrow(
    refused('notifiers is 1 but on epoll, edge-triggered, not 2.'),
  );
});
