// What is received ahead of being asked: it costs no call, it is no more than a program wants, and
// it comes in order, whoever else it came between.
import { connect, type Socket } from 'node:net';
import { ECHO, pattern } from '../support/conformance';
import { dial, type Peer } from '../support/peer';
import { onRing, serveOnRing } from '../support/ring';
import '../support/tidy-up';

jest.setTimeout(60_000);

const EVERYTHING = Number.POSITIVE_INFINITY;

onRing('R1.1 R3.13: a message costs no receive and no send of its own', async () => {
  const served = await serveOnRing(ECHO);
  const clients = 16;
  const messages = 200;
  const converse = async (): Promise<void> => {
    const peer = await dial(served.port);
    for (let sent = 1; sent <= messages; sent++) {
      await peer.write(Buffer.alloc(64));
      await peer.arrived(64 * sent);
    }
    peer.end();
    await peer.closed;
  };
  await Promise.all(Array.from({ length: clients }, converse));
  await served.tap.when(() => served.reactor.counters.closed === clients);
  const counters = served.reactor.counters;
  expect(counters.bytesIn).toBe(64 * clients * messages);
  expect(counters.hostReceives).toBe(0);
  expect(counters.hostSends).toBe(0);
  expect(counters.hostControls).toBe(0);
  // One entry for each send, and a few for each connection.
  expect(counters.hostEntries).toBeGreaterThanOrEqual(clients * messages);
  expect(counters.hostEntries).toBeLessThan(clients * (messages + 6));
  // Ahead of being asked, and so of being asked for it in vain.
  expect(counters.readsEmpty).toBe(0);
});

/** Sends until the kernel takes no more, and says how much it took. */
async function fill(socket: Socket): Promise<number> {
  const chunk = Buffer.alloc(65536, 'x');
  let last = -1;
  while (last !== socket.bytesWritten - socket.writableLength) {
    last = socket.bytesWritten - socket.writableLength;
    while (socket.writableLength < 1 << 20) socket.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return last;
}

onRing('who does not read holds the sender back, whatever was received ahead', async () => {
  let total = 0;
  const served = await serveOnRing({
    open: (connection) => connection.read(0),
    data(_, bytes) {
      total += bytes.length;
    },
  });
  const socket = connect(served.port, '127.0.0.1');
  try {
    const connection = await served.opened(1);
    const taken = await fill(socket);
    // Two socket buffers, which loopback lets grow to some 6 MB, and a segment or two.
    expect(taken).toBeLessThan(16 << 20);
    expect(total).toBe(0);
    expect(connection.rx.available).toBeGreaterThan(0);
    const sent = socket.bytesWritten;
    connection.read(EVERYTHING);
    await served.tap.when(() => total >= sent);
    expect(total).toBe(sent);
  } finally {
    socket.destroy();
  }
});

onRing('many who do not read hold nobody else up, and lose nothing', async () => {
  const total = 300;
  const paused = new Map<number, Buffer[]>();
  const served = await serveOnRing(
    {
      data(connection, bytes) {
        const first = String.fromCharCode(bytes[0] as number);
        if (first === 'e') return void connection.write(bytes);
        const known = paused.get(connection.data as number) ?? [];
        known.push(Buffer.from(bytes));
        paused.set(connection.data as number, known);
        // One message, and then nothing any more.
        if (known.length === 1) connection.read(0);
      },
    },
    { limits: { readBytes: 65536 } },
  );
  const peers: Peer[] = [];
  for (let place = 0; place < total; place++) {
    const peer = await dial(served.port);
    (await served.opened(place + 1)).data = place;
    await peer.write('p');
    peers.push(peer);
  }
  await served.tap.when(() => paused.size === total);
  // More than all that the host could keep for them: 20 MB against 4, and half a megabyte lent.
  const behind = (place: number): Buffer => pattern(65536, place + 1);
  await Promise.all(peers.map((peer, place) => peer.write(behind(place))));
  const other = await dial(served.port);
  for (let sent = 1; sent <= 100; sent++) {
    await other.write('echo');
    await other.arrived(4 * sent);
  }
  expect([...paused.values()].every((parts) => parts.length === 1)).toBe(true);
  for (const connection of served.connections.slice(0, total)) connection.read(EVERYTHING);
  const length = (place: number): number =>
    (paused.get(place) ?? []).reduce((sum, { length: part }) => sum + part, 0);
  await served.tap.when(() => peers.every((_, place) => length(place) === 65537));
  for (let place = 0; place < total; place++) {
    const came = Buffer.concat(paused.get(place) as Buffer[]).subarray(1);
    expect(came.equals(behind(place))).toBe(true);
  }
});

onRing('a bounded appetite is never exceeded, and what is left stays readable', async () => {
  const sizes: number[] = [];
  const parts: Buffer[] = [];
  const served = await serveOnRing({
    open: (connection) => connection.read(1000),
    data(connection, bytes) {
      sizes.push(bytes.length);
      parts.push(Buffer.from(bytes));
      connection.read(1000);
    },
  });
  const peer = await dial(served.port);
  const sent = pattern(50_000);
  await peer.write(sent);
  await served.tap.when(() => sizes.reduce((sum, size) => sum + size, 0) === sent.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
  expect(Buffer.concat(parts).equals(sent)).toBe(true);
});

onRing('sampled, what waits in the host and in the kernel is counted together', async () => {
  const served = await serveOnRing({ open: (connection) => connection.read(0) });
  const peer = await dial(served.port);
  const connection = await served.opened(1);
  await peer.write(Buffer.alloc(100));
  await served.tap.when(() => connection.rx.available > 0);
  // By then nothing is received ahead any more: this stays in the kernel.
  for (let more = 1; more <= 8; more++) {
    const before = served.reactor.counters.events;
    await peer.write(Buffer.alloc(10));
    await served.tap.when(() => served.reactor.counters.events > before);
    connection.sample();
    await served.tap.when(() => connection.rx.available === 100 + 10 * more);
  }
});

onRing('bytes come before the error, and before the end', async () => {
  for (const [how, last] of [
    ['reset', 'error ECONNRESET'],
    ['end', 'end'],
  ] as const) {
    const told: string[] = [];
    const served = await serveOnRing({
      data: (_, bytes) => void told.push(`data ${Buffer.from(bytes)}`),
      end: () => void told.push('end'),
      error: (_, error) => void told.push(`error ${(error as NodeJS.ErrnoException).code}`),
    });
    const peer = await dial(served.port);
    await served.opened(1);
    await peer.write('sixsix');
    if (how === 'reset') peer.reset();
    else peer.end();
    await served.tap.when(() => told.includes(last));
    expect(told).toEqual(['data sixsix', last]);
  }
});

onRing('a segment that is held by slow readers is not filled again', async () => {
  // Two segments of the least size, one of them lent: everything passes through it.
  const limits = { readBytes: 4096, readSegments: 2, queueBytes: 1 << 22, queueHighWater: 1 << 20 };
  const served = await serveOnRing(ECHO, { limits });
  const clients = await Promise.all(Array.from({ length: 4 }, () => dial(served.port)));
  await Promise.all(
    clients.map(async (peer, place) => {
      const sent = pattern(1 << 20, place + 1);
      peer.socket.pause();
      const written = peer.write(sent);
      await new Promise((resolve) => setTimeout(resolve, 20 * place));
      peer.socket.resume();
      await written;
      expect((await peer.receive(sent.length)).equals(sent)).toBe(true);
    }),
  );
});
