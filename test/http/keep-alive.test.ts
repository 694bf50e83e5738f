// Connections that go on, and the reasons why they end.
import type { HeaderInput } from '../../src/http';
import { promised } from '../support/conformance';
import { field } from '../support/http-answers';
import { ask, get, onDefaultHost } from '../support/http-bench';
import { converse } from '../support/http-client';

onDefaultHost('keep-alive', (bench) => {
  test('keep-alive: HTTP/1.1 goes on until the client ends it', async () => {
    const { port, dial } = await bench.serve((exchange) =>
      exchange.answer(200, {}, exchange.target),
    );
    const client = dial();
    for (const [place, target] of ['/a', '/b', '/c'].entries()) {
      await client.send(get(target));
      const answers = await client.answers(place + 1);
      expect(answers[place]?.body.toString()).toBe(target);
      expect(field(answers[place] as never, 'connection')).toBeUndefined();
    }
    client.end();
    expect(await client.ended()).toMatchObject({ orderly: true });
    const { answers, orderly } = await converse(port, get('/a') + get('/b'));
    expect([answers.map(({ body }) => body.toString()), orderly]).toEqual([['/a', '/b'], true]);
  });

  test('keep-alive: Connection: close ends it, whoever says so and in whatever case', async () => {
    const { dial } = await bench.serve((exchange) => {
      const headers: HeaderInput = exchange.target === '/server' ? { Connection: 'CLOSE' } : {};
      exchange.answer(200, headers, 'x');
    });
    const requests = [
      get('/', 'Connection: close'),
      get('/', 'connection: foo, Close'),
      get('/', 'Connection: keep-alive', 'Connection: close'),
      get('/server'),
    ];
    for (const request of requests) {
      const client = dial();
      // The second request is not answered: the first was the last.
      await client.send(request, get('/again'));
      const { answers, orderly } = await client.ended();
      expect([answers.length, orderly]).toEqual([1, true]);
      expect(field(answers[0] as never, 'connection')).toBe('close');
    }
  });

  test('keep-alive: HTTP/1.0 ends, unless it asks for more', async () => {
    const { port, dial } = await bench.serve((exchange) => exchange.answer(200, {}, 'x'));
    const once = dial();
    await once.send('GET / HTTP/1.0\r\n\r\n');
    const first = await once.ended();
    expect(first.answers.map((answer) => field(answer, 'connection'))).toEqual(['close']);
    const more = 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n';
    const { answers } = await converse(port, more + more);
    expect(answers.map((answer) => field(answer, 'connection'))).toEqual([
      'keep-alive',
      'keep-alive',
    ]);
  });

  test('keep-alive: a body to HTTP/1.0 without a length lasts until the connection ends', async () => {
    const { dial } = await bench.serve((exchange) => {
      exchange.begin(200);
      exchange.write('one ');
      exchange.write('two');
      exchange.end();
    });
    const client = dial();
    await client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    const { answers, orderly } = await client.ended();
    expect(answers).toMatchObject([{ status: 200, complete: true }]);
    expect(answers[0]?.body.toString()).toBe('one two');
    expect(field(answers[0] as never, 'connection')).toBe('close');
    expect(field(answers[0] as never, 'transfer-encoding')).toBeUndefined();
    expect(orderly).toBe(true);
  });

  test('pipelining: requests in one piece are answered in order, sync and async alike', async () => {
    const { port, reactor } = await bench.serve(async (exchange) => {
      const { target } = exchange;
      if (target.startsWith('/slow')) {
        await new Promise<void>((resolve) => void reactor.setTimer(3, () => resolve()));
      } else if (target.startsWith('/tick')) await null;
      exchange.answer(200, {}, target);
    });
    const targets = ['/a', '/slow1', '/b', '/tick', '/c', '/slow2', '/slow3', '/d'];
    const { answers } = await converse(port, targets.map((target) => get(target)).join(''));
    expect(answers.map(({ body }) => body.toString())).toEqual(targets);
  });

  test('pipelining: a body belongs to its own request, read or not', async () => {
    const { port } = await bench.serve(async (exchange) => {
      const read = exchange.target === '/read' ? await exchange.body.text() : 'unread';
      exchange.answer(200, {}, read);
    });
    const post = (target: string, body: string): string =>
      `${ask('POST', target, `Content-Length: ${body.length}`)}${body}`;
    const chunked = `${ask('POST', '/read', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`;
    const requests = [
      post('/read', 'GET /smuggled HTTP/1.1\r\n\r\n'),
      post('/leave', get('/smuggled')),
      chunked,
      get('/read'),
    ];
    const { answers } = await converse(port, requests.join(''));
    const bodies = answers.map(({ body }) => body.toString());
    expect(bodies).toEqual(['GET /smuggled HTTP/1.1\r\n\r\n', 'unread', 'abc', '']);
  });

  test('pipelining: behind answers that the client does not take, no request is begun', async () => {
    const chunk = Buffer.alloc(64 << 10, 'x');
    const total = 400;
    let begun = 0;
    const { dial, reactor } = await bench.serve((exchange) => {
      begun++;
      exchange.answer(200, {}, chunk);
    });
    const client = dial();
    client.socket.pause();
    await client.send(get('/').repeat(total));
    const settled = promised();
    let last = -1;
    const look = reactor.setTimer(
      20,
      () => {
        if (begun > 0 && begun === last) settled.resolve();
        last = begun;
      },
      { repeat: true },
    );
    await settled.promise;
    look.cancel();
    // What the kernel's buffers and the queue hold, and no more.
    expect(begun).toBeLessThan(0.75 * total);
    client.socket.resume();
    const answers = await client.answers(total);
    expect(answers.every(({ body }) => body.length === chunk.length)).toBe(true);
    expect(begun).toBe(total);
  });

  test('pipelining: while one request is answered, so much is read of those behind, and no more', async () => {
    const first = promised();
    const release = promised();
    let answered = 0;
    const { dial } = await bench.serve(async (exchange) => {
      if (exchange.target === '/first') {
        first.resolve();
        await release.promise;
      }
      answered++;
      exchange.answer(204);
    });
    const client = dial();
    await client.send(get('/first'));
    await first.promise;
    const request = get('/next', `Filler: ${'x'.repeat(16_000)}`);
    const total = 800;
    void client.send(request.repeat(total));
    // The kernel's buffers are full when the client's own begins to fill.
    await new Promise<void>((resolve) => {
      const before = { written: -1 };
      const look = setInterval(() => {
        const { bytesWritten, writableLength } = client.socket;
        const written = bytesWritten - writableLength;
        if (written === before.written) {
          clearInterval(look);
          resolve();
        }
        before.written = written;
      }, 50);
    });
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(answered).toBe(0);
    release.resolve();
    await client.answers(total + 1);
    expect(answered).toBe(total + 1);
  });
});

