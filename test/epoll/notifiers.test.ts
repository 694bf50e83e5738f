// Several notifiers in one reactor: each has its share of the descriptors and of the turns.
import { fstatSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import {
  chooseHost,
  createReactor,
  epoll,
  type NativeOptions,
  type Reactor,
} from '../../src/index';
import { pattern, promised } from '../support/conformance';
import { looksOf } from '../support/looks';
import { dial, type Peer } from '../support/peer';
import { openPipe, removePipes } from '../support/pipes';
import { IDENTICAL, recordRun, replayBoth } from '../support/recording';
import { serve } from '../support/serve';
import '../support/tidy-up';

const SIZE = 64;
const reactors: Reactor[] = [];

function reactorWith(notifiers: number): Reactor {
  const reactor = createReactor({ host: epoll({ notifiers }) });
  reactors.push(reactor);
  return reactor;
}

afterEach(async () => {
  removePipes();
  await Promise.all(reactors.splice(0).map((reactor) => reactor.close()));
});

const echo = (reactor: Reactor) =>
  reactor.listen({ port: 0 }, { data: (connection, bytes) => void connection.write(bytes) });

/** Echoes, one after another; all bytes have to be what was sent. */
async function converse(peer: Peer, messages: number): Promise<void> {
  const bytes = pattern(SIZE * messages);
  for (let sent = 0; sent < messages; sent++) {
    peer.socket.write(bytes.subarray(SIZE * sent, SIZE * (sent + 1)));
    await peer.arrived(SIZE * (sent + 1));
  }
  expect(peer.received.equals(bytes)).toBe(true);
}

const MESSAGES = 200;

/** So many peers at once, but for those that leave before the others begin. */
function crowd(size: number, leaves: (place: number) => boolean = () => false) {
  return async ({ port }: { port: number }): Promise<void> => {
    const peers: Peer[] = [];
    for (let place = 0; place < size; place++) peers.push(await dial(port));
    const gone = peers.filter((_, place) => leaves(place));
    for (const peer of gone) peer.end();
    await Promise.all(gone.map((peer) => peer.ended));
    const stay = peers.filter((peer) => !gone.includes(peer));
    await Promise.all(stay.map((peer) => converse(peer, MESSAGES)));
  };
}

/** The number of turns of each, and of their events, while all were busy. */
function sharesOf(file: string, notifiers: number): { turns: number[]; events: number[] } {
  const turns = new Array<number>(notifiers).fill(0);
  const events = new Array<number>(notifiers).fill(0);
  // Half of the turns that the last of them needs if nobody is preferred, counted from the end: had
  // one been preferred, it would have been done by then.
  for (const look of looksOf(file).slice((-notifiers * MESSAGES) / 2)) {
    turns[look.notifier] = (turns[look.notifier] as number) + 1;
    events[look.notifier] = (events[look.notifier] as number) + look.events;
  }
  console.log(`turns with events by notifier: ${turns.join(', ')}; events: ${events.join(', ')}`);
  return { turns, events };
}

describe('several notifiers', () => {
  test.each([2, 3])(
    'R0.16: %i of them under load have turns within 10 %% of each other',
    async (notifiers) => {
      // Each always has more than one look takes.
      const reactor = { limits: { events: 2 } };
      const host = epoll({ notifiers });
      const file = await recordRun(echo, crowd(8 * notifiers), { host, reactor });
      const { turns } = sharesOf(file, notifiers);
      expect(Math.max(...turns) / Math.min(...turns)).toBeLessThan(1.1);
      expect(await replayBoth(file, echo)).toEqual(IDENTICAL);
    },
  );

  test('R0.16: one with a single busy descriptor has as many turns as one with eight', async () => {
    // The listener is the first one's, and then every other connection.
    const client = crowd(16, (place) => place > 0 && place % 2 === 0);
    const file = await recordRun(echo, client, { host: epoll({ notifiers: 2 }) });
    const { turns, events } = sharesOf(file, 2);
    expect(Math.max(...turns) / Math.min(...turns)).toBeLessThan(1.1);
    expect(Math.max(...events) / Math.min(...events)).toBeGreaterThan(6);
  });

  test('R0.16: timers come, and what is called from outside, while all of them are silent', async () => {
    const reactor = reactorWith(4);
    const { port } = await echo(reactor).ready();
    for (let round = 0; round < 5; round++) {
      const { turn } = reactor;
      await new Promise<void>((resolve) => {
        reactor.setTimer(2, () => resolve());
      });
      // It slept until then.
      expect(reactor.turn - turn).toBeLessThan(6);
    }
    const opened = promised();
    const came = promised<string>();
    const connection = reactor.connect(
      { port },
      {
        open: () => opened.resolve(),
        data: (_, bytes) => came.resolve(Buffer.from(bytes).toString()),
      },
    );
    await opened.promise;
    await breathe();
    connection.write('from outside');
    expect(await came.promise).toBe('from outside');
  });

  test('R0.16: a recording with timers and calls from outside replays', async () => {
    const program = (reactor: Reactor) =>
      reactor.listen(
        { port: 0 },
        {
          open(connection) {
            reactor.setTimer(1, () => void connection.write('timer'));
            setTimeout(() => void connection.write('outer'), 5);
          },
          data: (connection, bytes) => void connection.write(bytes),
        },
      );
    const client = async ({ port }: { port: number }): Promise<void> => {
      const peers = await Promise.all(Array.from({ length: 5 }, () => dial(port)));
      for (const peer of peers) await peer.write('hello');
      await Promise.all(peers.map((peer) => peer.receive(15)));
    };
    const file = await recordRun(program, client, { host: epoll({ notifiers: 3 }) });
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });

  test('R0.16: descriptors whose open file lives on are detached, whichever has them', async () => {
    const reactor = reactorWith(3);
    for (let place = 0; place < 7; place++) {
      const { reader, writer } = openPipe();
      const came = promised<string>();
      const closed = promised();
      const connection = reactor.adopt(
        reader,
        {},
        {
          data: (_, bytes) => came.resolve(Buffer.from(bytes).toString()),
          close: () => closed.resolve(),
        },
      );
      writeSync(writer, `pipe ${place}`);
      expect(await came.promise).toBe(`pipe ${place}`);
      connection.close();
      await closed.promise;
      expect(() => fstatSync(reader)).toThrow('EBADF');
      reactor.adopt(writer, {}, {}).close();
    }
    const { eventsStale } = reactor.counters;
    expect(eventsStale).toBe(0);
  });

  test('R0.16: a descriptor that one of them has is refused by the others', async () => {
    const reactor = reactorWith(2);
    const { reader, writer } = openPipe();
    const opened = promised();
    const closed = promised();
    const first = reactor.adopt(
      reader,
      {},
      { open: () => opened.resolve(), close: () => closed.resolve() },
    );
    await opened.promise;
    for (let place = 0; place < 2; place++) {
      const refused = promised<unknown>();
      reactor.adopt(reader, {}, { error: (_, error) => refused.resolve(error) });
      expect(await refused.promise).toMatchObject({ code: 'EEXIST' });
    }
    first.close();
    await closed.promise;
    reactor.adopt(writer, {}, {}).close();
  });

  test('R0.16: room for datagrams is told by whichever has the socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'calandria-'));
    const reactor = reactorWith(3);
    for (let place = 0; place < 3; place++) {
      const path = join(folder, `slow-${place}`);
      const all = promised();
      let heard = 0;
      const server = await reactor
        .bindDatagram(
          { path },
          {
            message() {
              if (++heard === 1000) all.resolve();
            },
          },
        )
        .ready();
      server.read(0);
      const client = await reactor.bindDatagram({ remote: { path } }, {}).ready();
      for (let sent = 0; sent < 1000; sent++) client.send('x');
      reactor.setTimer(0, () => {
        expect(client.tx.space).toBe(0);
        server.read(Infinity);
      });
      await all.promise;
    }
    rmSync(folder, { recursive: true });
  });

  test('R0.16: files complete, whichever notifier has the announcements', async () => {
    for (const notifiers of [2, 3]) {
      const reactor = reactorWith(notifiers);
      const file = await reactor.openFile(__filename);
      const { bytesRead } = await file.read(Buffer.alloc(100), 0, 100, 0);
      expect(bytesRead).toBe(100);
      await file.close();
    }
  });

  test('R0.16: without load, or with connections open, all of them are closed', async () => {
    await reactorWith(8).close();
    const served = await serve({});
    const reactor = reactorWith(8);
    for (let place = 0; place < 20; place++) reactor.connect({ port: served.port }, {});
    await served.opened(20);
    await reactor.close();
    await served.tap.when(() => served.reactor.counters.closed === 20);
  });

  test.each<[string, unknown]>([
    ['0', 0],
    ['9', 9],
    ['a half', 1.5],
    ['text', '2'],
    ['not a number', NaN],
  ])('R0.16: notifiers out of range are refused by name: %s', (_, notifiers) => {
    const refused = expect.objectContaining({
      code: 'ERR_CALANDRIA_BAD_OPTION',
      message: expect.stringContaining('notifiers is a whole number from 1 to 8'),
    });
    const options = { notifiers } as NativeOptions;
    expect(() => epoll(options)).toThrow(refused);
    expect(() => chooseHost('epoll', options)).toThrow(refused);
  });
});
