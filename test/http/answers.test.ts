// What a program may answer, and what it may not.
import type { Exchange } from '../../src/http';
import { field } from '../support/http-answers';
import { ask, get, onDefaultHost } from '../support/http-bench';
import { converse } from '../support/http-client';

/** What a function throws, by its code. */
function codeOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

onDefaultHost('answers', (bench) => {
  test('HEAD: the head says what GET would bring, and no byte of a body follows', async () => {
    const { port } = await bench.serve((exchange) => {
      if (exchange.target === '/whole') exchange.answer(200, {}, 'four');
      else if (exchange.target === '/said') exchange.answer(200, { 'Content-Length': '1000' });
      else {
        exchange.begin(200, {}, exchange.target === '/length' ? 9 : undefined);
        exchange.write('part');
        exchange.end();
      }
    });
    const targets = ['/whole', '/said', '/length', '/chunked'];
    const requests = targets.map((target) => ask('HEAD', target)).join('');
    const { answers, rest } = await converse(
      port,
      requests + get('/whole'),
      ...Array(4).fill('HEAD'),
      'GET',
    );
    expect(answers.map((answer) => field(answer, 'content-length'))).toEqual([
      '4',
      '1000',
      '9',
      undefined,
      '4',
    ]);
    expect(field(answers[3] as never, 'transfer-encoding')).toBe('chunked');
    expect([answers[4]?.body.toString(), rest.length]).toEqual(['four', 0]);
  });

  test('statuses: 204 and 304 have no body and no length, 205 has one of no bytes', async () => {
    const { port } = await bench.serve((exchange) => {
      const status = Number(exchange.target.slice(2));
      if (exchange.target.startsWith('/a')) return exchange.answer(status, {}, 'dropped');
      exchange.begin(status, {}, status === 205 ? undefined : 7);
      exchange.write('dropped');
      exchange.end();
    });
    const targets = ['/a204', '/b204', '/a304', '/b304', '/a205', '/b205', '/a299'];
    const { answers } = await converse(port, targets.map((target) => get(target)).join(''));
    expect(
      answers.map((answer) => [
        answer.status,
        field(answer, 'content-length'),
        field(answer, 'transfer-encoding'),
        answer.body.length,
      ]),
    ).toEqual([
      [204, undefined, undefined, 0],
      [204, undefined, undefined, 0],
      [304, undefined, undefined, 0],
      [304, undefined, undefined, 0],
      [205, '0', undefined, 0],
      [205, '0', undefined, 0],
      [299, '7', undefined, 7],
    ]);
  });

  test('statuses: only whole numbers from 200 to 599 are answers', async () => {
    const { port, errors } = await bench.serve((exchange) => {
      const wrong = [0, 99, 100, 101, 199, 600, 1000, 200.5, Number.NaN, '200', null, undefined];
      const codes = wrong.flatMap((status) => [
        codeOf(() => exchange.answer(status as number)),
        codeOf(() => exchange.begin(status as number)),
      ]);
      exchange.answer(599, {}, JSON.stringify([...new Set(codes)]));
    });
    const { answers } = await converse(port, get('/'));
    expect(answers[0]?.status).toBe(599);
    expect(JSON.parse(answers[0]?.body.toString() as string)).toEqual(['ERR_INVALID_ARG_TYPE']);
    expect(errors).toEqual([]);
  });

  test('once: a second answer is refused by name, and the first one stands', async () => {
    const { port, errors, done } = await bench.serve((exchange) => {
      if (exchange.target === '/begun') exchange.begin(200, {}, 3);
      else exchange.answer(200, {}, 'one');
      const codes = [
        codeOf(() => exchange.answer(404)),
        codeOf(() => exchange.begin(404)),
        codeOf(() => exchange.inform(103)),
      ];
      if (exchange.target === '/begun') {
        exchange.write(codes.every((code) => code === 'ERR_CALANDRIA_ANSWERED') ? 'yes' : 'no!');
        exchange.end();
        exchange.end();
      }
      exchange.answer(500);
    });
    const { answers } = await converse(port, get('/whole') + get('/begun'));
    expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual([
      [200, 'one'],
      [200, 'yes'],
    ]);
    expect(errors).toMatchObject(Array(2).fill({ code: 'ERR_CALANDRIA_ANSWERED' }));
    expect(done.map(({ status }) => status)).toEqual([200, 200]);
  });

  test('order: what comes before begin() or behind end() is refused by name', async () => {
    const { port } = await bench.serve((exchange) => {
      const before = [codeOf(() => exchange.write('x')), codeOf(() => exchange.end())];
      exchange.begin(200);
      exchange.write('a');
      exchange.end();
      const behind = [codeOf(() => exchange.write('x'))];
      if ([...before, ...behind].some((code) => code !== 'ERR_CALANDRIA_ANSWERED')) throw before;
    });
    const { answers } = await converse(port, get('/'));
    expect(answers[0]?.body.toString()).toBe('a');
  });

  test('lengths: more than promised is refused and nothing of it sent', async () => {
    const { port, errors } = await bench.serve((exchange) => {
      exchange.begin(200, {}, 5);
      exchange.write('abc');
      const code = codeOf(() => exchange.write('def'));
      exchange.write(code === 'ERR_CALANDRIA_BODY_LENGTH' ? 'de' : '!!');
      exchange.end();
    });
    const { answers } = await converse(port, get('/') + get('/'));
    expect(answers.map(({ body }) => body.toString())).toEqual(['abcde', 'abcde']);
    expect(errors).toEqual([]);
  });

  test('lengths: less than promised is told to the program and shows to the client', async () => {
    const { port, errors, done } = await bench.serve((exchange) => {
      exchange.begin(200, { 'Content-Length': 5 });
      exchange.write('abc');
      exchange.end();
    });
    const { answers } = await converse(port, get('/') + get('/'));
    expect(answers).toMatchObject([{ status: 200, complete: false }]);
    expect(errors).toMatchObject([{ code: 'ERR_CALANDRIA_BODY_LENGTH' }]);
    expect(done.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('lengths: begin() takes whole numbers from 0, and Content-Length has to be one', async () => {
    const { port } = await bench.serve((exchange) => {
      const wrong = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '5'];
      const codes = wrong.map((length) => codeOf(() => exchange.begin(200, {}, length as number)));
      for (const text of ['', '-1', '+1', '1,1', '0x1', '1e3', ' 1']) {
        codes.push(codeOf(() => exchange.begin(200, { 'content-length': text })));
      }
      exchange.answer(200, {}, JSON.stringify(codes));
    });
    const { answers } = await converse(port, get('/'));
    expect(JSON.parse(answers[0]?.body.toString() as string)).toEqual([
      ...Array(6).fill('ERR_INVALID_ARG_TYPE'),
      ...Array(7).fill('ERR_CALANDRIA_BAD_HEADER'),
    ]);
  });

  test('fields: nothing that a program passes on can begin another line', async () => {
    const names = ['', 'a b', 'a:', 'a\r\nb', 'a\n', 'a\0', 'caf\xe9', 'a(b)', ' a', 'a '];
    const values = ['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b', 'a\x1b', 'a\x7f', 'a\u0100', '\u{1f600}'];
    const others = [undefined, null, true, {}, Symbol('a'), 1n];
    const { port, errors } = await bench.serve((exchange) => {
      const codes: unknown[] = [];
      const all = (headers: unknown): void => {
        codes.push(codeOf(() => exchange.inform(103, headers as never)));
        codes.push(codeOf(() => exchange.answer(200, headers as never)));
        codes.push(codeOf(() => exchange.begin(200, headers as never)));
      };
      for (const name of names) all({ [name]: 'x' });
      for (const name of names) all([[name, 'x']]);
      for (const value of [...values, ...others]) all({ 'X-A': value });
      for (const value of values) all({ 'X-A': ['fine', value] });
      for (const value of values) all({ Connection: value, Date: value });
      exchange.begin(200);
      for (const value of values) codes.push(codeOf(() => exchange.end({ 'X-A': value })));
      exchange.write(JSON.stringify([...new Set(codes)]));
      exchange.end();
    });
    const { answers, interim } = await converse(port, get('/'));
    expect(JSON.parse(answers[0]?.body.toString() as string)).toEqual(['ERR_CALANDRIA_BAD_HEADER']);
    expect([interim, errors]).toEqual([[], []]);
  });

  test('fields: what is no object, and what is no pair, is refused', async () => {
    const { port } = await bench.serve((exchange) => {
      const wrong = ['a: b', 5, true, null, [['a']], [['a', 'b'], 'c']];
      const refused = wrong.map(
        (headers) => typeof codeOf(() => exchange.answer(200, headers as never)),
      );
      exchange.answer(200, {}, JSON.stringify(refused));
    });
    const { answers } = await converse(port, get('/'));
    expect(JSON.parse(answers[0]?.body.toString() as string)).toEqual(Array(6).fill('string'));
  });

  test('fields: numbers and lists are lines, pairs keep their order, latin 1 is a byte each', async () => {
    const { port } = await bench.serve((exchange) => {
      exchange.inform(103, { Link: '<\xfc>' });
      if (exchange.target === '/object') {
        exchange.answer(200, { B: 5, A: ['1', '2'], C: 'x\ty', D: '\xff', E: '' }, '\u00fc');
      } else {
        exchange.answer(
          200,
          [
            ['B', '1'],
            ['A', '2'],
            ['B', '3'],
          ],
          Buffer.from('\xfc', 'latin1'),
        );
      }
    });
    const { answers, interim } = await converse(port, get('/object') + get('/pairs'));
    const own = new Set(['date', 'content-length']);
    const lines = answers.map(({ headers }) => headers.filter(([name]) => !own.has(name)));
    expect(lines).toEqual([
      [
        ['b', '5'],
        ['a', '1'],
        ['a', '2'],
        ['c', 'x\ty'],
        ['d', '\xff'],
        ['e', ''],
      ],
      [
        ['b', '1'],
        ['a', '2'],
        ['b', '3'],
      ],
    ]);
    expect(answers.map(({ body }) => body.toString('latin1'))).toEqual(['\xc3\xbc', '\xfc']);
    expect(interim.map((answer) => field(answer, 'link'))).toEqual(['<\xfc>', '<\xfc>']);
  });

  test('fields: of what the server says itself, a program may set Date and ask to close', async () => {
    const { port } = await bench.serve((exchange) => {
      exchange.answer(
        200,
        {
          Date: 'yesterday',
          'Content-Length': '99',
          'Transfer-Encoding': 'chunked',
          Connection: exchange.target === '/close' ? 'x, close' : 'keep-alive, upgrade',
          'Keep-Alive': 'timeout=5',
        },
        'four',
      );
    });
    const { answers, orderly } = await converse(port, get('/') + get('/close') + get('/never'));
    const fields = (connection: string[]): unknown => [
      ['date', 'yesterday'],
      ['content-length', '4'],
      ...connection.map((value) => ['connection', value]),
    ];
    expect(answers.map(({ headers }) => headers)).toEqual([fields([]), fields(['close'])]);
    expect(orderly).toBe(true);
  });

  test('inform: 1xx come before the answer, to clients that know them', async () => {
    const { port } = await bench.serve((exchange) => {
      exchange.inform(103, { Link: '</a>' });
      exchange.inform(102);
      const codes = [100, 101, 200, 99, 103.5].map((status) =>
        codeOf(() => exchange.inform(status)),
      );
      exchange.answer(200, {}, JSON.stringify(codes));
    });
    const { answers, interim } = await converse(port, get('/'));
    expect(interim.map(({ status }) => status)).toEqual([103, 102]);
    expect(JSON.parse(answers[0]?.body.toString() as string)).toEqual(
      Array(5).fill('ERR_INVALID_ARG_TYPE'),
    );
    const old = await converse(port, 'GET / HTTP/1.0\r\n\r\n');
    expect([old.answers.length, old.interim.length]).toEqual([1, 0]);
  });

  test('bodies: what is neither text nor bytes is refused, and everything else of an answer stands', async () => {
    const { port } = await bench.serve((exchange) => {
      const wrong = [5, null, {}, [1], new ArrayBuffer(2), new Uint16Array(2)];
      const codes = wrong.map((body) => codeOf(() => exchange.answer(200, {}, body as never)));
      exchange.begin(200);
      codes.push(...wrong.map((body) => codeOf(() => exchange.write(body as never))));
      exchange.write(JSON.stringify([...new Set(codes)]));
      exchange.end();
    });
    const { answers } = await converse(port, get('/'));
    expect(answers[0]?.body.toString()).toBe('["ERR_INVALID_ARG_TYPE"]');
  });

  test('fields: those of a request can be read in its turn and, by who goes on, later', async () => {
    let kept: { header(name: string): unknown; target: string } | undefined;
    const { port } = await bench.serve(async (exchange) => {
      const now = exchange.header('x-a');
      await new Promise<void>((resolve) => setImmediate(resolve));
      exchange.answer(200, {}, `${now} ${exchange.header('X-A')} ${exchange.header('x-b')}`);
      kept = exchange;
    });
    const { answers } = await converse(
      port,
      get('/', 'X-A: 1', 'X-a: 2', 'Cookie: a=b', 'Cookie: c=d') + get('/x', 'X-A: 3'),
    );
    expect(answers.map(({ body }) => body.toString())).toEqual([
      '1, 2 1, 2 undefined',
      '3 3 undefined',
    ]);
    expect([kept?.target, kept?.header('x-a')]).toEqual(['/x', '3']);
  });

  test('fields: of a sync handler whose turn is over, reading them is refused by name', async () => {
    const kept: Exchange[] = [];
    const { port } = await bench.serve((exchange) => {
      kept.push(exchange);
      exchange.answer(200, {}, kept.length === 1 ? exchange.target : '');
    });
    await converse(port, get('/x', 'X-A: 3') + get('/y', 'X-A: 4'));
    const [looked, unlooked] = kept as [Exchange, Exchange];
    // What was looked at in its turn is kept.
    expect(looked.target).toBe('/x');
    expect(codeOf(() => unlooked.target)).toBe('ERR_CALANDRIA_STALE_BYTES');
    expect(codeOf(() => looked.header('x-a'))).toBe('ERR_CALANDRIA_STALE_BYTES');
  });

  test('parts: however many wait, each leaves at the same cost', async () => {
    const PARTS = 100_000;
    const { port } = await bench.serve((exchange) => {
      exchange.begin(200);
      for (let part = 0; part < PARTS; part++) exchange.write('ten bytes.');
      exchange.end();
    });
    const { answers } = await converse(port, get('/'));
    expect(answers[0]?.body.toString()).toBe('ten bytes.'.repeat(PARTS));
  });
});
