// Connections that are handed to the program: another protocol, or a tunnel.
import '../support/tidy-up';
import type { Exchange, Tunnel } from '../../src/http';
import { promised } from '../support/conformance';
import { ask, get, onDefaultHost } from '../support/http-bench';
import { HttpClient } from '../support/http-client';
import { start } from '../support/program';

const WEB = ['Connection: Upgrade', 'Upgrade: test/1, other'];

/** Echoes in upper case, and ends when the client does. */
const LOUD: Tunnel = {
  data(connection, bytes) {
    connection.write(Buffer.from(bytes).toString('latin1').toUpperCase());
  },
  end: (connection) => connection.end('.'),
};

onDefaultHost('upgrade', (bench) => {
  test.each([
    ['sync', (exchange: Exchange) => exchange.upgrade(LOUD)],
    [
      'async',
      async (exchange: Exchange) => {
        await new Promise<void>((resolve) => setImmediate(resolve));
        exchange.upgrade(LOUD);
      },
    ],
  ] as const)(
    'upgrade: bytes behind the request come first, then what follows (%s)',
    async (_, handler) => {
      const { dial, done } = await bench.serve(handler);
      const client = dial();
      await client.send(get('/', ...WEB), 'early ');
      await client.until(() => client.bytes.includes('EARLY'));
      await client.send('late');
      await client.until(() => client.bytes.includes('LATE'));
      client.end();
      const { bytes, orderly } = await client.ended();
      expect(bytes.toString()).toBe(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test/1\r\n\r\nEARLY LATE.',
      );
      expect([orderly, done.map(({ status }) => status)]).toEqual([true, [101]]);
    },
  );

  test('upgrade: an end that came before is heard behind the bytes', async () => {
    const release = promised();
    const { dial } = await bench.serve(async (exchange) => {
      await release.promise;
      exchange.upgrade(LOUD);
    });
    const client = dial();
    await client.send(get('/', ...WEB), 'all');
    client.end();
    // The end is with the server when a later connection has been answered.
    const other = dial();
    await other.send('GET / HTTP/1.1\r\n\r\n');
    await other.ended();
    release.resolve();
    const { bytes } = await client.ended();
    expect(bytes.toString()).toMatch(/\r\n\r\nALL\.$/);
  });

  test('connect: a tunnel is answered with 200, no fields but the own, and its bytes', async () => {
    const { dial } = await bench.serve((exchange) => {
      exchange.upgrade(LOUD, { 'X-Target': exchange.target });
    });
    const client = dial('CONNECT');
    await client.send('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\nearly');
    client.end();
    const { bytes } = await client.ended();
    expect(bytes.toString()).toBe('HTTP/1.1 200 OK\r\nX-Target: a:443\r\n\r\nEARLY.');
  });

  test('upgrade: back-pressure is the connection’s own, both ways', async () => {
    const paused = promised();
    const { dial } = await bench.serve((exchange) => {
      exchange.upgrade({
        data(connection, bytes) {
          if (connection.write(bytes)) return;
          connection.read(0);
          paused.resolve();
        },
        drain: (connection) => connection.read(Number.POSITIVE_INFINITY),
        end: (connection) => connection.end(),
      });
    });
    const client = dial();
    client.socket.pause();
    await client.send(get('/', ...WEB));
    const total = 12 << 20;
    void client.send(Buffer.alloc(total, 'p'));
    await paused.promise;
    client.socket.resume();
    client.end();
    const { rest, orderly } = await client.ended();
    expect([rest.length, orderly]).toEqual([total, true]);
  });
});

