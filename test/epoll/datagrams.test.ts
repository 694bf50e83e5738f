// What only a native host does with datagrams: local sockets, batches of system calls.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CreateReactorOptions,
  createReactor,
  type DatagramHandlers,
  type DatagramSocket,
  type Reactor,
} from '../../src/index';
import { runs, testWith } from '../support/commands';
import { pattern, promised } from '../support/conformance';
import { closeDatagramClients, datagramClient } from '../support/datagrams';

const reactors: Reactor[] = [];
const folder = mkdtempSync(join(tmpdir(), 'calandria-'));

function reactorOf(options: CreateReactorOptions = {}): Reactor {
  const reactor = createReactor({ ...options, host: 'epoll' });
  reactors.push(reactor);
  return reactor;
}

afterEach(async () => {
  await closeDatagramClients();
  await Promise.all(reactors.splice(0).map((reactor) => reactor.close()));
});

afterAll(() => rmSync(folder, { recursive: true }));

const ECHO: DatagramHandlers = {
  message(socket, bytes, from) {
    socket.send(bytes, from);
  },
};

describe('local datagrams', () => {
  test.each([
    ['a path', join(folder, 'echo.socket')],
    ['an abstract name', `@calandria-${process.pid}`],
  ])('R0.1: %s answers whoever has a name', async (_, path) => {
    const reactor = reactorOf();
    const server = await reactor.bindDatagram({ path }, ECHO).ready();
    expect(server).toMatchObject({ family: 'local', address: '', port: 0, path });
    const answers: string[] = [];
    const done = promised();
    const own = join(folder, 'client.socket');
    const client = await reactor
      .bindDatagram(
        { path: own },
        {
          message(_socket, bytes, from) {
            answers.push(`${Buffer.from(bytes)} from ${from.path}`);
            if (answers.length === 3) done.resolve();
          },
        },
      )
      .ready();
    for (const text of ['one', '', 'three']) client.send(text, { path });
    await done.promise;
    expect(answers).toEqual([`one from ${path}`, ` from ${path}`, `three from ${path}`]);
    await reactor.close();
    // The file goes with its socket.
    expect(existsSync(own)).toBe(false);
  });

  test('R0.1: with a remote and no path the system gives a name to answer to', async () => {
    const reactor = reactorOf();
    const path = join(folder, 'named.socket');
    await reactor.bindDatagram({ path }, ECHO).ready();
    const answered = promised<string>();
    const client = reactor.bindDatagram(
      { remote: { path } },
      { message: (_, bytes) => answered.resolve(Buffer.from(bytes).toString()) },
    );
    client.send('anonymous');
    expect(await answered.promise).toBe('anonymous');
  });

  test('a name that nobody has is an error of the one message', async () => {
    const reactor = reactorOf();
    const errors: string[] = [];
    const answered = promised();
    const socket = await reactor
      .bindDatagram(
        { path: join(folder, 'self.socket') },
        {
          message: () => answered.resolve(),
          error: (_, error) => void errors.push((error as NodeJS.ErrnoException).code as string),
        },
      )
      .ready();
    socket.send('to nobody', { path: join(folder, 'nobody.socket') });
    socket.send('to myself', { path: join(folder, 'self.socket') });
    await answered.promise;
    await new Promise<void>((resolve) => reactor.setTimer(0, () => resolve()));
    expect(errors).toEqual(['ENOENT']);
    expect(reactor.counters).toMatchObject({ recordsOut: 1, recordsRefused: 1 });
  });

  test('a queue that the receiver does not empty blocks a connected sender, and loses none', async () => {
    const reactor = reactorOf();
    const path = join(folder, 'slow.socket');
    const total = 2000;
    const heard: string[] = [];
    const all = promised();
    const server = await reactor
      .bindDatagram(
        { path },
        {
          message(_, bytes) {
            heard.push(Buffer.from(bytes).toString());
            if (heard.length === total) all.resolve();
          },
        },
      )
      .ready();
    server.read(0);
    const drained = promised();
    const client = await reactor
      .bindDatagram({ remote: { path } }, { drain: () => drained.resolve() })
      .ready();
    let told = true;
    for (let place = 0; place < total; place++) told = client.send(`${place}`) && told;
    reactor.setTimer(0, () => {
      // The kernel has taken what it takes; from here on it is read.
      expect(client.tx.queued).toBeGreaterThan(0);
      expect(client.tx.space).toBe(0);
      server.read(Infinity);
    });
    await all.promise;
    expect(heard).toEqual(Array.from({ length: total }, (_, place) => `${place}`));
    if (!told) await drained.promise;
  });

  test('without a remote nobody tells of room in a queue: it is tried again until all is sent', async () => {
    const reactor = reactorOf();
    const path = join(folder, 'full.socket');
    const total = 1500;
    const heard: string[] = [];
    const all = promised();
    const server = await reactor
      .bindDatagram(
        { path },
        {
          message(_, bytes) {
            heard.push(Buffer.from(bytes).toString());
            if (heard.length === total) all.resolve();
          },
        },
      )
      .ready();
    server.read(0);
    const client = await reactor.bindDatagram({ path: join(folder, 'own.socket') }, {}).ready();
    for (let place = 0; place < total; place++) client.send(`${place}`, { path });
    // Meanwhile nobody spins: a try every 10 ms, and no registration.
    const before = reactor.counters;
    await new Promise<void>((resolve) => reactor.setTimer(200, () => resolve()));
    const { hostSends, hostControls, hostWaits } = reactor.counters;
    expect(hostSends - before.hostSends).toBeLessThan(40);
    expect(hostWaits - before.hostWaits).toBeLessThan(200);
    expect(hostControls).toBe(before.hostControls);
    server.read(Infinity);
    await all.promise;
    expect(heard).toEqual(Array.from({ length: total }, (_, place) => `${place}`));
    // And then it is quiet.
    await new Promise<void>((resolve) => reactor.setTimer(0, () => resolve()));
    expect(client.tx.queued).toBe(0);
  });

  test('a socket that cannot be connected leaves no file behind', async () => {
    const reactor = reactorOf();
    const path = join(folder, 'half.socket');
    const remote = { path: join(folder, 'nobody.socket') };
    await expect(reactor.bindDatagram({ path, remote }, {}).ready()).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(existsSync(path)).toBe(false);
    await reactor.bindDatagram({ path }, {}).ready();
  });

  // A sanitizer's runtime that is preloaded into it holds it up for ever.
  const logger = ['-u', 'LD_PRELOAD', 'logger'];
  const withLogger = testWith(runs('env', ...logger, '--version'), 'logger');

  withLogger('a sender without a name has none, whoever was heard before', async () => {
    const reactor = reactorOf();
    const before = promised();
    const { port } = await reactor
      .bindDatagram({ port: 0 }, { message: () => before.resolve() })
      .ready();
    await (await datagramClient()).send('with a name', port, '127.0.0.1');
    await before.promise;
    const path = join(folder, 'unnamed.socket');
    const from = promised<unknown>();
    await reactor
      .bindDatagram(
        { path },
        { message: (_, __, { family, address, path }) => from.resolve({ family, address, path }) },
      )
      .ready();
    const sender = spawn('env', [...logger, '--socket', path, 'anything'], { stdio: 'ignore' });
    expect(await from.promise).toEqual({ family: 'local', address: '', path: undefined });
    await new Promise((resolve) => sender.once('exit', resolve));
  });

  test('the node host says by name that it has none', async () => {
    const reactor = createReactor({ host: 'node' });
    reactors.push(reactor);
    const socket = reactor.bindDatagram({ path: '@nowhere' }, {});
    await expect(socket.ready()).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
  });
});

