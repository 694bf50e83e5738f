// Each limit: exactly so much is taken, and one more is not.
import { createReactor, type Reactor } from '../../src';
import { type HttpLimits, HttpServer } from '../../src/http';
import { completeHttpLimits } from '../../src/http/options';
import { promised } from '../support/conformance';
import { ask, get, onDefaultHost, type Serving } from '../support/http-bench';
import { converse, type HttpClient } from '../support/http-client';

/** The request in one piece, and cut at several places: its status must not depend on it. */
async function statuses({ dial, reactor }: Serving, request: string): Promise<number[]> {
  const bytes = Buffer.from(request, 'latin1');
  const cuts = [[], [bytes.length - 1], [bytes.length >> 1], [bytes.length - 3, bytes.length - 2]];
  const result: number[] = [];
  for (const places of cuts) {
    const client = dial();
    let at = 0;
    for (const place of [...places, bytes.length]) {
      const before = reactor.counters.bytesIn;
      await client.send(bytes.subarray(at, place));
      // Each part is a read of its own, unless the server has closed meanwhile.
      while (reactor.counters.bytesIn < before + place - at && !client.socket.destroyed) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      at = place;
    }
    client.end();
    const { answers } = await client.ended();
    result.push(answers[0]?.status ?? 0);
  }
  return result;
}

