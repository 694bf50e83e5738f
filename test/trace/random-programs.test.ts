// Programs drawn from a seed, and clients that are as random: whatever they do, its replay is
// identical.
import '../support/tidy-up';
import { type Connection, epoll, type Handlers, node, type Reactor } from '../../src/index';
import { dial, type Peer } from '../support/peer';
import { IDENTICAL, recordRun, replayBoth } from '../support/recording';
import { Seeded } from '../support/seeded';

const FIRST = Number(process.env.CALANDRIA_SEED ?? 1);
const SEEDS = Array.from({ length: 20 }, (_, place) => FIRST + place);

/** Every decision comes from the reactor's own randomness, so that a replay takes the same ones. */
class RandomProgram {
  private readonly reactor: Reactor;
  private readonly handlers: Handlers;
  private readonly all = new Set<Connection>();
  private dialled = 0;
  port = 0;

  constructor(reactor: Reactor) {
    this.reactor = reactor;
    const act = (connection: Connection): void => this.act(connection);
    this.handlers = {
      open: (connection) => {
        this.all.add(connection);
        this.act(connection);
      },
      data: (connection, bytes) => {
        if (this.chance(0.7)) this.write(connection, bytes);
        this.act(connection);
      },
      drain: act,
      end: (connection) => connection.end(),
      error() {},
      close: (connection) => void this.all.delete(connection),
      ...(this.chance(0.5) ? { change: act } : {}),
    };
  }

  listen() {
    return this.reactor.listen({ port: 0 }, this.handlers);
  }

  private chance(probability: number): boolean {
    return this.reactor.random() < probability;
  }

  private between(least: number, most: number): number {
    return least + Math.floor(this.reactor.random() * (most - least + 1));
  }

  private write(connection: Connection, bytes: Uint8Array | string): void {
    try {
      if (!connection.write(bytes)) connection.read(0);
    } catch (error) {
      // Ended, or full: both are answers that the trace has.
      if (!/QUEUE_FULL|CLOSED/.test((error as { code: string }).code)) throw error;
    }
  }

  private dial(port: number): void {
    try {
      this.reactor.connect({ port }, { ...this.handlers });
    } catch (error) {
      if ((error as { code: string }).code !== 'ERR_CALANDRIA_CLOSED') throw error;
    }
  }

  private act(connection: Connection): void {
    switch (this.between(0, 13)) {
      case 0:
        return this.write(connection, 'x'.repeat(this.between(0, 50_000)));
      case 1:
        return this.write(connection, Buffer.alloc(this.between(0, 300_000), 'y'));
      case 2:
        return this.write(connection, `${connection.tx.queued} ${connection.rx.available}`);
      case 3:
        return connection.read(this.between(0, 5000));
      case 4:
        return connection.read(Number.POSITIVE_INFINITY);
      case 5:
        return this.chance(0.3) ? connection.end() : undefined;
      case 6:
        return this.chance(0.3) ? connection.close() : undefined;
      case 7:
        return this.chance(0.2) ? connection.destroy() : undefined;
      case 8:
        return connection.sample();
      case 9:
        return void this.reactor.setTimer(this.between(0, 3), () => this.act(connection));
      case 10:
        return void Promise.resolve().then(() => this.write(connection, 'from a promise'));
      case 11:
        for (const other of this.all) if (this.chance(0.1)) other.destroy();
        return undefined;
      case 12:
        if (this.port && this.dialled++ < 5) {
          this.dial(this.port);
        }
        return undefined;
      default:
        return undefined;
    }
  }
}

async function program(reactor: Reactor) {
  const random = new RandomProgram(reactor);
  const listener = random.listen();
  random.port = (await listener.ready()).port;
  return listener;
}

async function visit(port: number, seeded: Seeded): Promise<void> {
  const peers: Peer[] = [];
  for (let step = 0; step < 40; step++) {
    if (peers.length === 0 || seeded.chance(0.2)) peers.push(await dial(port));
    const peer = seeded.pick(peers);
    if (!peer.socket.writable) continue;
    switch (seeded.between(0, 9)) {
      case 0:
        peer.end();
        break;
      case 1:
        if (seeded.chance(0.5)) peer.reset();
        break;
      case 2:
        peer.socket.pause();
        break;
      case 3:
        peer.socket.resume();
        break;
      default:
        peer.socket.write(seeded.bytes(seeded.size(40_000)));
        await new Promise((resolve) => setImmediate(resolve));
    }
  }
  for (const peer of peers) peer.socket.resume();
}

test.each(SEEDS)('seed %i: core and program are identical', async (seed) => {
  const limits = seed % 3 === 0 ? { queueBytes: 200_000, readSegments: 2, readBytes: 16_384 } : {};
  const file = await recordRun(program, ({ port }) => visit(port, new Seeded(seed)), {
    host: seed % 4 === 1 ? node() : epoll(),
    reactor: {
      seed: BigInt(seed),
      limits,
      sampling: seed % 4 === 0 ? 'turn' : 'none',
      debug: seed % 5 === 0,
    },
  });
  expect(await replayBoth(file, program)).toEqual(IDENTICAL);
});
