// Signal-driven I/O: what the kernel sends, and to whom.
import { spawnSync } from 'node:child_process';
import { type Connection, type Reactor, rtsig } from '../../src';
import { testWith } from '../support/commands';
import { runnable } from '../support/conformance';
import { dial } from '../support/peer';
import { start } from '../support/program';
import { startRecording } from '../support/recording';
import { type SignalRecord, signalsOf } from '../support/signal-records';
import '../support/tidy-up';

const SIGIO = 29;
const here = testWith(
  runnable.some(({ name }) => name === 'rtsig'),
  'signal-driven I/O',
);

interface Masks {
  readonly own: Record<'blocked' | 'pending' | 'caught' | 'ignored', number[]>;
  readonly others: number[][];
}

/** Until what was signalled so far was heard. */
function settle(reactor: Reactor): Promise<void> {
  return new Promise((resolve) => reactor.setTimer(20, () => resolve()));
}

function hold(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

here('R3.23: ten datagrams while the loop is held are ten records in the vector', async () => {
  const { file, reactor } = startRecording({ host: rtsig() });
  let heard = 0;
  let last: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    last = resolve;
  });
  const message = () => void (++heard === 10 && last());
  const { port } = await reactor.bindDatagram({ port: 0 }, { message }).ready();
  await settle(reactor);
  // Held until the other process has ended.
  const send = `for i in 1 2 3 4 5 6 7 8 9 10; do echo hello > /dev/udp/127.0.0.1/${port}; done`;
  expect(spawnSync('bash', ['-c', send], { encoding: 'utf8' })).toMatchObject({ stderr: '' });
  await all;
  await settle(reactor);
  await reactor.close();
  const signals = signalsOf(file);
  expect(signals).toHaveLength(10);
  // POLLIN and POLLRDNORM, of the one descriptor, by the one signal.
  const [{ record, signal }] = signals as [SignalRecord];
  for (const each of signals) expect(each).toMatchObject({ record, signal, band: 0x41 });
  expect(signal).toBeGreaterThanOrEqual(34);
});

here(
  'R0.5 R3.10 R3.11: blocked in this thread alone, no handler installed, and all undone',
  async () => {
    const program = start('rtsig/programs/masks.mjs');
    const { before, during, queued, after } = await program.next<Record<string, Masks>>();
    const own = (masks: Masks | undefined) => (masks as Masks).own;
    const ours = own(during).blocked.filter((signal) => !own(before).blocked.includes(signal));
    expect(ours).toHaveLength(2);
    expect(ours[0]).toBe(SIGIO);
    expect(ours[1]).toBeGreaterThanOrEqual(34);
    for (const blocked of (during as Masks).others) {
      // Threads of Node that block everything have always done so.
      if (blocked.length > 40) continue;
      for (const signal of ours) expect(blocked).not.toContain(signal);
    }
    for (const masks of [during, queued, after]) {
      expect(own(masks).caught).toEqual(own(before).caught);
      expect(own(masks).ignored).toEqual(own(before).ignored);
    }
    expect(own(queued).pending).toContain(ours[1]);
    expect(own(after).blocked).toEqual(own(before).blocked);
    expect(own(after).pending).toEqual([]);
    // Unblocked while they were queued, they would have ended the process.
    expect(await program.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  },
);

here(
  'R3.25: is a second port lost while the handler is busy with the first? No: it is queued',
  async () => {
    const { file, reactor } = startRecording({ host: rtsig() });
    const heard: string[] = [];
    let done: () => void = () => {};
    const both = new Promise<void>((resolve) => {
      done = resolve;
    });
    const ports = await Promise.all(
      ['first', 'second'].map(async (name) => {
        const listener = reactor.listen(
          { port: 0 },
          {
            data() {
              heard.push(name);
              // Whoever is first is busy, and the other one's data come meanwhile.
              if (heard.length === 1) hold(50);
              if (heard.length === 2) done();
            },
          },
        );
        return (await listener.ready()).port;
      }),
    );
    const peers = await Promise.all(ports.map((port) => dial(port)));
    await settle(reactor);
    for (const peer of peers) peer.socket.write('x');
    await both;
    await settle(reactor);
    expect(heard.sort()).toEqual(['first', 'second']);
    await reactor.close();
    expect(new Set(signalsOf(file).map(({ record }) => record)).size).toBeGreaterThanOrEqual(2);
    expect(reactor.counters.eventsOverflowed).toBe(0);
  },
);

here('R3.27: a descriptor that was added signals, and one that was removed does not', async () => {
  const { file, reactor } = startRecording({ host: rtsig() });
  const connections: Connection[] = [];
  const listener = reactor.listen(
    { port: 0 },
    {
      open: (connection) => void connections.push(connection),
      data: (connection, bytes) => void connection.write(bytes),
    },
  );
  const { port } = await listener.ready();
  const [kept, removed] = [await dial(port), await dial(port)];
  for (const peer of [kept, removed]) {
    await peer.write('x');
    await peer.arrived(1);
  }
  const numbers = connections.map(({ record }) => record);
  connections[1]?.destroy();
  while (reactor.counters.closed < 1) await new Promise((resolve) => setImmediate(resolve));
  const { turn } = reactor;
  removed.socket.write('more');
  for (let round = 2; round < 20; round++) {
    await kept.write('x');
    await kept.arrived(round);
  }
  await reactor.close();
  const before = signalsOf(file).filter((signal) => signal.turn <= turn);
  const after = signalsOf(file).filter((signal) => signal.turn > turn);
  expect(before.map(({ record }) => record)).toEqual(expect.arrayContaining(numbers));
  expect(after.length).toBeGreaterThanOrEqual(18);
  expect(new Set(after.map(({ record }) => record))).toEqual(new Set([numbers[0]]));
});
