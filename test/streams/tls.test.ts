// TLS by node:tls over connections of the reactor: each side with node's own as the other one.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request, createServer as serveHttps } from 'node:https';
import { type AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { connect, createServer, TLSSocket } from 'node:tls';
import { chooseHost, createReactor, openTrace, type Reactor, record, replayCore } from '../../src';
import { createOutside } from '../../src/outside';
import { type ConnectionStream, dialStream, streamProtocol } from '../../src/streams';
import { forEachHost, pattern } from '../support/conformance';
import { dial } from '../support/peer';
import { IDENTICAL, recordRun, replayBoth, traceFile } from '../support/recording';
import '../support/tidy-up';

const fixture = (name: string): Buffer => readFileSync(join(__dirname, '../fixtures/tls', name));
// For localhost and 127.0.0.1, signed by itself, until the year 2126.
const CERTIFICATE = { key: fixture('key.pem'), cert: fixture('certificate.pem') };
const TRUSTED = { ca: CERTIFICATE.cert, servername: 'localhost' };

/** Serves TLS over the reactor's connections: an echo that ends when the client does. */
async function serveTls(reactor: Reactor): Promise<number> {
  const secured = (stream: ConnectionStream): void => {
    const secure = new TLSSocket(stream, { isServer: true, ...CERTIFICATE });
    secure.on('error', () => {});
    secure.pipe(secure);
  };
  return (await reactor.listen({ port: 0 }, streamProtocol(reactor, secured)).ready()).port;
}

async function all(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** The body of an answer over TLS, by node:https over this reactor's connection. */
async function get(reactor: Reactor, port: number, path = '/'): Promise<string> {
  const createConnection = () => connect({ socket: dialStream(reactor, { port }), ...TRUSTED });
  const asked = request({ host: 'localhost', path, createConnection } as never);
  asked.end();
  const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
  return String(await all(answer));
}

/** A server of node:https itself. */
async function nodeServer(): Promise<{ port: number; close(): Promise<void> }> {
  const server = serveHttps(CERTIFICATE, (asked, answer) => answer.end(`node has ${asked.url}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, close };
}

forEachHost(
  'TLS over streams',
  (bench) => {
    test('R0.26: a client of node:tls speaks with a server over our connections', async () => {
      const port = await serveTls(bench.reactor());
      const sent = pattern(600_000);
      const client = connect({ host: '127.0.0.1', port, ...TRUSTED });
      await once(client, 'secureConnect');
      expect([client.authorized, client.getProtocol()]).toEqual([true, 'TLSv1.3']);
      client.end(sent);
      expect((await all(client)).equals(sent)).toBe(true);
      await finished(client);
    });

    test('R0.26: a client over our connections speaks with a server of node:tls', async () => {
      const reactor = bench.reactor();
      const server = createServer(CERTIFICATE, (socket) => socket.pipe(socket));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const sent = pattern(600_000);
      const client = connect({ socket: dialStream(reactor, { port }), ...TRUSTED });
      client.end(sent);
      expect((await all(client)).equals(sent)).toBe(true);
      await finished(client);
      await new Promise((resolve) => server.close(resolve));
    });

    test('R0.26: an https request over our transport, to node and to a server over ours', async () => {
      const reactor = bench.reactor();
      const node = await nodeServer();
      expect(await get(reactor, node.port, '/a')).toBe('node has /a');
      await node.close();
      // node:https takes any stream for a connection: the listener is ours.
      const ours = serveHttps(CERTIFICATE, (asked, answer) => answer.end(`we have ${asked.url}`));
      const handlers = streamProtocol(reactor, (stream) => void ours.emit('connection', stream));
      const { port } = await reactor.listen({ port: 0 }, handlers).ready();
      expect(await get(reactor, port, '/b')).toBe('we have /b');
    });

    test('who has another certificate is refused, and both sides hear of it', async () => {
      const port = await serveTls(bench.reactor());
      const client = connect({
        socket: dialStream(bench.reactor(), { port }),
        servername: 'localhost',
      });
      const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toMatch(/SELF_SIGNED/);
      // Bytes that are no TLS: the server cuts.
      const plain = bench.dial({ address: '127.0.0.1', port });
      await plain.write('GET / HTTP/1.1\r\n\r\n');
      await plain.ended;
      plain.end();
      await plain.closed;
      expect(String(plain.received.subarray(3))).not.toContain('HTTP');
    });
  },
  'one',
);

describe('replays of TLS', () => {
  test('R0.26: a run with TLS on both sides replays without a network: the core by itself', async () => {
    const file = traceFile();
    const reactor = createReactor({ host: record(chooseHost(), file) });
    const port = await serveTls(reactor);
    const client = connect({ socket: dialStream(reactor, { port }), ...TRUSTED });
    client.end('in secret');
    expect(String(await all(client))).toBe('in secret');
    await reactor.close();
    const listen = jest.spyOn(Server.prototype, 'listen');
    expect(replayCore(openTrace(file)).verdict).toBe('identical');
    expect(listen).not.toHaveBeenCalled();
    listen.mockRestore();
  });

  test('R0.26: a program whose https request is a job replays as a whole, and asks nobody', async () => {
    const node = await nodeServer();
    let asked = 0;
    const heard: string[] = [];
    const program = (reactor: Reactor) => {
      const outside = createOutside(reactor);
      return reactor.listen(
        { port: 0 },
        {
          async open(connection) {
            const body = await outside.run('ask for /c', async () => {
              asked++;
              // A reactor of its own, which nobody records: what TLS draws is chance.
              const transport = createReactor();
              try {
                return await get(transport, node.port, '/c');
              } finally {
                await transport.close();
              }
            });
            heard.push(body);
            connection.end(body);
          },
        },
      );
    };
    const file = await recordRun(program, async ({ port }) => {
      const peer = await dial(port);
      await peer.ended;
      expect(String(peer.received)).toBe('node has /c');
      peer.end();
      await peer.closed;
    });
    await node.close();
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
    expect(asked).toBe(1);
    expect(heard).toEqual(['node has /c', 'node has /c']);
  });
});
