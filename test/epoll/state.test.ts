// The record as the program sees it: what the kernel holds, without asking for it.
import type { Connection } from '../../src/index';
import { dial } from '../support/peer';
import { start } from '../support/program';
import { type Served, serve } from '../support/serve';
import '../support/tidy-up';

/** A whole turn from now: what the kernel had to say is in the record. */
async function nextTurn({ reactor }: Served): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await new Promise<void>((resolve) => reactor.setTimer(0, () => resolve()));
  }
}

async function sampled(served: Served, connection: Connection): Promise<void> {
  connection.sample();
  await nextTurn(served);
}

const echo = (connection: Connection, bytes: Uint8Array) => void connection.write(bytes);
const patient = { open: (connection: Connection) => connection.read(0) };

describe('the receive side', () => {
  test('R1.5: after 5, 10 and 15 bytes the record says 5, 10 and 15, exactly', async () => {
    const served = await serve({ ...patient, data: () => {} }, { sampling: 'turn' });
    const peer = await dial(served.port);
    const { rx } = await served.opened(1);
    for (const expected of [5, 10, 15]) {
      await peer.write('12345');
      await served.tap.when(() => rx.exactness === 'exact' && rx.available >= expected);
      expect(rx.available).toBe(expected);
    }
    expect(rx.eof).toBe(false);
    expect(rx.error).toBe(0);
  });

  test('R1.5: one sample asks for one connection, once', async () => {
    const served = await serve({ ...patient, data: () => {} });
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    await peer.write('123456789');
    await served.tap.when(() => connection.rx.available > 0);
    expect(connection.rx.exactness).toBe('lower bound');
    connection.sample();
    await served.tap.when(() => connection.rx.exactness === 'exact');
    expect(connection.rx.available).toBe(9);
    // What came after the sample makes its figure a lower bound again.
    await peer.write('more');
    await served.tap.when(() => connection.rx.exactness === 'lower bound');
    expect(connection.rx.available).toBe(9);
  });

  test('R1.7: an update has a higher sequence and the number of its turn', async () => {
    const seen: { sequence: number; turn: number; available: number }[] = [];
    const served = await serve(
      {
        ...patient,
        change: ({ rx: { sequence, turn, available } }) =>
          void seen.push({ sequence, turn, available }),
      },
      { sampling: 'turn' },
    );
    const peer = await dial(served.port);
    const { rx } = await served.opened(1);
    for (const length of [5, 10, 15]) {
      await peer.write('12345');
      await served.tap.when(() => rx.available === length && rx.exactness === 'exact');
    }
    for (const [place, { sequence, turn }] of seen.entries()) {
      const before = seen[place - 1];
      if (!before) continue;
      expect(sequence).toBeGreaterThanOrEqual(before.sequence);
      expect(turn).toBeGreaterThanOrEqual(before.turn);
      if (turn === before.turn) expect(sequence).toBe(before.sequence);
    }
  });

  test("R1.8: at a turn's end the record is what the kernel says, without a call", async () => {
    const served = await serve({ ...patient, data: () => {} }, { sampling: 'turn' });
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    const { rx, tx } = connection;
    await peer.write('x'.repeat(1000));
    await served.tap.when(() => rx.exactness === 'exact' && rx.available === 1000);
    connection.read(400);
    await served.tap.when(() => rx.available === 600 && rx.exactness === 'exact');
    connection.read(600);
    await served.tap.when(() => rx.available === 0);
    expect(tx.space).toBeGreaterThan(64 << 10);
    expect(tx.queued).toBe(0);
    // Reading the record is reading memory: the host and the core hear nothing of it.
    const before = served.reactor.counters;
    let sum = 0;
    for (let round = 0; round < 10_000; round++) {
      sum += rx.available + rx.sequence + rx.turn + tx.space + tx.queued + tx.sequence;
    }
    expect(sum).toBeGreaterThan(0);
    expect(served.reactor.counters).toEqual(before);
    expect(connection.rx).toBe(rx);
    expect(connection.tx).toBe(tx);
  });

  test.each(['none', 'turn'])(
    'R1.2 R4.14: data that nobody wants makes no turns, calls or work (sampling %s)',
    async (how) => {
      const program = start('epoll/programs/block.mjs', { parameters: [how] });
      const { port } = await program.next<{ port: number }>();
      const peers = await Promise.all([dial(port), dial(port), dial(port)]);
      await Promise.all(peers.map((peer) => peer.write('x'.repeat(50_000))));
      program.send({ measure: 1000 });
      const { turns, controls, receives, share, pending } =
        await program.next<Record<string, number>>();
      expect(pending).toBe(3);
      expect(turns).toBeLessThan(10);
      expect(controls).toBe(0);
      expect(receives).toBe(0);
      expect(share).toBeLessThan(0.05);
    },
  );

  test('R1.12: five that connect before anyone accepts are a backlog of five', async () => {
    let opened = 0;
    const served = await serve({
      open() {
        opened++;
      },
    });
    served.listener.accept(0);
    const first = await dial(served.port);
    const peers = [first];
    for (let place = 1; place < 5; place++) peers.push(await dial(served.port));
    await served.tap.when(() => served.listener.backlog === 5);
    expect(served.listener.rx.exactness).toBe('exact');
    expect(opened).toBe(0);
    expect(served.reactor.counters.hostAccepts).toBe(0);
    served.listener.accept(2);
    await served.tap.when(() => opened === 2);
    expect(served.reactor.counters.hostAccepts).toBe(2);
    served.listener.accept(Infinity);
    await served.tap.when(() => opened === 5);
    // As many accepts as connections: none found the queue empty.
    expect(served.reactor.counters.hostAccepts).toBe(5);
    expect(served.listener.backlog).toBe(0);
    expect(peers).toHaveLength(5);
  });
});

