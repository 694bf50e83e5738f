// Places where one cannot listen, or that cannot be reached.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reactorOf, serve } from '../support/serve';
import { tap } from '../support/tap';
import '../support/tidy-up';

describe('addresses', () => {
  test('a port in use: EADDRINUSE, and the error names the address', async () => {
    const served = await serve({});
    const again = served.reactor.listen({ port: served.port }, {});
    await expect(again.ready()).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'listen',
      message: expect.stringContaining(`127.0.0.1:${served.port}`),
    });
    await served.tap.when(() => again.closed);
  });

  test('an address that is not this machine: EADDRNOTAVAIL', async () => {
    const listener = reactorOf(tap()).listen({ address: '192.0.2.1', port: 0 }, {});
    await expect(listener.ready()).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
      message: expect.stringContaining('192.0.2.1'),
    });
  });

  test('a listen that fails without anybody waiting tells listenerError', async () => {
    const served = await serve({});
    const told: string[] = [];
    served.reactor.listen(
      { port: served.port },
      { listenerError: (_, error) => void told.push((error as NodeJS.ErrnoException).code ?? '') },
    );
    await served.tap.when(() => told.length > 0);
    expect(told).toEqual(['EADDRINUSE']);
  });

  test.each(['example.invalid', '999.1.1.1', '1.2.3', '::zz', '', '127.0.0.1\0'])(
    'the address %j is refused at the call, by value',
    (address) => {
      const reactor = reactorOf(tap());
      const refused = expect.objectContaining({
        code: 'ERR_CALANDRIA_BAD_ADDRESS',
        message: expect.stringContaining(JSON.stringify(address)),
      });
      expect(() => reactor.listen({ address, port: 0 }, {})).toThrow(refused);
      expect(() => reactor.connect({ address, port: 80 }, {})).toThrow(refused);
      expect(reactor.counters.calls).toBe(0);
    },
  );

  test.each([-1, 65536, 1.5, Number.NaN])('the port %p is refused, by value', (port) => {
    const reactor = reactorOf(tap());
    expect(() => reactor.listen({ port }, {})).toThrow(
      expect.objectContaining({
        code: 'ERR_CALANDRIA_BAD_ADDRESS',
        message: expect.stringContaining(String(port)),
      }),
    );
    expect(() => reactor.connect({ port: 0 }, {})).toThrow(/port/);
    expect(reactor.counters.calls).toBe(0);
  });

  test('nobody listens: ECONNREFUSED with the address, then close', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const heard: string[] = [];
    const tapped = tap();
    const connection = reactorOf(tapped).connect(
      { port },
      {
        open: () => void heard.push('open'),
        error: (_, { message }) => void heard.push(message),
        close: () => void heard.push('close'),
      },
    );
    connection.write('into the void');
    await tapped.when(() => connection.closed);
    expect(heard).toEqual([`ECONNREFUSED: connect 127.0.0.1:${port}`, 'close']);
    expect(connection.tx.queued).toBe(0);
  });

  test('local sockets: a path without folder, and one that is taken', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'calandria-'));
    const reactor = reactorOf(tap());
    await expect(
      reactor.listen({ path: join(folder, 'no', 'such') }, {}).ready(),
    ).rejects.toMatchObject({ code: 'ENOENT', message: expect.stringContaining('no/such') });
    writeFileSync(join(folder, 'taken'), '');
    await expect(reactor.listen({ path: join(folder, 'taken') }, {}).ready()).rejects.toMatchObject(
      { code: 'EADDRINUSE' },
    );
    expect(() => reactor.listen({ path: 'x'.repeat(108) }, {})).toThrow(/108|107/);
    expect(existsSync(join(folder, 'taken'))).toBe(true);
    rmSync(folder, { recursive: true });
  });
});
