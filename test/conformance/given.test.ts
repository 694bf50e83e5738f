// Listeners that somebody else has made: another reactor, or the process that started this one.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createReactor, epoll, type Listener, type Reactor } from '../../src';
import { forEachHost, Story } from '../support/conformance';
import { dial } from '../support/peer';
import { Program } from '../support/program';
import { IDENTICAL, recordRun, replayBoth } from '../support/recording';

const PROGRAM = join(__dirname, 'programs/given.mjs');
const CONNECTIONS = 40;

/** The error that a promise is rejected with. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error) => error.code,
  );
}

/** Why nobody can connect. */
async function refusal(port: number): Promise<string> {
  const [error] = await once(connect(port, '127.0.0.1'), 'error').catch((error) => [error]);
  return error.code;
}

/** A server of node:net, which accepts nobody: that is left to whoever gets its descriptor. */
async function listening(): Promise<{ server: Server; port: number; fd: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  return { server, port, fd };
}

forEachHost('given listeners', (bench) => {
  const native = bench.host !== 'node';

  /** A reactor that answers with its name. */
  function answering(name: string, endpoint: object) {
    const reactor = bench.reactor();
    const listener = reactor.listen(endpoint, {
      open: (connection) => void connection.write(name),
      end: (connection) => connection.end(),
    });
    return { reactor, listener };
  }

  async function ask(port: number): Promise<string> {
    const peer = await dial(port);
    const answer = String(await peer.receive(1));
    peer.end();
    await peer.closed;
    return answer;
  }

  test('R0.20: reactors share a listener: who connects is served once, and one may go', async () => {
    const first = answering('1', { port: 0 });
    const { port } = await first.listener.ready();
    const { fd } = first.listener;
    expect(fd === undefined).toBe(!native);
    // Node cannot duplicate a descriptor, and a signal has one receiver.
    if (!native || bench.host === 'rtsig') {
      const refused = answering('2', { fd: fd ?? 0, shared: true });
      return expect(await codeOf(refused.listener.ready())).toBe('EOPNOTSUPP');
    }
    const second = answering('2', { fd, shared: true });
    expect(await second.listener.ready()).toEqual(first.listener.address);
    const answers = await Promise.all(Array.from({ length: CONNECTIONS }, () => ask(port)));
    const shares = [first, second].map(({ reactor }) => reactor.counters.accepted);
    expect(shares).toEqual(['1', '2'].map((name) => answers.filter((a) => a === name).length));
    // What the first has closed listens on, in the second.
    await first.reactor.close();
    expect(first.listener.fd).toBeUndefined();
    expect(await ask(port)).toBe('2');
    expect(await ask(port)).toBe('2');
  });

  test('R0.20: a listener that the starting process hands over is served, and closed', async () => {
    const { server, port, fd } = await listening();
    const program = new Program([process.execPath, PROGRAM, bench.host], [fd]);
    server.close();
    const said = await program.next();
    expect(said).toEqual({ family: 'IPv4', address: '127.0.0.1', port });
    expect(await ask(port)).toBe('g');
    program.send({});
    expect(await program.next()).toEqual({ left: 'EBADF' });
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
    // Nobody has it any more.
    expect(await refusal(port)).toBe('ECONNREFUSED');
  });

  test('R0.20: who has lent its listener closes it, and leaves nothing to those who go on', async () => {
    if (!native) return;
    // A signal that is left behind would end the process.
    const lent = join(__dirname, 'programs/lent.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [lent, bench.host]);
    expect(stdout).toBe('bbbbb\n');
  });

  test('a listener whose descriptor is 0 says so', async () => {
    if (!native) return;
    const zero = join(__dirname, 'programs/zero.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [zero, bench.host]);
    expect(stdout).toBe('0 z\n');
  });

  test('a descriptor that does not listen is refused, and stays open', async () => {
    const file = openSync(__filename, 'r');
    const story = new Story();
    const listener = bench.reactor().listen(
      { fd: file },
      {
        listenerError: (_, error) => story.tell((error as NodeJS.ErrnoException).code as string),
      },
    );
    const code = await codeOf(listener.ready());
    expect(code).toBe(native ? 'ENOTSOCK' : 'EINVAL');
    expect(story.lines).toEqual([code]);
    expect(fstatSync(file).isFile()).toBe(true);
    closeSync(file);
  });

  test('what makes no sense is refused by name', () => {
    const reactor = bench.reactor();
    const type = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' });
    for (const fd of [-1, 1.5, 2 ** 31, '3' as never, null as never]) {
      expect(() => reactor.listen({ fd }, {})).toThrow(type);
    }
    expect(() => reactor.listen({ fd: 3, shared: 1 as never }, {})).toThrow(type);
    const usage = (text: RegExp) =>
      expect.objectContaining({
        code: 'ERR_CALANDRIA_USAGE',
        message: expect.stringMatching(text),
      });
    expect(() => reactor.listen({ fd: 3, port: 80 }, {})).toThrow(usage(/`port`.* fd 3/));
    expect(() => reactor.listen({ fd: 3, backlog: 5 }, {})).toThrow(usage(/`backlog`.* fd 3/));
    expect(() => reactor.listen({ port: 0, shared: true }, {})).toThrow(usage(/`fd`: give both/));
    expect(() => reactor.listen({ fd: 3, shared: true, keepAlive: true }, {})).toThrow(
      usage(/`keepAlive`.* share it/),
    );
  });
});

test('R0.20: what was served on a shared listener is replayed without it', async () => {
  const donor = createReactor({ host: epoll() });
  const owned = donor.listen({ port: 0 }, {});
  const { port } = await owned.ready();
  owned.accept(0);
  const fd = owned.fd as number;
  const program = (reactor: Reactor): Listener =>
    reactor.listen(
      { fd, shared: true },
      {
        data: (connection, bytes) => void connection.write(bytes),
        end: (connection) => connection.end(),
      },
    );
  const file = await recordRun(program, async () => {
    const peer = await dial(port);
    await peer.write('hello');
    expect(String(await peer.receive(5))).toBe('hello');
    peer.end();
    await peer.closed;
  });
  await donor.close();
  expect(await replayBoth(file, program)).toEqual(IDENTICAL);
});
