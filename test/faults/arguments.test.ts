// Wrong argument types: a TypeError with Node's code, before anything native is touched.
import {
  type Connection,
  type CreateReactorOptions,
  createReactor,
  type Listener,
  type Reactor,
} from '../../src/index';
import { closeServed, reactorOf, serve } from '../support/serve';
import { tap } from '../support/tap';
import '../support/tidy-up';

const wrongType = expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });

/** An object whose methods take anything: the calls are wrong on purpose. */
type Loose = Record<string, (...values: unknown[]) => unknown>;
type Row = [what: string, call: (reactor: Loose, connection: Loose, listener: Loose) => unknown];

const handlers = {};
const loose = (object: object): Loose => object as Loose;
const rows: Row[] = [
  ['listen()', (reactor) => reactor.listen()],
  ['listen(null)', (reactor) => reactor.listen(null, handlers)],
  ['listen(8000)', (reactor) => reactor.listen(8000, handlers)],
  ['listen without a port', (reactor) => reactor.listen({}, handlers)],
  ['listen: port as text', (reactor) => reactor.listen({ port: '80' }, handlers)],
  ['listen: address', (reactor) => reactor.listen({ port: 0, address: 1 }, handlers)],
  ['listen: path', (reactor) => reactor.listen({ path: 7 }, handlers)],
  ['listen: backlog', (reactor) => reactor.listen({ port: 0, backlog: '9' }, handlers)],
  ['listen: reusePort', (reactor) => reactor.listen({ port: 0, reusePort: 1 }, handlers)],
  ['listen: noDelay', (reactor) => reactor.listen({ port: 0, noDelay: 'yes' }, handlers)],
  ['listen: keepAlive', (reactor) => reactor.listen({ port: 0, keepAlive: 30 }, handlers)],
  ['listen: ipv6Only', (reactor) => reactor.listen({ port: 0, ipv6Only: 0 }, handlers)],
  ['listen: signal', (reactor) => reactor.listen({ port: 0, signal: {} }, handlers)],
  ['listen: policy', (reactor) => reactor.listen({ port: 0, policy: 5n }, handlers)],
  ['watchSignal: signal', (reactor) => reactor.watchSignal(Object.create(null), handlers)],
  ['listen without handlers', (reactor) => reactor.listen({ port: 0 })],
  ['listen: handlers', (reactor) => reactor.listen({ port: 0 }, () => {})],
  ['listen: one handler', (reactor) => reactor.listen({ port: 0 }, { data: 'echo' })],
  ['connect()', (reactor) => reactor.connect()],
  ['connect: port', (reactor) => reactor.connect({ port: null }, handlers)],
  ['connect: address', (reactor) => reactor.connect({ port: 80, address: [] }, handlers)],
  ['connect: path', (reactor) => reactor.connect({ path: {} }, handlers)],
  ['connect: noDelay', (reactor) => reactor.connect({ port: 80, noDelay: 1 }, handlers)],
  ['connect: keepAlive', (reactor) => reactor.connect({ port: 80, keepAlive: '' }, handlers)],
  ['connect: signal', (reactor) => reactor.connect({ port: 80, signal: true }, handlers)],
  ['connect without handlers', (reactor) => reactor.connect({ port: 80 })],
  ['connect: one handler', (reactor) => reactor.connect({ port: 80 }, { close: 1 })],
  ['setTimer()', (reactor) => reactor.setTimer()],
  ['setTimer: milliseconds', (reactor) => reactor.setTimer('5', () => {})],
  ['setTimer: NaN', (reactor) => reactor.setTimer(Number.NaN, () => {})],
  ['setTimer: handler', (reactor) => reactor.setTimer(5, 'later')],
  ['setTimer: options', (reactor) => reactor.setTimer(5, () => {}, true)],
  ['setTimer: null', (reactor) => reactor.setTimer(5, () => {}, null)],
  ['setTimer: repeat', (reactor) => reactor.setTimer(5, () => {}, { repeat: 1 })],
  ['close: options', (reactor) => reactor.close(5)],
  ['close: null', (reactor) => reactor.close(null)],
  ['close: drain', (reactor) => reactor.close({ drain: 'yes' })],
  ['close: deadline', (reactor) => reactor.close({ deadline: '5' })],
  ['close: deadline NaN', (reactor) => reactor.close({ deadline: Number.NaN })],
  ['write()', (_, connection) => connection.write()],
  ['write: number', (_, connection) => connection.write(5)],
  ['write: null', (_, connection) => connection.write(null)],
  ['write: array', (_, connection) => connection.write([1, 2])],
  ['write: ArrayBuffer', (_, connection) => connection.write(new ArrayBuffer(4))],
  ['write: Uint16Array', (_, connection) => connection.write(new Uint16Array(4))],
  ['write: DataView', (_, connection) => connection.write(new DataView(new ArrayBuffer(4)))],
  ['writeSome: text', (_, connection) => connection.writeSome('text')],
  ['writeSome()', (_, connection) => connection.writeSome()],
  ['end: number', (_, connection) => connection.end(1)],
  ['end: null', (_, connection) => connection.end(null)],
  ['read()', (_, connection) => connection.read()],
  ['read: text', (_, connection) => connection.read('all')],
  ['read: negative', (_, connection) => connection.read(-1)],
  ['read: fraction', (_, connection) => connection.read(0.5)],
  ['setNoDelay: number', (_, connection) => connection.setNoDelay(1)],
  ['setKeepAlive: text', (_, connection) => connection.setKeepAlive('on')],
  ['accept()', (_, __, listener) => listener.accept()],
  ['accept: text', (_, __, listener) => listener.accept('one')],
];