describe('one port for several sockets', () => {
  test('reusePort deals the messages out, and without it the port is taken', async () => {
    const reactor = reactorOf();
    const heard = new Set<number>();
    const both = promised();
    const handlers = (name: number): DatagramHandlers => ({
      message() {
        heard.add(name);
        if (heard.size === 2) both.resolve();
      },
    });
    const first = await reactor.bindDatagram({ reusePort: true }, handlers(1)).ready();
    const { port } = first;
    await reactor.bindDatagram({ port, reusePort: true }, handlers(2)).ready();
    await expect(reactor.bindDatagram({ port }, {}).ready()).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    // By the sender's port: among many each has some.
    for (let sender = 0; sender < 50 && heard.size < 2; sender++) {
      const client = await datagramClient();
      await client.send('to either', port, '127.0.0.1');
    }
    await both.promise;
  });
});

describe('batches', () => {
  async function flood(
    count: number,
    size: number,
    options: CreateReactorOptions = {},
  ): Promise<{ reactor: Reactor; socket: DatagramSocket; heard: Buffer[] }> {
    const reactor = reactorOf(options);
    const heard: Buffer[] = [];
    const all = promised();
    const socket = await reactor
      .bindDatagram(
        { port: 0 },
        {
          message(_, bytes) {
            heard.push(Buffer.from(bytes));
            if (heard.length === count) all.resolve();
          },
        },
      )
      .ready();
    socket.read(0);
    const client = await datagramClient();
    for (let place = 0; place < count; place++) {
      await client.send(pattern(size, place), socket.port, '127.0.0.1');
    }
    socket.read(Infinity);
    await all.promise;
    return { reactor, socket, heard };
  }

  test('32 datagrams come with each system call', async () => {
    const { reactor, heard } = await flood(128, 64);
    expect(heard.map((bytes, place) => bytes.equals(pattern(64, place)))).toEqual(
      new Array(128).fill(true),
    );
    const { hostReceives, recordsIn } = reactor.counters;
    expect(recordsIn).toBe(128);
    // The last call finds nothing.
    expect(hostReceives).toBeLessThanOrEqual(5);
  });

  test('what one call brings beyond the room for it comes first the next time', async () => {
    const { heard } = await flood(5, 30_000, { limits: { readBytes: 65536 } });
    expect(heard.map((bytes, place) => bytes.equals(pattern(30_000, place)))).toEqual(
      new Array(5).fill(true),
    );
  });

  test('the sends of a turn leave in one system call for 32', async () => {
    const reactor = reactorOf();
    const socket = await reactor.bindDatagram({ port: 0 }, {}).ready();
    const client = await datagramClient();
    const before = reactor.counters.hostSends;
    for (let place = 0; place < 96; place++) {
      socket.send(pattern(64, place), { address: '127.0.0.1', port: client.port });
    }
    const messages = await client.got(96);
    expect(messages.every((bytes, place) => bytes.equals(pattern(64, place)))).toBe(true);
    expect(reactor.counters.hostSends - before).toBe(3);
  });

  test('one in the middle that cannot leave does not stop the others', async () => {
    const reactor = reactorOf();
    const errors: string[] = [];
    const socket = await reactor
      .bindDatagram(
        { port: 0 },
        { error: (_, error) => void errors.push((error as NodeJS.ErrnoException).code as string) },
      )
      .ready();
    const client = await datagramClient();
    const to = { address: '127.0.0.1', port: client.port };
    socket.send('before', to);
    // Without SO_BROADCAST (ip(7)).
    socket.send('refused', { address: '255.255.255.255', port: client.port });
    socket.send('behind', to);
    expect((await client.got(2)).map(String)).toEqual(['before', 'behind']);
    expect(errors).toEqual(['EACCES']);
    await new Promise<void>((resolve) => reactor.setTimer(0, () => resolve()));
    expect(reactor.counters).toMatchObject({ recordsOut: 2, recordsRefused: 1 });
  });

  test('a datagram that leaves is not reported as room: two turns a message', async () => {
    const reactor = reactorOf();
    const socket = await reactor.bindDatagram({ port: 0 }, ECHO).ready();
    const client = await datagramClient();
    await client.send('first', socket.port, '127.0.0.1');
    await client.got(1);
    const turns = reactor.turn;
    for (let place = 0; place < 50; place++) {
      await client.send('x', socket.port, '127.0.0.1');
      await client.got(place + 2);
    }
    expect(reactor.turn - turns).toBeLessThanOrEqual(2 * 50 + 5);
    expect(reactor.counters.hostControls).toBe(1);
  });
});