onDefaultHost('limits', (bench) => {
  const serve = (limits: Partial<HttpLimits>): Promise<Serving> =>
    bench.serve(
      async (exchange) => {
        await exchange.body.bytes();
        exchange.answer(200);
      },
      { limits },
    );

  test('limits: targetBytes, and one more is a 414', async () => {
    const serving = await serve({ targetBytes: 100 });
    expect(await statuses(serving, get(`/${'t'.repeat(99)}`))).toEqual([200, 200, 200, 200]);
    expect(await statuses(serving, get(`/${'t'.repeat(100)}`))).toEqual([414, 414, 414, 414]);
  });

  test('limits: headBytes, of all of the head and what is in front of it, and one more is a 431', async () => {
    const serving = await serve({ headBytes: 300 });
    const shapes: ((length: number) => string)[] = [
      (length) => get('/', `A: ${'a'.repeat(length - get('/', 'A: ').length)}`),
      (length) => get('/', `A: a${' '.repeat(length - get('/', 'A: a').length)}`),
      (length) => get('/', `A:${' '.repeat(length - get('/', 'A:').length)}`),
      (length) => get('/', `${'a'.repeat(length - get('/', ': b').length)}: b`),
      (length) =>
        `\r\n\r\n${get('/', 'a'.repeat(length - get('/', ': b').length - 4))}`.replace(
          /\r\n\r\n$/,
          ': b\r\n\r\n',
        ),
      (length) => `GET /${'t'.repeat(length - 'GET / HTTP/1.0\r\n\r\n'.length)} HTTP/1.0\r\n\r\n`,
      (length) => {
        const head = ask('POST', '/', 'Content-Length: 500', 'A: ');
        return `${head.slice(0, -4)}${'a'.repeat(length - head.length)}\r\n\r\n${'b'.repeat(500)}`;
      },
      (length) => {
        const head = ask('POST', '/', 'Transfer-Encoding: chunked', 'A: ');
        const body = `1f4\r\n${'b'.repeat(500)}\r\n0\r\n\r\n`;
        return `${head.slice(0, -4)}${'a'.repeat(length - head.length)}\r\n\r\n${body}`;
      },
    ];
    for (const [place, shape] of shapes.entries()) {
      expect([place, await statuses(serving, shape(300))]).toEqual([place, [200, 200, 200, 200]]);
      expect([place, await statuses(serving, shape(301))]).toEqual([place, [431, 431, 431, 431]]);
    }
  });

  test('limits: headBytes of a head that has no end is a 431, too', async () => {
    const serving = await serve({ headBytes: 300 });
    const begun = `GET / HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(400)}`;
    expect(await statuses(serving, begun)).toEqual([431, 431, 431, 431]);
  });

  test('limits: headers, trailers included, and one more is a 431', async () => {
    const serving = await serve({ headers: 4 });
    const lines = (count: number): string[] =>
      Array.from({ length: count }, (_, at) => `A${at}: b`);
    expect(await statuses(serving, get('/', ...lines(3)))).toEqual([200, 200, 200, 200]);
    expect(await statuses(serving, get('/', ...lines(4)))).toEqual([431, 431, 431, 431]);
    const chunked = (trailers: string): string =>
      `${ask('POST', '/', 'Transfer-Encoding: chunked')}0\r\n${trailers}\r\n`;
    expect(await statuses(serving, chunked('A: b\r\nB: c\r\n'))).toEqual([200, 200, 200, 200]);
    expect(await statuses(serving, chunked('A: b\r\nB: c\r\nC: d\r\n'))).toEqual([
      431, 431, 431, 431,
    ]);
  });

  test('limits: bodyBytes in both framings, and one more is a 413', async () => {
    const serving = await serve({ bodyBytes: 1000 });
    const sized = (length: number): string =>
      `${ask('POST', '/', `Content-Length: ${length}`)}${'b'.repeat(length)}`;
    const chunked = (length: number): string =>
      `${ask('POST', '/', 'Transfer-Encoding: chunked')}1f4\r\n${'b'.repeat(500)}\r\n` +
      `${(length - 500).toString(16)}\r\n${'b'.repeat(length - 500)}\r\n0\r\n\r\n`;
    for (const shape of [sized, chunked]) {
      expect(await statuses(serving, shape(1000))).toEqual([200, 200, 200, 200]);
      expect(await statuses(serving, shape(1001))).toEqual([413, 413, 413, 413]);
    }
    // What is announced is refused before it comes.
    const { answers } = await converse(
      serving.port,
      ask('POST', '/', 'Content-Length: 1001', 'Expect: 100-continue'),
    );
    expect(answers.map(({ status }) => status)).toEqual([413]);
    const huge = await converse(
      serving.port,
      ask('POST', '/', `Content-Length: ${2n ** 64n - 1n}`),
    );
    expect(huge.answers.map(({ status }) => status)).toEqual([413]);
  });

  test('limits: a body of no bytes may be all that is taken', async () => {
    const serving = await serve({ bodyBytes: 0 });
    expect(await statuses(serving, ask('POST', '/', 'Content-Length: 0'))).toEqual([
      200, 200, 200, 200,
    ]);
    const one = await converse(serving.port, `${ask('POST', '/', 'Content-Length: 1')}b`);
    expect(one.answers[0]?.status).toBe(413);
  });

  test('limits: chunks may not cost more than they bring', async () => {
    const serving = await serve({});
    const chunked = (chunks: string): string =>
      `${ask('POST', '/', 'Transfer-Encoding: chunked')}${chunks}`;
    const endless = `3;${'x'.repeat(20 << 10)}`;
    expect(await statuses(serving, chunked(endless))).toEqual([413, 413, 413, 413]);
    const many = `1;${'x'.repeat(100)}\r\nb\r\n`.repeat(1000);
    expect(await statuses(serving, chunked(many))).toEqual([413, 413, 413, 413]);
    // One byte a chunk is dear, and still somebody's way to write.
    const single = '1\r\nb\r\n'.repeat(5000);
    expect(await statuses(serving, chunked(`${single}0\r\n\r\n`))).toEqual([200, 200, 200, 200]);
  });

  test('limits: connections, and one more waits until another has gone', async () => {
    const { port, server, dial } = await bench.serve((exchange) => exchange.answer(200), {
      limits: { connections: 2 },
    });
    const inside = [dial(), dial()];
    for (const client of inside) {
      await client.send(get('/'));
      await client.answer();
    }
    const outside = dial();
    await outside.send(get('/'));
    // Whoever is inside is served meanwhile, again and again.
    for (let time = 2; time < 6; time++) {
      await (inside[0] as HttpClient).send(get('/'));
      await (inside[0] as HttpClient).answers(time);
    }
    expect([outside.bytes.length, server.size]).toEqual([0, 2]);
    (inside[1] as HttpClient).end();
    expect((await outside.answer()).status).toBe(200);
    expect(port).toBeGreaterThan(0);
  });

  test('limits: a large answer gets through queues that are small', async () => {
    const body = Buffer.alloc(3_000_000, 'q');
    const text = '\u20ac'.repeat(300_000);
    const { port } = await bench.serve(
      async (exchange) => {
        if (exchange.target === '/text') return exchange.answer(200, {}, text);
        if (exchange.target === '/whole') return exchange.answer(200, {}, body);
        exchange.begin(200);
        for (let at = 0; at < body.length; at += 100_000) {
          if (!exchange.write(body.subarray(at, at + 100_000))) await exchange.drained();
        }
        exchange.end();
      },
      {},
      { limits: { queueBytes: 10_000, queueBytesTotal: 15_000 } },
    );
    const { answers } = await converse(port, get('/whole') + get('/parts') + get('/text'));
    expect(answers.map((answer) => answer.body.length)).toEqual([3_000_000, 3_000_000, 900_000]);
    expect(answers[2]?.body.toString()).toBe(text);
  });
});

