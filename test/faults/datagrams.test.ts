// Mistakes with datagrams: each is an error with a name, and nothing else happens.
import {
  createReactor,
  type DatagramOptions,
  type DatagramSocket,
  epoll,
  type Reactor,
} from '../../src/index';
import { promised } from '../support/conformance';
import { closeDatagramClients, datagramClient } from '../support/datagrams';

let reactor: Reactor;

beforeEach(() => {
  reactor = createReactor();
});

afterEach(async () => {
  await closeDatagramClients();
  await reactor.close();
});

function code(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'nothing was thrown';
}

const TYPE = 'ERR_INVALID_ARG_TYPE';
const ADDRESS = 'ERR_CALANDRIA_BAD_ADDRESS';

test.each<[string, unknown, string]>([
  ['no options', undefined, TYPE],
  ['a port that is none', { port: 65536 }, ADDRESS],
  ['a name', { address: 'example.org', port: 0 }, ADDRESS],
  ['a path with a NUL', { path: 'a\0b' }, ADDRESS],
  ['an empty path', { path: '' }, ADDRESS],
  ['a remote without a port', { remote: { address: '127.0.0.1' } }, TYPE],
  ['a remote with port 0', { remote: { address: '127.0.0.1', port: 0 } }, ADDRESS],
  ['a remote that is none', { remote: null }, TYPE],
  ['a flag that is none', { port: 0, broadcast: 1 }, TYPE],
  ['room for no message', { port: 0, messageBytes: 0 }, TYPE],
  ['more room than there are bytes', { port: 0, messageBytes: 65536 }, TYPE],
])('bound with %s', (_, options, expected) => {
  expect(code(() => reactor.bindDatagram(options as DatagramOptions, {}))).toBe(expected);
});

test('handlers that are no functions', () => {
  expect(code(() => reactor.bindDatagram({ port: 0 }, undefined as never))).toBe(TYPE);
  expect(code(() => reactor.bindDatagram({ port: 0 }, { message: 'yes' } as never))).toBe(TYPE);
});

describe('a socket', () => {
  let socket: DatagramSocket;

  beforeEach(async () => {
    socket = await reactor.bindDatagram({ port: 0 }, {}).ready();
  });

  test.each<[string, unknown, unknown, string]>([
    ['nothing', undefined, { port: 7 }, TYPE],
    ['a number', 7, { port: 7 }, TYPE],
    ['a message to nobody', 'x', undefined, ADDRESS],
    ['a message to null', 'x', null, TYPE],
    ['a message to a name', 'x', { address: 'example.org', port: 7 }, ADDRESS],
    ['a message to port 0', 'x', { address: '127.0.0.1', port: 0 }, ADDRESS],
    ['a message to an interface by name', 'x', { address: 'fe80::1%eth0', port: 7 }, ADDRESS],
    ['too much', Buffer.alloc(65508), { address: '127.0.0.1', port: 7 }, 'EMSGSIZE'],
    ['too much over IPv6', Buffer.alloc(65528), { address: '::1', port: 7 }, 'EMSGSIZE'],
    ['too much text', 'ü'.repeat(32754), { address: '127.0.0.1', port: 7 }, 'EMSGSIZE'],
  ])('sends %s', (_, bytes, to, expected) => {
    expect(code(() => socket.send(bytes as string, to as never))).toBe(expected);
    expect(socket.tx.queued).toBe(0);
  });

  test.each<[string, (subject: DatagramSocket) => Promise<void>, string]>([
    ['joins what is no group', (subject) => subject.addMembership('127.0.0.1'), ADDRESS],
    ['joins a name', (subject) => subject.addMembership('everybody'), ADDRESS],
    ['joins a number', (subject) => subject.addMembership(7 as never), TYPE],
    ['joins through a name', (subject) => subject.addMembership('239.0.0.1', 'lo'), ADDRESS],
    ['joins through 0', (subject) => subject.addMembership('239.0.0.1', 0), TYPE],
    ['leaves what it has not joined', (subject) => subject.dropMembership('239.0.0.1'), 'E'],
    ['sets hops beyond 255', (subject) => subject.setTtl(256), TYPE],
    ['sets no hops', (subject) => subject.setTtl(0), TYPE],
    ['sets half a hop', (subject) => subject.setMulticastTtl(0.5), TYPE],
    ['sets a flag that is none', (subject) => subject.setBroadcast(1 as never), TYPE],
  ])('%s', async (_, action, expected) => {
    await expect(action(socket)).rejects.toMatchObject({
      code: expect.stringMatching(new RegExp(`^${expected}`)),
    });
  });

  test('once closed, sends nothing and sets nothing', async () => {
    socket.close();
    expect(code(() => socket.send('x', { address: '127.0.0.1', port: 7 }))).toBe(
      'ERR_CALANDRIA_CLOSED',
    );
    await expect(socket.setTtl(5)).rejects.toMatchObject({ code: 'ERR_CALANDRIA_CLOSED' });
  });
});

test('a handler that throws ends its socket, and the error is not swallowed', async () => {
  const thrown = promised<unknown>();
  const closed = promised();
  const heard: string[] = [];
  const listening = createReactor({ host: { ...epoll(), thrown: thrown.resolve } });
  const socket = await listening
    .bindDatagram(
      { port: 0 },
      {
        message(_, bytes) {
          heard.push(Buffer.from(bytes).toString());
          throw new Error('on purpose');
        },
        close: () => closed.resolve(),
      },
    )
    .ready();
  const client = await datagramClient();
  socket.read(0);
  await client.send('one', socket.port, '127.0.0.1');
  await client.send('two', socket.port, '127.0.0.1');
  socket.read(Infinity);
  await closed.promise;
  expect(heard).toEqual(['one']);
  expect(await thrown.promise).toMatchObject({ message: 'on purpose' });
  await listening.close();
});