onDefaultHost('keep-alive', (bench) => {
  test('keep-alive: limits.requests is exact, and the last answer says that it was the last', async () => {
    const { dial } = await bench.serve((exchange) => exchange.answer(200, {}, exchange.target), {
      limits: { requests: 3 },
    });
    const client = dial();
    await client.send(get('/1') + get('/2') + get('/3') + get('/4'));
    const { answers, orderly } = await client.ended();
    expect(answers.map(({ body }) => body.toString())).toEqual(['/1', '/2', '/3']);
    expect(answers.map((answer) => field(answer, 'connection'))).toEqual([
      undefined,
      undefined,
      'close',
    ]);
    expect(orderly).toBe(true);
  });

  test('keep-alive: a client that closes its side is answered first, all that it asked for', async () => {
    const { port, reactor } = await bench.serve(async (exchange) => {
      await new Promise<void>((resolve) => void reactor.setTimer(5, () => resolve()));
      exchange.begin(200);
      for (let part = 0; part < 30; part++) {
        if (!exchange.write(Buffer.alloc(100_000, 'y'))) await exchange.drained();
      }
      exchange.end();
    });
    const { answers, orderly } = await converse(port, get('/') + get('/') + get('/'));
    expect(answers.map(({ complete, body }) => [complete, body.length])).toEqual(
      Array(3).fill([true, 3_000_000]),
    );
    expect(orderly).toBe(true);
  });

  test('keep-alive: an answer is whole though the client closes its side while it is sent', async () => {
    const body = Buffer.alloc(8 << 20, 'z');
    for (const target of ['/', '/close']) {
      const { dial } = await bench.serve((exchange) => {
        exchange.answer(200, target === '/close' ? { connection: 'close' } : {}, body);
      });
      const client = dial();
      client.socket.pause();
      await client.send(get(target));
      client.socket.resume();
      await client.until(() => client.socket.bytesRead > 0);
      client.end();
      const { answers, orderly } = await client.ended();
      expect([answers[0]?.complete, answers[0]?.body.length, orderly]).toEqual([
        true,
        body.length,
        true,
      ]);
    }
  });

  test('keep-alive: requests that differ in their fields do not see each other', async () => {
    const { port } = await bench.serve((exchange) => {
      exchange.answer(200, {}, JSON.stringify([...exchange.headers()]));
    });
    const { answers } = await converse(
      port,
      get('/', 'A: 1', 'B: 2') + get('/', 'C: 3') + get('/', 'D:', 'E: \t', 'F: 5 '),
    );
    expect(answers.map(({ body }) => JSON.parse(body.toString()))).toEqual([
      [
        ['Host', 'a'],
        ['A', '1'],
        ['B', '2'],
      ],
      [
        ['Host', 'a'],
        ['C', '3'],
      ],
      [
        ['Host', 'a'],
        ['D', ''],
        ['E', ''],
        ['F', '5'],
      ],
    ]);
  });

  test('keep-alive: fields that end with an empty one are all there in a later turn', async () => {
    const { port } = await bench.serve(async (exchange) => {
      await null;
      exchange.answer(200, {}, JSON.stringify([...exchange.headers()]));
    });
    const { answers } = await converse(port, get('/', 'A: 1', 'Empty:') + get('/', 'Blank:  \t '));
    expect(answers.map(({ body }) => JSON.parse(body.toString()))).toEqual([
      [
        ['Host', 'a'],
        ['A', '1'],
        ['Empty', ''],
      ],
      [
        ['Host', 'a'],
        ['Blank', ''],
      ],
    ]);
  });

  test('keep-alive: the program has the data of the connection for itself', async () => {
    const { port } = await bench.serve((exchange) => {
      const { connection } = exchange;
      connection.data = ((connection.data as number | undefined) ?? 0) + 1;
      exchange.answer(200, {}, String(connection.data));
    });
    const { answers } = await converse(port, get('/') + get('/'));
    expect(answers.map(({ body }) => body.toString())).toEqual(['1', '2']);
  });
});