describe('limits: options', () => {
  const reactors: Reactor[] = [];
  const open = (): Reactor => {
    const reactor = createReactor();
    reactors.push(reactor);
    return reactor;
  };
  afterEach(async () => {
    for (const reactor of reactors.splice(0)) await reactor.close();
  });

  const NAMES = Object.keys(completeHttpLimits()) as (keyof HttpLimits)[];

  test('limits: every one has a default that is in range, and its least is taken', () => {
    const defaults = completeHttpLimits();
    expect(completeHttpLimits(defaults)).toEqual(defaults);
    const least = Object.fromEntries(NAMES.map((name) => [name, name === 'targetBytes' ? 16 : 64]));
    expect(completeHttpLimits(least)).toMatchObject({ targetBytes: 16, headBytes: 64 });
  });

  test.each(NAMES)('limits: %s is a whole number in its range, or refused by name', (name) => {
    for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, {}, 2 ** 54]) {
      expect(() => completeHttpLimits({ [name]: value })).toThrow(
        expect.objectContaining({
          code: 'ERR_CALANDRIA_BAD_OPTION',
          message: expect.stringContaining(`limits.${name}`),
        }),
      );
    }
  });

  test('limits: an unknown one, and options that are none, are refused before anything listens', async () => {
    const reactor = open();
    const make = (options: object, handler: unknown = () => {}): unknown =>
      new HttpServer(reactor, options as never, handler as never);
    const refused: [object, unknown, string][] = [
      [{ port: 0, limits: { headbytes: 5 } }, () => {}, 'headbytes'],
      [{ port: 0, limits: 5 }, () => {}, 'limits'],
      [{ port: 0 }, null, 'handler'],
      [{ port: 0, onError: 5 }, () => {}, 'onError'],
      [{ port: 0, onDone: {} }, () => {}, 'onDone'],
      [{ port: 0, onRefused: 'x' }, () => {}, 'onRefused'],
      [{ port: 0, parser: {} }, () => {}, 'parser'],
    ];
    for (const [options, handler, name] of refused) {
      expect(() => make(options, handler)).toThrow(name);
    }
    expect(() => make(null as never)).toThrow('options');
  });

  test('limits: where it cannot listen, ready() says why', async () => {
    const reactor = open();
    const handler = (): void => {};
    const bad = new HttpServer(reactor, { port: -1 }, handler);
    await expect(bad.ready()).rejects.toMatchObject({ message: expect.stringContaining('port') });
    const first = new HttpServer(reactor, { port: 0 }, handler);
    const { port } = await first.ready();
    await expect(new HttpServer(reactor, { port }, handler).ready()).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    const early = new HttpServer(reactor, { port: 0 }, handler);
    const closing = promised();
    void early.close().then(() => closing.resolve());
    await expect(early.ready()).rejects.toMatchObject({
      code: 'ERR_CALANDRIA_CLOSED',
      message: expect.stringContaining('before it listened'),
    });
    await closing.promise;
  });
});
