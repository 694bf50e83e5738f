// Connections as streams of Node, on every host.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { finished, pipeline as pipe } from 'node:stream/promises';
import type { CreateReactorOptions, Listener, Reactor } from '../../src';
import { lengthPrefixed, pipeline, serveProtocol } from '../../src/protocols';
import {
  type ConnectionStream,
  dialStream,
  type StreamOptions,
  streamProtocol,
} from '../../src/streams';
import { forEachHost, pattern, promised } from '../support/conformance';

interface Serving {
  readonly reactor: Reactor;
  readonly listener: Listener;
  readonly address: string;
  readonly port: number;
}

async function read(stream: ConnectionStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** What it is closed with. */
async function closing(stream: ConnectionStream): Promise<string | undefined> {
  let code: string | undefined;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    code = error.code ?? error.message;
  });
  // events.once() would reject with the error.
  await new Promise<void>((resolve) => stream.once('close', () => resolve()));
  return code;
}

/** Until nothing changes any more. */
async function settled(reactor: Reactor, look: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const now = look();
    if (now === last) return now;
    last = now;
    await new Promise((resolve) => reactor.setTimer(30, () => resolve(undefined)));
  }
}

forEachHost(
  'streams',
  (bench) => {
    async function serving(
      onStream: (stream: ConnectionStream) => void | Promise<void>,
      options: StreamOptions = {},
      reactorOptions: CreateReactorOptions = {},
    ): Promise<Serving> {
      const reactor = bench.reactor(reactorOptions);
      const handlers = streamProtocol(reactor, onStream, options);
      const { listener } = serveProtocol(reactor, handlers, { port: 0 });
      const { address, port } = await listener.ready();
      return { reactor, listener, address, port };
    }

    test('R0.26: a stream echoes by pipe(), each end closes its side, and all of it is closed', async () => {
      const { reactor, port } = await serving((stream) => pipe(stream, stream), {
        allowHalfOpen: true,
      });
      const sent = pattern(2_000_000);
      const stream = dialStream(reactor, { port }, { allowHalfOpen: true });
      // Before it is open: the bytes wait.
      stream.end(sent);
      await once(stream, 'connect');
      expect((await read(stream)).equals(sent)).toBe(true);
      await finished(stream);
      await settled(reactor, () => reactor.metrics().connections.length);
      expect(reactor.metrics().connections.length).toBe(0);
    });

    test('who writes waits for a peer that does not read, and the queue stays within its bounds', async () => {
      const sent = pattern(16_000_000);
      const accepted = promised<ConnectionStream>();
      const { reactor, address, port } = await serving((stream) => accepted.resolve(stream));
      const client = bench.dial({ address, port });
      const stream = await accepted.promise;
      client.socket.pause();
      let taken = 0;
      let most = 0;
      const writing = (async () => {
        for (let at = 0; at < sent.length; at += 100_000) {
          await new Promise<void>((resolve, reject) => {
            stream.write(sent.subarray(at, at + 100_000), (error) =>
              error ? reject(error) : resolve(),
            );
          });
          taken = Math.min(sent.length, at + 100_000);
          most = Math.max(most, stream.connection.tx.queued);
        }
        stream.end();
      })();
      const stopped = await settled(reactor, () => taken);
      expect(stopped).toBeLessThan(sent.length);
      expect(most).toBeLessThanOrEqual(reactor.limits.queueHighWater + 100_000);
      client.socket.resume();
      await writing;
      await client.ended;
      expect(client.received.equals(sent)).toBe(true);
      client.end();
    });

    test('what nobody reads stays in the kernel, and is read when somebody does', async () => {
      const sent = pattern(8_000_000);
      const accepted = promised<ConnectionStream>();
      const { reactor, address, port } = await serving((stream) => accepted.resolve(stream), {
        highWaterMark: 10_000,
      });
      const client = bench.dial({ address, port });
      client.end(sent);
      const stream = await accepted.promise;
      const read_ = await settled(reactor, () => reactor.counters.bytesIn);
      // One read may bring as much as the turn's arena has room for.
      expect(read_).toBeLessThan(4_000_000);
      expect(stream.readableLength).toBe(read_);
      expect((await read(stream)).equals(sent)).toBe(true);
      await client.ended;
    });

    test('bytes find room although other connections have filled what there is for all', async () => {
      const sent = pattern(1 << 20);
      const limits = { queueBytes: 40_000, queueHighWater: 40_000, queueBytesTotal: 60_000 };
      const { address, port } = await serving((stream) => void stream.end(sent), {}, { limits });
      const clients = [1, 2, 3].map(() => bench.dial({ address, port }));
      for (const client of clients) {
        await client.ended;
        expect(client.received.equals(sent)).toBe(true);
        client.end();
      }
    });

    test('without allowHalfOpen our side ends with the other one, behind what was written', async () => {
      const { address, port } = await serving((stream) => {
        stream.resume().on('end', () => stream.writable && stream.write('the last word'));
      });
      const client = bench.dial({ address, port });
      client.end('all of it');
      await client.ended;
      expect(String(client.received)).toBe('the last word');
      await client.closed;
    });

    test('destroy() closes at once and with its error; what was written behind is dropped', async () => {
      const accepted = promised<ConnectionStream>();
      const { address, port } = await serving((stream) => accepted.resolve(stream));
      const client = bench.dial({ address, port });
      const stream = await accepted.promise;
      const code = closing(stream);
      const written = new Promise((resolve) => stream.write(pattern(60_000_000), resolve));
      stream.destroy(Object.assign(new Error('enough'), { code: 'ENOUGH' }));
      expect(await code).toBe('ENOUGH');
      expect(await written).toBeInstanceOf(Error);
      await client.ended;
      client.end();
      await client.closed;
      expect(client.length).toBeLessThan(60_000_000);
      expect(stream.connection.closed).toBe(true);
    });

    test('a reset is an error; so is a dial that fails; one that is given up leaves nothing', async () => {
      const accepted = promised<ConnectionStream>();
      const { reactor, address, port } = await serving((stream) => accepted.resolve(stream));
      const client = bench.dial({ address, port });
      await client.write('x');
      const stream = await accepted.promise;
      stream.resume();
      const code = closing(stream);
      client.socket.resetAndDestroy();
      expect(await code).toBe('ECONNRESET');
      const nobody = createServer().listen(0, '127.0.0.1');
      await once(nobody, 'listening');
      const free = nobody.address() as AddressInfo;
      await new Promise((resolve) => nobody.close(resolve));
      const refused = dialStream(reactor, { port: free.port });
      refused.write('to nobody');
      expect(await closing(refused)).toBe('ECONNREFUSED');
      const givenUp = dialStream(reactor, { port });
      givenUp.destroy();
      expect(await closing(givenUp)).toBeUndefined();
      expect(givenUp.connection.closed).toBe(true);
    });

    test('closing the reactor closes its streams', async () => {
      const accepted = promised<ConnectionStream>();
      const { reactor, port } = await serving((stream) => accepted.resolve(stream));
      const stream = dialStream(reactor, { port });
      const other = await accepted.promise;
      const closed = [closing(stream), closing(other)];
      await reactor.close();
      await Promise.all(closed);
      expect([stream.destroyed, other.destroyed]).toEqual([true, true]);
    });

    test('a stream can stand on the layers of a pipeline', async () => {
      const reactor = bench.reactor();
      const shout = streamProtocol(reactor, async (stream) => {
        for await (const part of stream) stream.write(String(part).toUpperCase());
        stream.end();
      });
      const server = serveProtocol(reactor, pipeline(lengthPrefixed({ bytes: 1 }), shout), {
        port: 0,
      });
      const client = bench.dial(await server.ready());
      await client.write('\x03one\x05');
      await client.receive(4);
      client.end('three');
      await client.ended;
      expect(String(client.received)).toBe('\x03ONE\x05THREE');
    });

    test('arguments that cannot be are refused by name', async () => {
      const reactor = bench.reactor();
      const wrong = (text: RegExp) =>
        expect.objectContaining({ message: expect.stringMatching(text) });
      expect(() => streamProtocol({} as never, () => {})).toThrow(wrong(/reactor/));
      expect(() => streamProtocol(reactor, 1 as never)).toThrow(wrong(/onStream/));
      expect(() => dialStream(reactor, { port: 1 }, { allowHalfOpen: 1 as never })).toThrow(
        wrong(/allowHalfOpen/),
      );
      expect(() => dialStream(reactor, { port: 1 }, { highWaterMark: -1 })).toThrow(
        wrong(/highWaterMark/),
      );
    });
  },
  'one',
);
