// sendFile on every host: the bytes, their order, and how it ends.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, File, Reactor, Sent, SentVia } from '../../src';
import type { Client } from '../support/client';
import { type Bench, forOneHost, pattern, promised } from '../support/conformance';

const MIB = 1024 * 1024;
const HOLLOW = 512 * MIB;
const folder = mkdtempSync(join(tmpdir(), 'calandria-sending-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

/** A file of zeros that no socket's buffers can hold. */
function hollow(): string {
  const path = written(Buffer.alloc(0));
  truncateSync(path, HOLLOW);
  return path;
}

function written(bytes: Uint8Array): string {
  const path = join(folder, `${++files}`);
  writeFileSync(path, bytes);
  return path;
}

/** The ways that a host has; the first is the one that it chooses. */
function waysOf(host: string): readonly SentVia[] {
  return host === 'node' ? ['read'] : ['sendfile', 'map', 'read'];
}

interface Serving {
  readonly reactor: Reactor;
  readonly file: File;
  /** What `respond` returned, for the first connection. */
  readonly sent: Promise<unknown>;
  readonly errors: NodeJS.ErrnoException[];
  readonly closed: Promise<void>;
  dial(): Client;
}

/** Everything until the other end, and then our own. */
async function all(client: Client): Promise<Buffer> {
  await client.ended;
  client.end();
  return client.received;
}

/** Serves one file; `respond` says what each connection gets. */
async function serveFile(
  bench: Bench,
  path: string,
  respond: (connection: Connection, file: File) => unknown,
): Promise<Serving> {
  const reactor = bench.reactor();
  const file = await reactor.openFile(path);
  const errors: NodeJS.ErrnoException[] = [];
  const sent = promised<unknown>();
  const closed = promised();
  const listener = reactor.listen(
    { port: 0 },
    {
      open(connection) {
        const result = respond(connection, file);
        // As a value: a rejection is looked at by the test.
        sent.resolve(Promise.resolve(result).catch((error: unknown) => error));
      },
      end() {},
      error: (_, error) => void errors.push(error),
      close: () => closed.resolve(),
    },
  );
  const { address, port } = await listener.ready();
  const dial = (): Client => bench.dial({ address, port });
  return { reactor, file, sent: sent.promise, errors, closed: closed.promise, dial };
}

forOneHost('sendFile', (bench) => {
  const ways = waysOf(bench.host);

  test.each(ways)('R0.22 R2.25 R2.27: all bytes, in their place (%s)', async (via) => {
    const bytes = pattern(3 * MIB + 12_345);
    const { sent, dial } = await serveFile(bench, written(bytes), (connection, file) => {
      connection.write('head');
      const done = connection.sendFile(file, 1000, bytes.length - 1000, { via });
      connection.write('middle');
      void connection.sendFile(file, 0, 10, { via });
      connection.end('tail');
      return done;
    });
    const received = await all(dial());
    const expected = ['head', bytes.subarray(1000), 'middle', bytes.subarray(0, 10), 'tail'];
    const whole = Buffer.concat(expected.map((part) => Buffer.from(part)));
    expect(received.equals(whole)).toBe(true);
    expect(await sent).toEqual({ bytesSent: bytes.length - 1000, via });
  });

  test('R2.27: the first way that this host has is taken', async () => {
    const { sent, dial } = await serveFile(bench, written(pattern(1000)), (connection, file) => {
      const done = connection.sendFile(file, 0, 1000);
      connection.end();
      return done;
    });
    expect(await all(dial())).toHaveLength(1000);
    expect(await sent).toEqual({ bytesSent: 1000, via: ways[0] });
  });

  test.each(ways)(
    'R2.26: a file that is truncated meanwhile is an error by name (%s)',
    async (via) => {
      const path = hollow();
      const { sent, errors, closed, dial } = await serveFile(bench, path, (connection, file) =>
        connection.sendFile(file, 0, HOLLOW, { via }),
      );
      const client = dial();
      client.socket.once('data', () => {
        client.socket.pause();
        truncateSync(path, 4 * MIB);
        client.socket.resume();
      });
      const received = await all(client);
      const error = (await sent) as NodeJS.ErrnoException;
      expect(error).toMatchObject({ code: 'ENODATA', syscall: 'sendfile', path });
      expect(error.message).toContain('the file ended early');
      await closed;
      expect(errors).toMatchObject([{ code: 'ENODATA' }]);
      expect(received.length).toBeGreaterThan(0);
      expect(received.length).toBeLessThan(HOLLOW);
    },
  );

  test('a range beyond the end is the same error, after what there is', async () => {
    const { sent, errors, closed, dial } = await serveFile(
      bench,
      written(pattern(1000)),
      (connection, file) => connection.sendFile(file, 600, 1000),
    );
    expect(await all(dial())).toHaveLength(400);
    expect(await sent).toMatchObject({ code: 'ENODATA' });
    await closed;
    expect(errors).toMatchObject([{ code: 'ENODATA' }]);
  });

  test('a client that goes away in the middle: the promise and `error` say so', async () => {
    const path = hollow();
    const { reactor, file, sent, closed, dial } = await serveFile(bench, path, (connection, each) =>
      connection.sendFile(each, 0, HOLLOW),
    );
    const client = dial();
    client.socket.once('data', () => client.socket.resetAndDestroy());
    expect((await sent) as NodeJS.ErrnoException).toHaveProperty(
      'code',
      expect.stringMatching(/^(ECONNRESET|EPIPE)$/),
    );
    await closed;
    // Nothing holds the file any more.
    await file.close();
    expect(reactor.counters.operations).toBeGreaterThan(0);
  });

  test('destroy() cancels it, close() of the file waits for it', async () => {
    const path = hollow();
    let connection: Connection | undefined;
    const { file, sent, closed, dial } = await serveFile(bench, path, (accepted, each) => {
      connection = accepted;
      return accepted.sendFile(each, 0, HOLLOW);
    });
    const client = dial();
    await new Promise((resolve) => client.socket.once('data', resolve));
    client.socket.pause();
    const closing = file.close();
    connection?.destroy();
    expect(await sent).toMatchObject({ code: 'ECANCELED' });
    await closed;
    await closing;
  });

  test('R0.22: a hundred clients at once from one file', async () => {
    const bytes = pattern(300_000);
    const outcomes: Promise<Sent>[] = [];
    const { dial } = await serveFile(bench, written(bytes), (connection, file) => {
      connection.write('>');
      outcomes.push(connection.sendFile(file, 0, bytes.length));
      connection.end();
    });
    const whole = Buffer.concat([Buffer.from('>'), bytes]);
    const each = await Promise.all(Array.from({ length: 100 }, () => all(dial())));
    expect(each.every((received) => received.equals(whole))).toBe(true);
    expect(await Promise.all(outcomes)).toHaveLength(100);
  });

  test('what cannot be is refused by name, and nothing is taken', async () => {
    const { sent, dial } = await serveFile(
      bench,
      written(pattern(10)),
      async (connection, file) => {
        const refused = (call: () => unknown, code: string): void => {
          expect(call).toThrow(expect.objectContaining({ code }));
        };
        const wrong = 'ERR_INVALID_ARG_TYPE';
        refused(() => connection.sendFile('name' as never, 0, 1), wrong);
        refused(() => connection.sendFile(file, -1, 1), wrong);
        refused(() => connection.sendFile(file, 0, -1), wrong);
        refused(() => connection.sendFile(file, 0.5, 1), wrong);
        refused(() => connection.sendFile(file, 0, Number.NaN), wrong);
        const other = { via: 'splice' as never };
        refused(() => connection.sendFile(file, 0, 1, other), 'ERR_CALANDRIA_BAD_OPTION');
        expect(await connection.sendFile(file, 0, 0)).toMatchObject({ bytesSent: 0 });
        await file.close();
        refused(() => connection.sendFile(file, 0, 1), 'ERR_CALANDRIA_CLOSED');
        connection.end('still here');
        refused(() => connection.sendFile(file, 0, 1), 'ERR_CALANDRIA_CLOSED');
        return 'checked';
      },
    );
    expect((await all(dial())).toString()).toBe('still here');
    expect(await sent).toBe('checked');
  });

  test('a directory is no file', async () => {
    const reactor = bench.reactor();
    const opened = reactor.openFile(folder).then(async (directory) => {
      const listener = reactor.listen({ port: 0 }, {});
      const { address, port } = await listener.ready();
      const { promise, resolve } = promised<Connection>();
      reactor.connect({ address, port }, { open: resolve, error() {} });
      return (await promise).sendFile(directory, 0, 10);
    });
    await expect(opened).rejects.toMatchObject({ code: 'EISDIR' });
  });
});
