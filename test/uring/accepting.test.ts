// Connections that are accepted ahead: as many as are wanted, and each has an owner or is closed.
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { onRing, serveOnRing } from '../support/ring';
import '../support/tidy-up';

jest.setTimeout(60_000);

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

const dialled: Socket[] = [];

async function crowd(port: number, total: number): Promise<Socket[]> {
  const sockets = Array.from({ length: total }, () => connect(port, '127.0.0.1'));
  dialled.push(...sockets);
  for (const socket of sockets) socket.on('error', () => {});
  await Promise.all(sockets.map((socket) => new Promise((done) => socket.once('connect', done))));
  return sockets;
}

afterEach(() => {
  for (const socket of dialled.splice(0)) socket.destroy();
});

onRing('a crowd is accepted, and hardly a call spent on it', async () => {
  const total = 500;
  const served = await serveOnRing({}, {}, { port: 0, backlog: total });
  await crowd(served.port, total);
  await served.opened(total);
  const { accepted, hostAccepts, events } = served.reactor.counters;
  expect(accepted).toBe(total);
  // The first ones, before anything was asked ahead.
  expect(hostAccepts).toBeLessThan(20);
  expect(events).toBeGreaterThan(total - 20);
  expect(new Set(served.connections.map(({ peer }) => peer.port)).size).toBe(total);
});

onRing('a listener that is paused soon takes no more descriptors', async () => {
  const served = await serveOnRing({}, {}, { port: 0, backlog: 511 });
  await crowd(served.port, 10);
  await served.opened(10);
  served.listener.accept(0);
  // Until it is noticed that nobody asks for them, a few are taken that have to wait here.
  for (let one = 0; one < 10; one++) await crowd(served.port, 1);
  const before = openDescriptors();
  const sockets = await crowd(served.port, 300);
  expect(openDescriptors() - before).toBe(sockets.length);
  expect(served.connections).toHaveLength(10);
  served.listener.accept(Number.POSITIVE_INFINITY);
  await served.opened(320);
});

onRing('a listener that is closed closes what it had accepted and nobody took', async () => {
  const served = await serveOnRing({}, {}, { port: 0, backlog: 511 });
  await crowd(served.port, 5);
  await served.opened(5);
  served.listener.accept(0);
  const sockets = await crowd(served.port, 50);
  const closed = sockets.map((socket) => new Promise((done) => socket.once('close', done)));
  served.listener.close();
  await Promise.all(closed);
  expect(served.connections).toHaveLength(5);
});

onRing('nothing is left open when the reactor closes in the middle of it', async () => {
  const before = openDescriptors();
  for (let round = 0; round < 5; round++) {
    const served = await serveOnRing({}, {}, { port: 0, backlog: 511 });
    const sockets = Array.from({ length: 100 }, () => connect(served.port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => {});
    await served.opened(1 + round * 10);
    await served.reactor.close();
    const gone = sockets.map((socket) => {
      socket.destroy();
      return new Promise((done) => (socket.closed ? done(0) : socket.once('close', done)));
    });
    await Promise.all(gone);
  }
  expect(openDescriptors()).toBeLessThanOrEqual(before + 1);
});

onRing('an admission of so many is kept to', async () => {
  const served = await serveOnRing({}, {}, { port: 0, admit: 7, backlog: 511 });
  await crowd(served.port, 50);
  await served.opened(7);
  const { turn } = served.reactor;
  served.reactor.setTimer(20, () => {});
  await served.tap.when(() => served.reactor.turn > turn + 1);
  expect(served.connections).toHaveLength(7);
  served.connections[0]?.destroy();
  await served.opened(8);
});