describe('wrong argument types', () => {
  let reactor: Reactor;
  let connection: Connection;
  let listener: Listener;

  beforeEach(async () => {
    const served = await serve({});
    const tapped = tap();
    reactor = reactorOf(tapped);
    listener = served.listener;
    connection = reactor.connect({ port: served.port }, {});
    await tapped.when(() => served.connections.length > 0);
  });

  test.each(rows)('%s', (_, call) => {
    const calls = reactor.counters.calls;
    expect(() => call(loose(reactor), loose(connection), loose(listener))).toThrow(wrongType);
    // The core logs each call it gets: it heard of none.
    expect(reactor.counters.calls).toBe(calls);
    expect(connection.tx.queued).toBe(0);
    expect(connection.closed).toBe(false);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['text', 'epoll'],
    ['host', { host: 5 }],
    ['host null', { host: null }],
    ['spin', { spin: '50' }],
    ['seed', { seed: 7 }],
    ['sampling', { sampling: 1 }],
    ['a program', { program: 'mine' }],
    ["a program's name", { program: { parameters: {} } }],
    ["a program's parameters", { program: { name: 'mine' } }],
    ['debug', { debug: 'yes' }],
    ['signal', { signal: 'abort' }],
    ['limits', { limits: 4 }],
    ['one limit', { limits: { connections: '10' } }],
  ])('createReactor: %s', (_, options) => {
    expect(() => createReactor(options as CreateReactorOptions)).toThrow(wrongType);
  });

  test.each<[string, unknown, string]>([
    ['an unknown host', { host: 'kepoll' }, 'ERR_CALANDRIA_NO_HOST'],
    ['an unknown limit', { limits: { sockets: 3 } }, 'ERR_CALANDRIA_BAD_OPTION'],
    ['a limit out of range', { limits: { connections: 0 } }, 'ERR_CALANDRIA_BAD_OPTION'],
    ['an unknown sampling', { sampling: 'always' }, 'ERR_CALANDRIA_BAD_OPTION'],
  ])('createReactor: %s is named', (_, options, code) => {
    expect(() => createReactor(options as CreateReactorOptions)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test('calls after the end do nothing, or say ERR_CALANDRIA_CLOSED', async () => {
    await closeServed();
    const closed = expect.objectContaining({ code: 'ERR_CALANDRIA_CLOSED' });
    expect(() => reactor.listen({ port: 0 }, {})).toThrow(closed);
    expect(() => reactor.connect({ port: 80 }, {})).toThrow(closed);
    expect(() => reactor.setTimer(1, () => {})).toThrow(closed);
    expect(() => connection.write('late')).toThrow(closed);
    expect(() => connection.end('late')).toThrow(closed);
    for (const call of ['end', 'close', 'destroy', 'sample', 'ref', 'unref'] as const) {
      expect(() => connection[call]()).not.toThrow();
    }
    expect(() => connection.read(1)).not.toThrow();
    expect(() => connection.setNoDelay()).not.toThrow();
    await expect(reactor.close()).resolves.toBeUndefined();
    expect(connection.closed).toBe(true);
  });
});
