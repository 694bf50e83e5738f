// Bodies of requests: in both framings, with trailers, announced, unread, and too early an answer.
import { pattern, promised } from '../support/conformance';
import { field } from '../support/http-answers';
import { ask, get, onDefaultHost } from '../support/http-bench';
import { converse } from '../support/http-client';

const CHUNKED = 'Transfer-Encoding: chunked';

/** A body in chunks of this size. */
function inChunks(body: Uint8Array, size: number, trailers = ''): Buffer {
  const parts: (string | Uint8Array)[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    parts.push(`${part.length.toString(16)}\r\n`, part, '\r\n');
  }
  parts.push(`0\r\n${trailers}\r\n`);
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)));
}

onDefaultHost('bodies', (bench) => {
  test('bodies: with a length or in chunks, small and large, what was sent arrives', async () => {
    const { port } = await bench.serve(async (exchange) => {
      const bytes = await exchange.body.bytes();
      exchange.answer(200, {}, bytes);
    });
    for (const length of [0, 1, 4095, 70_000, 1 << 20]) {
      const body = pattern(length);
      for (const size of [0, 1, 1000, 65_536].filter((one) => one * 2000 >= length || one === 0)) {
        const request =
          size === 0
            ? [Buffer.from(ask('POST', '/', `Content-Length: ${length}`)), body]
            : [Buffer.from(ask('POST', '/', CHUNKED)), inChunks(body, size)];
        const { answers } = await converse(port, Buffer.concat(request));
        expect([length, size, answers[0]?.body.equals(body)]).toEqual([length, size, true]);
      }
    }
  });

  test('bodies: trailers are there behind the body, and not before', async () => {
    const { port } = await bench.serve(async (exchange) => {
      const before = [...exchange.trailers()];
      const body = await exchange.body.text();
      exchange.answer(200, {}, JSON.stringify([before, body, [...exchange.trailers()]]));
    });
    const trailers = 'A: 1\r\nEmpty:\r\nSpaced: \t x y \t\r\n';
    const body = Buffer.from('hello');
    const { answers } = await converse(
      port,
      Buffer.concat([
        Buffer.from(ask('POST', '/', CHUNKED)),
        inChunks(body, 2, trailers),
        Buffer.from(ask('POST', '/', CHUNKED)),
        inChunks(body, 9),
      ]),
    );
    expect(answers.map((answer) => JSON.parse(answer.body.toString()))).toEqual([
      [
        [],
        'hello',
        [
          ['A', '1'],
          ['Empty', ''],
          ['Spaced', 'x y'],
        ],
      ],
      [[], 'hello', []],
    ]);
  });

  test('bodies: an answer in chunks has its parts and its trailers, in latin 1 where it is so', async () => {
    const { port } = await bench.serve((exchange) => {
      exchange.begin(200, { 'X-Name': 'caf\xe9' });
      exchange.write('one');
      exchange.write(new Uint8Array(0));
      exchange.write(Buffer.from(' two'));
      exchange.end({ 'X-Sum': '7', 'X-Also': '\xfc', 'Content-Length': '3' });
    });
    const { answers } = await converse(port, get('/'));
    expect(answers).toMatchObject([
      {
        status: 200,
        complete: true,
        trailers: [
          ['x-sum', '7'],
          ['x-also', '\xfc'],
        ],
      },
    ]);
    expect(answers[0]?.body.toString()).toBe('one two');
    expect(field(answers[0] as never, 'x-name')).toBe('caf\xe9');
  });

  test('expect: 100 Continue comes when the body is asked for, and then the body', async () => {
    const asked = promised();
    const { dial } = await bench.serve(async (exchange) => {
      await asked.promise;
      exchange.answer(200, {}, await exchange.body.text());
    });
    const client = dial();
    await client.send(ask('POST', '/', 'Content-Length: 4', 'Expect: 100-Continue'));
    expect(client.bytes.length).toBe(0);
    asked.resolve();
    await client.until(() => client.read.interim.length === 1);
    expect(client.read.interim[0]).toMatchObject({ status: 100, headers: [] });
    await client.send('body');
    expect((await client.answer()).body.toString()).toBe('body');
    await client.send(get('/'));
    await client.answers(2);
  });

  test('expect: who is refused early is not told to go on, and the connection ends', async () => {
    const { dial } = await bench.serve((exchange) => exchange.answer(403, {}, 'no'));
    const client = dial();
    await client.send(ask('POST', '/', 'Content-Length: 4', 'Expect: 100-continue'));
    const { answers, interim, orderly } = await client.ended();
    expect([answers.map(({ status }) => status), interim, orderly]).toEqual([[403], [], true]);
    expect(field(answers[0] as never, 'connection')).toBe('close');
  });

  test('early: an answer before a small body leaves the connection to the next request', async () => {
    const { dial } = await bench.serve((exchange) => exchange.answer(200, {}, exchange.target));
    const client = dial();
    await client.send(ask('POST', '/one', 'Content-Length: 50000'));
    await client.answer();
    await client.send(Buffer.alloc(50_000, 'GET / HTTP/1.1\r\n'), get('/two'));
    const answers = await client.answers(2);
    expect(answers.map(({ body }) => body.toString())).toEqual(['/one', '/two']);
  });

  test('early: an answer before a large body, or one in chunks, ends the connection in order', async () => {
    const { dial } = await bench.serve((exchange) => exchange.answer(413, {}, 'too much'));
    for (const framing of ['Content-Length: 10000000', CHUNKED]) {
      const client = dial();
      const part = framing === CHUNKED ? `ffff\r\n${'x'.repeat(1000)}` : 'x'.repeat(1000);
      // The client goes on sending: its answer has to reach it all the same.
      await client.send(ask('POST', '/', framing), part);
      await client.send('x'.repeat(5000));
      const { answers, orderly } = await client.ended();
      expect(answers).toMatchObject([{ status: 413, complete: true }]);
      expect(orderly).toBe(true);
    }
  });

  test('back-pressure: a body that nobody reads stops the client, and goes on when it is read', async () => {
    const begun = promised();
    const release = promised();
    const { dial } = await bench.serve(async (exchange) => {
      begun.resolve();
      await release.promise;
      let length = 0;
      for await (const chunk of exchange.body) length += chunk.length;
      exchange.answer(200, {}, String(length));
    });
    const client = dial();
    const length = 16 << 20;
    await client.send(ask('POST', '/', `Content-Length: ${length}`));
    await begun.promise;
    void client.send(Buffer.alloc(length, 'b'));
    let before = -1;
    while (client.socket.writableLength !== before) {
      before = client.socket.writableLength;
      await new Promise<void>((resolve) => setTimeout(resolve, 60));
    }
    expect(before).toBeGreaterThan(0);
    release.resolve();
    expect((await client.answer()).body.toString()).toBe(String(length));
  });
});

