// Protocols on a reactor, over real sockets on every host, recorded and replayed.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type Listener, type Reactor, record } from '../../src';
import { chooseHost } from '../../src/host/choose';
import { createReactor } from '../../src/index';
import {
  dialProtocol,
  type Link,
  line,
  type Protocol,
  type ProtocolServer,
  pipeline,
  serveProtocol,
} from '../../src/protocols';
import { forOneHost, promised } from '../support/conformance';
import { IDENTICAL, replayBoth, traceFile } from '../support/recording';

/** Answers each line with what was made of it. */
function answering(name: string, make: (text: string) => string): Protocol {
  return pipeline(line(), {
    name,
    data: (link: Link<string | Uint8Array>, text: string) => void link.write(make(text)),
  });
}

const UPPER = answering('upper', (text) => text.toUpperCase());
const REVERSED = answering('reversed', (text) => [...text].reverse().join(''));

/** A port on which nobody listens: it was in use a moment ago. */
async function nobody(): Promise<AddressInfo> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return address;
}

forOneHost('protocols', (bench) => {
  const recorded = (): { reactor: Reactor; file: string } => {
    const file = traceFile();
    return { reactor: createReactor({ host: record(chooseHost(bench.host), file) }), file };
  };

  test('R3.43: two of them talk over a real connection, and the run replays', async () => {
    const said: string[] = [];
    const over = promised();
    const program = (reactor: Reactor): Listener => {
      const { listener } = serveProtocol(
        reactor,
        UPPER,
        { port: 0 },
        {
          listening({ address }) {
            const { port } = address as { port: number };
            dialProtocol(reactor, client(reactor), { port });
          },
        },
      );
      return listener;
    };
    const client = (reactor: Reactor): Protocol =>
      pipeline(line({ end: '\r\n' }), {
        name: 'client',
        open(link) {
          for (const text of ['one', 'two', 'three']) link.write(text);
        },
        data(link, text) {
          said.push(text);
          if (text === 'THREE') link.end();
        },
        close() {
          void reactor.close().then(over.resolve);
        },
      });
    const { reactor, file } = recorded();
    program(reactor);
    await over.promise;
    expect(said).toEqual(['ONE', 'TWO', 'THREE']);
    // On a free port, which the replay is told as everything else.
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
    expect(said).toEqual(['ONE', 'TWO', 'THREE', 'ONE', 'TWO', 'THREE']);
  });

  test('R2.4: one that is exchanged serves who comes from then on; the run replays', async () => {
    let server: ProtocolServer | undefined;
    let exchange = promised();
    const program = async (reactor: Reactor): Promise<void> => {
      server = serveProtocol(reactor, UPPER, { port: 0 });
      await exchange.promise;
      await server.use(REVERSED);
      expect(server.protocol).toBe(REVERSED);
    };
    const { reactor, file } = recorded();
    const running = program(reactor);
    const place = await (server as unknown as ProtocolServer).ready();
    const early = bench.dial(place);
    await early.write('abc\n');
    expect(String(await early.receive(4))).toBe('ABC\n');
    exchange.resolve();
    await running;
    const late = bench.dial(place);
    await late.write('abc\n');
    expect(String(await late.receive(4))).toBe('cba\n');
    await early.write('def\n');
    expect(String(await early.receive(8))).toBe('ABC\nDEF\n');
    early.end();
    await early.ended;
    await late.write('ghi\n');
    expect(String(await late.receive(8))).toBe('cba\nihg\n');
    await reactor.close();
    // Whenever the replay's program gets its word, the exchange takes effect in the turn it did.
    exchange = promised();
    setImmediate(exchange.resolve);
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });

  test('a protocol that says nothing of the end has its side ended', async () => {
    const reactor = bench.reactor();
    const place = await serveProtocol(reactor, { name: 'silent' }, { port: 0 }).ready();
    const client = bench.dial(place);
    client.end('into the void');
    await client.ended;
    expect(client.error).toBeUndefined();
  });

  test('closing stops listening, and open connections live on', async () => {
    const reactor = bench.reactor();
    const server = serveProtocol(reactor, UPPER, { port: 0 });
    const client = bench.dial(await server.ready());
    await client.write('a\n');
    await client.receive(2);
    server.close();
    await client.write('b\n');
    expect(String(await client.receive(4))).toBe('A\nB\n');
    const refused = bench.dial(server.listener.address as { address: string; port: number });
    await refused.closed;
    expect(refused.error?.code).toBe('ECONNREFUSED');
  });

  test('a connection that cannot be made is told of in every layer', async () => {
    const reactor = bench.reactor();
    const { port } = await nobody();
    const heard: string[] = [];
    const over = promised();
    const protocol = pipeline(line(), {
      name: 'hopeful',
      open: () => heard.push('open') as never,
      error: (_, error) => heard.push((error as NodeJS.ErrnoException).code as string) as never,
      close: () => over.resolve(),
    });
    dialProtocol(reactor, protocol, { port });
    await over.promise;
    expect(heard).toEqual(['ECONNREFUSED']);
  });

  test('what is no protocol is refused by name, before anything is opened', async () => {
    const reactor = bench.reactor();
    const bad = expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_PROTOCOL' });
    for (const wrong of [undefined, null, 5, {}, { name: '' }, { name: 'x', open: 1 }]) {
      expect(() => serveProtocol(reactor, wrong as never, { port: 0 })).toThrow(bad);
      expect(() => dialProtocol(reactor, wrong as never, { port: 1 })).toThrow(bad);
    }
    const server = serveProtocol(reactor, UPPER, { port: 0 });
    expect(() => server.use({ name: 5 } as never)).toThrow(bad);
    expect(() => serveProtocol(reactor, UPPER, { port: 0 }, null as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
  });
});
