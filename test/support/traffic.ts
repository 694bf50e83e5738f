// Shapes of traffic: what a program does, and a client that makes it do so. Each is recorded by
// several tests, which then compare replays.
import { createServer as createHttpServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as layout from '../../assembly/layout';
import { word } from '../../src/core/memory';
import type { Connection, Listener, Reactor } from '../../src/index';
import { echo } from '../../src/programs/echo';
import { dial } from './peer';
import type { Client, Served } from './recording';
import type { Tap } from './tap';

export interface Traffic {
  readonly program: Served;
  readonly client: Client;
  /** Uses what only hosts with real descriptors do exactly alike. */
  readonly native?: boolean;
}

const LOCAL = { port: 0, address: '127.0.0.1' };

/** A client that reads nothing until the server's sends fall short, and then all. */
async function readLate(
  { port, reactor, tap }: Parameters<Client>[0],
  ask: string,
  length: number,
): Promise<void> {
  const peer = await dial(port);
  peer.socket.pause();
  await peer.write(ask);
  await tap.when(() => reactor.counters.writesShort + reactor.counters.writesBlocked > 0);
  peer.socket.resume();
  await peer.receive(length);
}

const LARGE = 6 << 20;

/** Writes LARGE bytes as fast as write() lets it, then ends. */
function pour(connection: Connection): void {
  const left = connection.data as { bytes: number };
  const block = Buffer.alloc(48_000, 'abcdefgh');
  while (left.bytes > 0) {
    const part = block.subarray(0, Math.min(block.length, left.bytes));
    left.bytes -= part.length;
    if (!connection.write(part)) return;
  }
  connection.end();
}

function listenUnix(reactor: Reactor, path: string): Listener {
  return reactor.listen(
    { path },
    { data: (connection, bytes) => void connection.write(bytes), end: (one) => one.end() },
  );
}

/** Has the turn's end asked the host to accept? */
function accepts(tap: Tap): boolean {
  const memory = tap.memory();
  const base = word(memory, layout.SUBMISSIONS_BASE);
  for (let place = 0; place < word(memory, layout.SUBMISSION_COUNT); place++) {
    const operation = memory.bytes[base + place * layout.SUBMISSION_SIZE];
    if (operation === layout.OPERATION_ACCEPT) return true;
  }
  return false;
}

let servers: Server[] = [];

afterEach(async () => {
  const open = servers;
  servers = [];
  await Promise.all(open.map((server) => new Promise<unknown>((resolve) => server.close(resolve))));
});

/** An http server of Node's whose handler writes to every connection. */
async function notify(connections: Set<Connection>): Promise<void> {
  const server = createHttpServer((_, response) => {
    for (const connection of connections) connection.end('told by http');
    response.end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  get({ port, host: '127.0.0.1', agent: false }, (response) => response.resume());
}

export const TRAFFIC: Readonly<Record<string, Traffic>> = {
  'small messages': {
    program: (reactor) => echo(reactor, LOCAL),
    async client({ port }) {
      const peer = await dial(port);
      for (let round = 1; round <= 20; round++) {
        await peer.write(`message ${round % 10}`);
        await peer.receive(round * 9);
      }
    },
  },
  '64 KiB each way': {
    program: (reactor) => echo(reactor, LOCAL),
    async client({ port }) {
      const peer = await dial(port);
      for (let round = 1; round <= 4; round++) {
        await peer.write(Buffer.alloc(65_536, round));
        await peer.receive(round * 65_536);
      }
    },
  },
  'a slow reader, with back-pressure': {
    program: (reactor) =>
      reactor.listen(LOCAL, {
        data(connection) {
          connection.data = { bytes: LARGE };
          pour(connection);
        },
        drain: pour,
        // Nothing here may depend on what only the kernel knows but the record.
        change(connection) {
          if (connection.tx.queued > 10 << 20) connection.destroy();
        },
        end() {},
      }),
    client: (recording) => readLate(recording, 'go', LARGE),
  },
  'writeSome and the record': {
    program: (reactor) =>
      reactor.listen(LOCAL, {
        data(connection, bytes) {
          const { rx, tx } = connection;
          connection.writeSome(bytes);
          connection.write(
            `${rx.available} ${rx.exactness} ${rx.sequence} ${rx.turn} ${rx.eof} ` +
              `${tx.space} ${tx.queued} ${tx.exactness} ${tx.sequence} ${tx.turn} ${reactor.now}\n`,
          );
          connection.sample();
        },
        change(connection) {
          const { rx, tx } = connection;
          if (!rx.eof || connection.data) return;
          connection.data = 'ended';
          connection.end(`${rx.available} ${rx.turn} ${tx.queued} ${tx.space}`);
        },
        end() {},
      }),
    async client({ port }) {
      const peer = await dial(port);
      for (let round = 0; round < 5; round++) {
        const before = peer.received.length;
        await peer.write('x'.repeat(100 << round));
        await peer.receive(before + (100 << round) + 20);
      }
      peer.end();
      await peer.ended;
    },
  },
  'half-close both ways': {
    program: (reactor) =>
      reactor.listen(LOCAL, {
        open: (connection) => connection.end('hello and no more'),
        data: () => {},
        end: () => {},
      }),
    async client({ port }) {
      const peer = await dial(port);
      await peer.ended;
      await peer.write('after your end');
      peer.end();
      await peer.closed;
    },
  },
  'a reset behind unread data': {
    native: true,
    program: (reactor) =>
      reactor.listen(LOCAL, {
        open: (connection) => connection.read(0),
        change(connection) {
          if (connection.rx.available > 0) connection.read(4);
          if (connection.rx.eof || connection.rx.error) connection.read(Infinity);
        },
        data: (connection, bytes) => void connection.write(bytes),
        error() {},
      }),
    async client({ port, reactor, tap }) {
      const peer = await dial(port);
      await peer.write('unread when the reset came');
      await peer.receive(4);
      peer.reset();
      await tap.when(() => reactor.counters.closed > 0);
    },
  },
  'many connections and churn': {
    program: (reactor) => echo(reactor, LOCAL),
    async client({ port }) {
      for (let round = 0; round < 5; round++) {
        const peers = await Promise.all(Array.from({ length: 20 }, () => dial(port)));
        await Promise.all(
          peers.map(async (peer, place) => {
            await peer.write(`peer ${place}`);
            await peer.receive(6);
            if (place % 3 === 0) peer.reset();
            else peer.end();
            await peer.closed;
          }),
        );
      }
    },
  },
  'timers and chance': {
    program(reactor) {
      return reactor.listen(LOCAL, {
        open(connection) {
          const once = reactor.setTimer(1, () => void connection.write('never'));
          once.cancel();
          const timer = reactor.setTimer(
            1,
            (_, expirations) => {
              connection.write(`${reactor.random()} ${expirations} ${reactor.now}\n`);
              if (reactor.random() > 0.8) {
                timer.cancel();
                connection.end();
              }
            },
            { repeat: true },
          );
        },
      });
    },
    async client({ port }) {
      const peer = await dial(port);
      await peer.ended;
    },
  },
  'out and in within one reactor': {
    async program(reactor) {
      const listener = echo(reactor, LOCAL);
      const { port } = await listener.ready();
      let rounds = 0;
      reactor.connect(
        { port },
        {
          open: (connection) => void connection.write(`to ${connection.peer.family}`),
          data(connection, bytes) {
            if (++rounds < 10) connection.write(bytes);
            else connection.end();
          },
        },
      );
      return listener;
    },
    client: ({ reactor, tap }) => tap.when(() => reactor.counters.closed >= 2),
  },
  'a connect that is refused': {
    program(reactor) {
      reactor.connect(
        { port: 1 },
        { error: (_, error) => void reactor.setTimer(error.message.length, () => {}) },
      );
      return echo(reactor, LOCAL);
    },
    client: ({ reactor, tap }) => tap.when(() => reactor.counters.closed >= 1),
  },
  'destroyed by a neighbour': {
    program(reactor) {
      const all = new Set<Connection>();
      return reactor.listen(LOCAL, {
        open: (connection) => void all.add(connection),
        data(connection) {
          for (const other of all) if (other !== connection) other.destroy();
          connection.write('alone');
        },
        end: (connection) => connection.end(),
        close: (connection) => void all.delete(connection),
      });
    },
    async client({ port, reactor, tap }) {
      const peers = await Promise.all(Array.from({ length: 8 }, () => dial(port)));
      await tap.when(() => reactor.counters.accepted === 8);
      for (const peer of peers) peer.socket.write('me');
      await tap.when(() => reactor.counters.closed >= 7);
    },
  },
  'calls from setTimeout, a promise and an http handler': {
    program(reactor) {
      const connections = new Set<Connection>();
      return reactor.listen(LOCAL, {
        open(connection) {
          connections.add(connection);
          setTimeout(() => {
            connection.write('by setTimeout\n');
            setImmediate(async () => {
              connection.write('by setImmediate\n');
              await null;
              connection.write('by a promise\n');
              void notify(connections);
            });
          }, 2);
        },
        close: (connection) => void connections.delete(connection),
      });
    },
    async client({ port }) {
      const peer = await dial(port);
      await peer.ended;
    },
  },
  'closed with drain and deadline': {
    program(reactor) {
      return reactor.listen(LOCAL, {
        open: (connection) => void connection.write('welcome'),
        data(connection, bytes) {
          connection.write(bytes);
          void reactor.close({ drain: true, deadline: 30 });
        },
        end() {},
      });
    },
    async client({ port }) {
      const quiet = await dial(port);
      await quiet.receive(7);
      const peer = await dial(port);
      await peer.write('close, please');
      await Promise.all([quiet.ended, peer.ended]);
    },
  },
  'closed while connections are being accepted': {
    program: (reactor) =>
      reactor.listen(LOCAL, {
        // Whoever is accepted into the end hears nothing: no number may be drawn for it.
        open: (connection) => void connection.write(String(reactor.random())),
        change: () => void reactor.random(),
      }),
    async client({ port, reactor, tap }) {
      const dials = Array.from({ length: 40 }, () => dial(port));
      // On the node host this is heard before the turn that takes in what was accepted.
      await tap.when(() => accepts(tap));
      await reactor.close();
      await Promise.all(dials);
    },
  },
  'closed at once, in the middle of a turn': {
    program(reactor) {
      return reactor.listen(LOCAL, {
        data(connection, bytes) {
          connection.write(bytes);
          void reactor.close();
        },
        end: (connection) => connection.end(),
        close: () => {},
      });
    },
    async client({ port, reactor, tap }) {
      const peers = await Promise.all(Array.from({ length: 6 }, () => dial(port)));
      await tap.when(() => reactor.counters.accepted === 6);
      for (const peer of peers) peer.socket.write('close');
      await Promise.all(peers.map((peer) => peer.ended));
    },
  },
};

export { listenUnix };