describe('edge-triggered', () => {
  test('R4.12 R4.16: an event nobody awaited is kept; reading later returns at once', async () => {
    const heard: string[] = [];
    const served = await serve({
      ...patient,
      data: (_, bytes) => void heard.push(String(Buffer.from(bytes))),
    });
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    await peer.write('long before');
    await served.tap.when(() => connection.rx.available > 0);
    const { events } = served.reactor.counters;
    connection.read(Infinity);
    await served.tap.when(() => heard.length > 0);
    expect(heard).toEqual(['long before']);
    // The kernel said nothing more: what it said before was enough.
    expect(served.reactor.counters.events).toBe(events);
  });

  test('R3.30 R4.12: one edge and many partial reads lose nothing, as on a level', async () => {
    const heard: string[] = [];
    const served = await serve({
      ...patient,
      data: (_, bytes) => void heard.push(String(Buffer.from(bytes))),
    });
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    await peer.write('abcdefghij');
    await served.tap.when(() => connection.rx.available > 0);
    const { events } = served.reactor.counters;
    for (let step = 1; step <= 5; step++) {
      connection.read(2);
      await served.tap.when(() => heard.length === step);
    }
    expect(heard).toEqual(['ab', 'cd', 'ef', 'gh', 'ij']);
    expect(served.reactor.counters.events).toBe(events);
  });

  test('R4.13: an edge of the receive side brings the send side up to date too', async () => {
    const served = await serve(
      { open: (connection) => connection.read(0), data: () => {} },
      { limits: { queueBytes: 16 << 20 } },
    );
    const peer = await dial(served.port);
    peer.socket.pause();
    const connection = await served.opened(1);
    connection.write(new Uint8Array(12 << 20));
    await served.tap.when(() => connection.tx.space === 0);
    const { rx, tx } = connection;
    const sequence = tx.sequence;
    // The peer drains and speaks: the events that follow carry both directions.
    peer.socket.resume();
    await peer.write('hello');
    await served.tap.when(() => rx.available > 0 && tx.sequence > sequence);
    expect(tx.space).not.toBe(0);
    await served.tap.when(() => tx.queued === 0);
  });

  test('R1.18: space that grew without an EAGAIN gives no event; a sample sees it', async () => {
    const served = await serve({}, { limits: { queueBytes: 4 << 20 } });
    const peer = await dial(served.port);
    peer.socket.pause();
    const connection = await served.opened(1);
    const { tx } = connection;
    connection.write(new Uint8Array(1 << 20));
    await nextTurn(served);
    await sampled(served, connection);
    expect(tx.queued).toBe(0);
    const full = tx.space;
    const { events, writesShort, writesBlocked } = served.reactor.counters;
    expect(writesShort + writesBlocked).toBe(0);
    peer.socket.resume();
    await peer.receive(1 << 20);
    // Whatever the kernel has to say of it, a turn from now would have brought.
    await nextTurn(served);
    expect(served.reactor.counters.events).toBe(events);
    expect(tx.space).toBe(full);
    await sampled(served, connection);
    expect(tx.space).toBeGreaterThan(full);
  });

  test('R1.18: after an EAGAIN there is exactly one writable event', async () => {
    let drains = 0;
    const served = await serve(
      { drain: () => void drains++ },
      { limits: { queueBytes: 16 << 20 } },
    );
    const peer = await dial(served.port);
    peer.socket.pause();
    const connection = await served.opened(1);
    const length = 6 << 20;
    connection.write(new Uint8Array(length));
    await served.tap.when(() => connection.tx.space === 0);
    const before = served.reactor.counters;
    expect(before.writesShort + before.writesBlocked).toBe(1);
    peer.socket.resume();
    await peer.receive(length);
    await served.tap.when(() => connection.tx.queued === 0);
    await nextTurn(served);
    expect(drains).toBe(1);
    // The peer sent nothing, so every event since then says writable: one for each blocked send.
    const after = served.reactor.counters;
    expect(after.events - before.events).toBe(after.writesShort + after.writesBlocked);
  });

  test('R4.15 R1.6 R1.11: one control call in the life of a connection', async () => {
    const served = await serve({ data: echo }, { limits: { queueBytes: 16 << 20 } });
    const { hostControls } = served.reactor.counters;
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    await peer.write('some');
    await peer.receive(4);
    // Stops and goes on reading, a hundred times.
    for (let round = 0; round < 100; round++) {
      connection.read(0);
      await peer.write('wait');
      await served.tap.when(() => connection.rx.available > 0);
      connection.read(Infinity);
      await peer.receive(4 + 4 * (round + 1));
    }
    // Back-pressure: the send side fills up, and drains.
    peer.socket.pause();
    connection.write(new Uint8Array(12 << 20));
    await served.tap.when(() => connection.tx.space === 0);
    peer.socket.resume();
    await peer.receive(404 + (12 << 20));
    expect(served.reactor.counters.hostControls - hostControls).toBe(1);
  });

  test("R1.11: who does not read closes the sender's window, with no control call", async () => {
    const served = await serve(patient);
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    const { hostControls } = served.reactor.counters;
    let written = 0;
    const block = Buffer.alloc(1 << 20);
    // Until the kernel takes no more: node keeps the rest, and says so.
    while (peer.socket.writableLength === 0 && written < 64 << 20) {
      await new Promise<void>((resolve) => {
        peer.socket.write(block, () => resolve());
        if (peer.socket.writableLength > 0) setImmediate(resolve);
      });
      written += block.length;
    }
    expect(peer.socket.writableLength).toBeGreaterThan(0);
    expect(served.reactor.counters.bytesIn).toBe(0);
    expect(served.reactor.counters.hostControls).toBe(hostControls);
    connection.read(Infinity);
    await served.tap.when(() => served.reactor.counters.bytesIn === written);
    expect(served.reactor.counters.hostControls).toBe(hostControls);
  });
});