onDefaultHost('upgrade', (bench) => {
  test('upgrade: answers that are pipelined before it stay before it', async () => {
    const { dial } = await bench.serve(async (exchange) => {
      if (exchange.upgradable) return exchange.upgrade(LOUD);
      await null;
      exchange.answer(200, {}, Buffer.alloc(3 << 20, 'x'));
    });
    const client = dial();
    await client.send(get('/') + get('/', ...WEB), 'behind');
    client.end();
    const { answers, rest } = await client.ended();
    expect(answers.map(({ status, body }) => [status, body.length])).toEqual([
      [200, 3 << 20],
      [101, 0],
    ]);
    expect(rest.toString()).toBe('BEHIND.');
  });

  test('upgrade: the program may name the protocol, and give fields', async () => {
    const { dial } = await bench.serve((exchange) => {
      exchange.upgrade(LOUD, { upgrade: 'other', 'X-\u0041': 'caf\xe9', connection: 'x' });
    });
    const client = dial();
    await client.send(get('/', ...WEB));
    client.end();
    const { bytes } = await client.ended();
    expect(bytes.toString('latin1')).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nupgrade: other\r\nX-A: caf\xe9\r\n\r\n.',
    );
  });

  test('upgrade: who did not ask, or asks in HTTP/1.0, cannot be upgraded', async () => {
    const { dial, errors } = await bench.serve((exchange) => exchange.upgrade(LOUD));
    const requests = [
      get('/'),
      get('/', 'Upgrade: a'),
      get('/', 'Connection: upgrade'),
      'GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n',
    ];
    for (const request of requests) {
      const client = dial();
      await client.send(request);
      expect((await client.answer()).status).toBe(500);
    }
    expect(errors).toMatchObject(requests.map(() => ({ code: 'ERR_CALANDRIA_ANSWERED' })));
  });

  test('upgrade: what is asked for may be ignored, and the next request is one', async () => {
    const { dial } = await bench.serve((exchange) => exchange.answer(200, {}, exchange.target));
    const client = dial();
    await client.send(get('/a', ...WEB) + get('/b') + get('/c', ...WEB) + get('/d'));
    const answers = await client.answers(4);
    expect(answers.map(({ body }) => body.toString())).toEqual(['/a', '/b', '/c', '/d']);
  });

  test('connect: whatever else is answered, the connection ends behind it', async () => {
    const { dial, errors } = await bench.serve((exchange) => {
      exchange.answer(exchange.target === 'a:1' ? 403 : 200, {}, 'no');
    });
    for (const [target, status] of [
      ['a:1', 403],
      ['a:2', 500],
    ] as const) {
      const client = dial('CONNECT');
      await client.send(`CONNECT ${target} HTTP/1.1\r\nHost: a\r\n\r\n`, get('/'));
      const { answers } = await client.ended();
      expect(answers.map((answer) => answer.status)).toEqual([status]);
    }
    expect(errors).toMatchObject([{ code: 'ERR_CALANDRIA_ANSWERED' }]);
  });

  test('upgrade: a body comes first, then the other protocol', async () => {
    const { dial, errors } = await bench.serve(async (exchange) => {
      if (exchange.target === '/hasty') return exchange.upgrade(LOUD);
      const body = await exchange.body.text();
      exchange.upgrade(LOUD, { 'X-Body': body });
    });
    const hasty = dial();
    await hasty.send(ask('POST', '/hasty', ...WEB, 'Content-Length: 4'));
    expect((await hasty.answer()).status).toBe(500);
    expect(errors).toMatchObject([{ code: 'ERR_CALANDRIA_ANSWERED' }]);
    for (const cut of [0, 2, 4, 6]) {
      const client = dial();
      await client.send(ask('POST', '/', ...WEB, 'Content-Length: 4'), 'bodynext'.slice(0, cut));
      await client.send('bodynext'.slice(cut));
      client.end();
      const { bytes } = await client.ended();
      expect(bytes.toString()).toMatch(/X-Body: body\r\n\r\nNEXT\.$/);
    }
  });

  test('upgrade: handlers are checked, answering twice is refused, and later is too late', async () => {
    const codes: unknown[] = [];
    const attempt = (action: () => void): void => {
      try {
        action();
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
    };
    const { dial } = await bench.serve((exchange) => {
      attempt(() => exchange.upgrade({ data: 'text' } as never));
      attempt(() => exchange.upgrade(null as never));
      attempt(() => exchange.upgrade(LOUD, { 'a b': 'c' }));
      exchange.upgrade(LOUD);
      attempt(() => exchange.upgrade(LOUD));
      attempt(() => exchange.answer(200));
    });
    const client = dial();
    await client.send(get('/', ...WEB));
    client.end();
    expect((await client.ended()).bytes.toString()).toMatch(/^HTTP\/1.1 101 .*\r\n\r\n\.$/s);
    expect(codes).toEqual([
      'ERR_INVALID_ARG_TYPE',
      'ERR_INVALID_ARG_TYPE',
      'ERR_CALANDRIA_BAD_HEADER',
      'ERR_CALANDRIA_ANSWERED',
      'ERR_CALANDRIA_ANSWERED',
    ]);
  });

  test('upgrade: error and close are heard by the tunnel, each once', async () => {
    const heard: string[] = [];
    const arrived = promised();
    const closed = promised();
    const { dial, done } = await bench.serve((exchange) => {
      exchange.upgrade({
        data: () => {
          heard.push('data');
          arrived.resolve();
        },
        error: (_, error) => void heard.push((error as NodeJS.ErrnoException).code as string),
        close: () => {
          heard.push('close');
          closed.resolve();
        },
      });
    });
    const client = dial();
    await client.send(get('/', ...WEB), 'x');
    await client.until(() => client.bytes.length > 0);
    await arrived.promise;
    client.reset();
    await closed.promise;
    expect(heard).toEqual(['data', 'ECONNRESET', 'close']);
    expect(done).toHaveLength(1);
  });

  test('upgrade: a server that closes leaves a tunnel until its deadline, and then says so', async () => {
    const closed = promised();
    const { dial, server } = await bench.serve((exchange) => {
      exchange.upgrade({ ...LOUD, close: () => closed.resolve() });
    });
    const client = dial();
    await client.send(get('/', ...WEB), 'one');
    await client.until(() => client.bytes.includes('ONE'));
    const closing = server.close({ deadline: 200 });
    await client.send('two');
    await client.until(() => client.bytes.includes('TWO'));
    await Promise.all([closing, closed.promise]);
    expect((await client.ended()).orderly).toBe(false);
    expect(server.size).toBe(0);
  });

  test('upgrade: a tunnel’s handler that throws is uncaught and costs its connection alone', async () => {
    const program = start('http/programs/throwing-tunnel.mjs', { parameters: [bench.host] });
    const { port } = await program.next<{ port: number }>();
    for (const word of ['early', 'late', 'reject']) {
      const client = new HttpClient(port);
      await client.send(get('/', ...WEB), word === 'late' ? '' : word);
      await client.until(() => client.bytes.includes('\r\n\r\n'));
      if (word === 'late') await client.send(word);
      await client.ended();
      expect(await program.next()).toEqual({ uncaught: word });
    }
    const other = new HttpClient(port);
    await other.send(get('/'));
    expect((await other.answer()).status).toBe(204);
  });
});
