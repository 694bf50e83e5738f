// The rings themselves: how much one call carries, and what happens when they are full.
import { connect } from 'node:net';
import { CalandriaError, uring } from '../../src';
import { ECHO, pattern } from '../support/conformance';
import { closePeers, dial } from '../support/peer';
import { onRing, ringMissing, serveOnRing } from '../support/ring';
import '../support/tidy-up';

jest.setTimeout(60_000);

test.each([0, 7, 12, 8192, 2.5, '8', null])('%p entries are refused by name', (entries) => {
  expect(() => uring({ entries: entries as number })).toThrow(
    expect.objectContaining({
      code: 'ERR_CALANDRIA_BAD_OPTION',
      message: expect.stringMatching(/^entries is a power of two from 8 to 4,096, not /),
    }),
  );
  expect(CalandriaError).toBeDefined();
});

test('several notifiers are refused: a ring is one', () => {
  expect(() => uring({ notifiers: 2 })).toThrow(/^notifiers is 1 but on epoll/);
});

onRing('R0.18: a thousand registrations are handed over in a few calls', async () => {
  const { reactor } = await serveOnRing({}, { limits: { connections: 2000 } });
  const before = reactor.counters;
  const total = 1000;
  const sockets = Array.from({ length: total }, () =>
    reactor.bindDatagram({ address: '127.0.0.1', port: 0 }, {}),
  );
  await Promise.all(sockets.map((socket) => socket.ready()));
  const { hostWaits, hostEntries, hostControls } = reactor.counters;
  expect(hostEntries - before.hostEntries).toBeGreaterThanOrEqual(total);
  expect(hostControls).toBe(0);
  expect(hostWaits - before.hostWaits).toBeLessThanOrEqual(8);
});

describe.each([8, 64, 4096])('with %i entries', (entries) => {
  onRing('R0.17: two hundred at once get back what they sent', async () => {
    const served = await serveOnRing(ECHO, { ring: { entries } }, { port: 0, backlog: 300 });
    const total = 200;
    const sent = pattern(30_000, entries);
    const talk = async (): Promise<void> => {
      const peer = await dial(served.port);
      await peer.write(sent);
      expect((await peer.receive(sent.length)).equals(sent)).toBe(true);
    };
    await Promise.all(Array.from({ length: total }, talk));
    await closePeers();
    expect(served.reactor.counters.accepted).toBe(total);
  });
});

onRing('a ring that is full, or holds completions back, loses no answer to a send', async () => {
  const served = await serveOnRing(ECHO, { ring: { entries: 8 } }, { port: 0, backlog: 300 });
  const total = 100;
  const rounds = 10;
  const peers = await Promise.all(Array.from({ length: total }, () => dial(served.port)));
  for (let round = 1; round <= rounds; round++) {
    await Promise.all(peers.map((peer) => peer.write('hello')));
    await Promise.all(peers.map((peer) => peer.arrived(5 * round)));
  }
  expect(served.reactor.counters.hostOverflows).toBeGreaterThan(0);
});

onRing('a ring of completions that overflows loses nothing, and is counted', async () => {
  // 64 completions, of which each turn takes one, and 150 connections that all speak at once.
  const total = 150;
  let bytes = 0;
  const served = await serveOnRing(
    {
      data(connection, came) {
        bytes += came.length;
        connection.write(came);
      },
    },
    { ring: { entries: 8, vector: 'full' }, limits: { events: 1 } },
    { port: 0, backlog: 300 },
  );
  const sockets = Array.from({ length: total }, () => connect(served.port, '127.0.0.1'));
  try {
    await served.opened(total);
    const answered = sockets.map(
      (socket) =>
        new Promise<void>((resolve) => {
          let came = 0;
          socket.on('data', ({ length }) => {
            came += length;
            if (came === 50) resolve();
          });
        }),
    );
    for (let round = 0; round < 10; round++) for (const socket of sockets) socket.write('hello');
    await Promise.all(answered);
    expect(bytes).toBe(50 * total);
    expect(served.reactor.counters.hostOverflows).toBeGreaterThan(0);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test('where it cannot be had, these tests say so', () => {
  expect(typeof ringMissing).toBe('string');
});