onDefaultHost('bodies', (bench) => {
  test('bodies: many tiny chunks in one piece arrive as few, and are bounded', async () => {
    let chunks = 0;
    const { port } = await bench.serve(async (exchange) => {
      let length = 0;
      for await (const chunk of exchange.body) {
        chunks++;
        length += chunk.length;
      }
      exchange.answer(200, {}, String(length));
    });
    const body = inChunks(Buffer.alloc(10_000, 'x'), 1);
    const { answers } = await converse(
      port,
      Buffer.concat([Buffer.from(ask('POST', '/', CHUNKED)), body]),
    );
    expect(answers[0]?.body.toString()).toBe('10000');
    expect(chunks).toBeLessThan(200);
  });

  test('bodies: trailers count against limits.headBytes, the body in front of them does not', async () => {
    const { port } = await bench.serve(
      async (exchange) => {
        const { length } = await exchange.body.bytes();
        exchange.answer(200, {}, `${length} ${[...exchange.trailers()].length}`);
      },
      { limits: { headBytes: 1000 } },
    );
    const ask1 = (trailers: string): Buffer =>
      Buffer.concat([
        Buffer.from(ask('POST', '/', CHUNKED)),
        inChunks(Buffer.alloc(40_000, 'x'), 20_000, trailers),
      ]);
    const line = (length: number): string => `T: ${'t'.repeat(length - 5)}\r\n`;
    const fits = await converse(port, ask1(line(998)));
    expect(fits.answers[0]?.body.toString()).toBe('40000 1');
    const over = await converse(port, ask1(line(999)));
    expect(over.answers[0]?.status).toBe(431);
  });

  test('bodies: read() gives null at the end, for ever, also when there is no body', async () => {
    const { port } = await bench.serve(async (exchange) => {
      const { body } = exchange;
      const read: (string | undefined)[] = [];
      for (let time = 0; time < 3; time++) {
        const chunk = await body.read();
        read.push(chunk === null ? undefined : Buffer.from(chunk).toString());
      }
      exchange.answer(200, {}, JSON.stringify([read, body.complete, body.received]));
    });
    const { answers } = await converse(
      port,
      get('/') +
        ask('POST', '/', 'Content-Length: 2') +
        'ab' +
        ask('POST', '/', 'Content-Length: 0'),
    );
    expect(answers.map(({ body }) => JSON.parse(body.toString()))).toEqual([
      [[null, null, null], true, 0],
      [['ab', null, null], true, 2],
      [[null, null, null], true, 0],
    ]);
  });

  test('bodies: several readers get the chunks in turn, and all hear of the end', async () => {
    const { dial } = await bench.serve(async (exchange) => {
      const { body } = exchange;
      const all = await Promise.all([body.read(), body.read(), body.read()]);
      exchange.answer(200, {}, all.map((chunk) => (chunk ? Buffer.from(chunk) : 'end')).join(' '));
    });
    const client = dial();
    await client.send(ask('POST', '/', 'Content-Length: 4'));
    await client.send('ab');
    await client.send('cd');
    expect((await client.answer()).body.toString()).toMatch(/^(ab cd|abcd end) end$/);
  });

  test('bodies: bytes(), text() and json() take so much and no more', async () => {
    const { port, errors } = await bench.serve(async (exchange) => {
      const most = Number(exchange.header('most'));
      if (exchange.target === '/json') {
        exchange.answer(200, {}, JSON.stringify(await exchange.body.json()));
      } else exchange.answer(200, {}, await exchange.body.text(most));
    });
    const post = (target: string, body: string, most = 100): string =>
      `${ask('POST', target, `Most: ${most}`, `Content-Length: ${Buffer.byteLength(body)}`)}${body}`;
    const { answers } = await converse(
      port,
      post('/', 'four', 4) + post('/json', '[1, 2]') + post('/', 'five!', 4),
    );
    expect(answers.map(({ status, body }) => [status, body.toString().slice(0, 5)])).toEqual([
      [200, 'four'],
      [200, '[1,2]'],
      [500, '500 I'],
    ]);
    expect(errors).toMatchObject([{ code: 'ERR_CALANDRIA_BODY_TOO_LARGE' }]);
  });

  test('bodies: leaving the loop, or drop(), lets the rest go by', async () => {
    const { port } = await bench.serve(async (exchange) => {
      const { body } = exchange;
      if (exchange.target === '/drop') body.drop();
      else for await (const _ of body) break;
      const after = await body.read();
      exchange.answer(200, {}, `${exchange.target} ${after}`);
    });
    const big = (target: string): string =>
      `${ask('POST', target, 'Content-Length: 60000')}${'x'.repeat(60_000)}`;
    const { answers } = await converse(port, big('/drop') + big('/break') + big('/drop'));
    expect(answers.map(({ body }) => body.toString())).toEqual([
      '/drop null',
      '/break null',
      '/drop null',
    ]);
  });

  test('early: who reads on behind the answer hears that the rest is not read', async () => {
    const told = promised<unknown>();
    const { dial } = await bench.serve(async (exchange) => {
      const reading = exchange.body.read();
      exchange.answer(200, {}, 'done');
      await reading.catch((error) => told.resolve(error));
    });
    const client = dial();
    await client.send(ask('POST', '/', 'Content-Length: 10'));
    expect((await client.answer()).body.toString()).toBe('done');
    expect(await told.promise).toMatchObject({
      code: 'ERR_CALANDRIA_CLOSED',
      message: expect.stringContaining('answered before'),
    });
  });

  test('early: a body that had come can be read behind the answer', async () => {
    const told = promised<unknown>();
    const { port } = await bench.serve(async (exchange) => {
      if (exchange.target === '/later') await null;
      exchange.answer(200);
      told.resolve(await exchange.body.text().catch(({ message }) => message));
    });
    const body = `${ask('POST', '/later', 'Content-Length: 4')}body`;
    await converse(port, body);
    expect(await told.promise).toBe('body');
    // In the very turn that brought it, nothing of it was given to anybody yet.
    const once = promised<unknown>();
    told.resolve = once.resolve;
    await converse(port, body.replace('/later', '/'));
    expect(await once.promise).toContain('answered before');
  });

  test('early: an answer may be streamed while the body is read', async () => {
    const { dial } = await bench.serve(async (exchange) => {
      exchange.begin(200);
      for await (const chunk of exchange.body) {
        if (!exchange.write(Buffer.from(chunk).toString().toUpperCase())) await exchange.drained();
      }
      exchange.end();
    });
    const client = dial();
    await client.send(ask('POST', '/', CHUNKED));
    for (const word of ['one', 'two', 'three']) {
      await client.send(`${word.length}\r\n${word}\r\n`);
      await client.until(() => client.bytes.includes(word.toUpperCase()));
    }
    await client.send('0\r\n\r\n');
    expect((await client.answer()).body.toString()).toBe('ONETWOTHREE');
  });

  test('expect: behind the beginning of an answer nobody is told to go on', async () => {
    const { dial } = await bench.serve(async (exchange) => {
      exchange.begin(200, {}, 4);
      exchange.write('ab');
      exchange.write(await exchange.body.text());
      exchange.end();
    });
    const client = dial();
    await client.send(ask('POST', '/', 'Content-Length: 2', 'Expect: 100-continue'));
    await client.until(() => client.bytes.includes('\r\n\r\nab'));
    await client.send('cd');
    const { answers, interim } = await client.ended();
    expect([answers[0]?.body.toString(), interim]).toEqual(['abcd', []]);
  });

  test('expect: a client that sends at once, and one of HTTP/1.0, are not told to', async () => {
    const { port } = await bench.serve(async (exchange) => {
      exchange.answer(200, {}, await exchange.body.text());
    });
    const expect100 = 'Content-Length: 4\r\nExpect: 100-continue\r\n\r\n';
    const at1 = await converse(port, `POST / HTTP/1.1\r\nHost: a\r\n${expect100}body`);
    const at0 = await converse(port, `POST / HTTP/1.0\r\n${expect100}body`);
    for (const { answers, interim } of [at1, at0]) {
      expect([answers[0]?.body.toString(), interim]).toEqual(['body', []]);
    }
    const empty = await converse(port, ask('GET', '/', 'Expect: 100-continue'));
    expect([empty.answers[0]?.status, empty.interim]).toEqual([200, []]);
  });

  test('expect: HTTP/1.0 that waits for the word gets none, and its body when it sends it', async () => {
    const reading = promised();
    const { dial } = await bench.serve(async (exchange) => {
      reading.resolve();
      exchange.answer(200, {}, await exchange.body.text());
    });
    const client = dial();
    await client.send('POST / HTTP/1.0\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
    await reading.promise;
    await client.send('body');
    const { answers, interim } = await client.ended();
    expect([answers[0]?.body.toString(), interim]).toEqual(['body', []]);
  });

  test('cut short: a body whose client ends is a 400; its reader hears why', async () => {
    const told = promised<unknown>();
    const { port, done } = await bench.serve(async (exchange) => {
      await exchange.body.text().catch((error) => told.resolve(error));
    });
    for (const part of [
      `${ask('POST', '/', 'Content-Length: 10')}half`,
      `${ask('POST', '/', CHUNKED)}a\r\nhalf`,
    ]) {
      const { answers, orderly } = await converse(port, part);
      expect(answers.map(({ status }) => status)).toEqual([400]);
      expect(orderly).toBe(true);
    }
    expect(await told.promise).toMatchObject({ code: 'ERR_CALANDRIA_REFUSED' });
    expect(done.map(({ status, aborted }) => [status, aborted])).toEqual([
      [400, true],
      [400, true],
    ]);
  });
});
