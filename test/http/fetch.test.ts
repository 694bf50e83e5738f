// serve({ fetch }): Request in, Response out, over real connections, asked with Node's own fetch.
import { join } from 'node:path';
import {
  Response as FastResponse,
  type FetchServer,
  type ServeOptions,
  serve,
} from '../../src/http';
import { promised } from '../support/conformance';
import { talk } from '../support/http';
import { closeClients, HttpClient } from '../support/http-client';
import { Program } from '../support/program';

const servers: FetchServer[] = [];

afterEach(async () => {
  await closeClients();
  for (const server of servers.splice(0)) await server.close({ drain: false });
});

async function start(options: Omit<ServeOptions, 'port'>): Promise<{ port: number; url: string }> {
  const server = serve({ port: 0, ...options });
  servers.push(server);
  const { port } = await server.ready();
  return { port, url: `http://127.0.0.1:${port}` };
}

test('fetch: a request has method, URL, headers and an address', async () => {
  const { url } = await start({
    fetch: (request, { remote }) => {
      const { method, headers } = request;
      const seen = { method, url: request.url, a: headers.get('a'), remote: remote.address };
      return FastResponse.json({ ...seen, request: request instanceof Request });
    },
  });
  const answer = await fetch(`${url}/x%20y?q=1`, { method: 'DELETE', headers: { A: 'b' } });
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(await answer.json()).toEqual({
    method: 'DELETE',
    url: `${url}/x%20y?q=1`,
    a: 'b',
    remote: '127.0.0.1',
    request: true,
  });
});

test.each([
  ['/a/../b', 'http://a/b'],
  ['/a/./b', 'http://a/a/b'],
  ['/%2e%2e/b', 'http://a/b'],
  ['//evil/x', 'http://a//evil/x'],
  ["/a'b", "http://a/a'b"],
  ['/a|b', 'http://a/a|b'],
  ['/a"b', 'http://a/a%22b'],
  ['/?a"b', 'http://a/?a%22b'],
  ["/?a'b", 'http://a/?a%27b'],
  ['http://Other:80/x', 'http://other/x'],
])('fetch: the URL of %s is written as a URL writes it', async (target, expected) => {
  const { port } = await start({ fetch: (request) => new FastResponse(request.url) });
  const text = await talk(port, `GET ${target} HTTP/1.1\r\nHost: A:80\r\n\r\n`);
  expect(text.split('\r\n\r\n')[1]).toBe(expected);
  expect(new URL(target.startsWith('http') ? target : `http://a${target}`).href).toBe(expected);
});

test('fetch: a target or host that makes no URL is a 400', async () => {
  const { port } = await start({ fetch: () => new FastResponse('never') });
  const statuses = [];
  for (const [target, host] of [
    ['/', 'a:99999'],
    ['/', '[::'],
    ['ftp://a/', 'a'],
  ]) {
    const text = await talk(port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    statuses.push(text.slice(0, 12));
  }
  expect(statuses).toEqual(Array(3).fill('HTTP/1.1 400'));
});

test('fetch: a body is read as text, JSON, bytes, a form, a blob or a stream', async () => {
  const { url } = await start({
    fetch: async (request) => {
      switch (new URL(request.url).pathname) {
        case '/text':
          return new Response(await request.text());
        case '/json':
          return FastResponse.json(await request.json());
        case '/buffer':
          return new FastResponse(new Uint8Array(await request.arrayBuffer()));
        case '/form':
          return FastResponse.json([...(await request.formData()).entries()]);
        case '/blob':
          return new Response(await request.blob());
        case '/clone':
          return new Response((await request.clone().text()) + (await request.text()));
        default:
          return new Response(request.body);
      }
    },
  });
  const post = async (path: string, body: RequestInit['body']): Promise<string> =>
    (await fetch(url + path, { method: 'POST', body })).text();
  expect(await post('/text', 'grüß')).toBe('grüß');
  expect(await post('/json', '[1]')).toBe('[1]');
  expect(await post('/buffer', new Uint8Array([65, 66]))).toBe('AB');
  expect(await post('/form', new URLSearchParams({ a: 'b' }))).toBe('[["a","b"]]');
  expect(await post('/blob', 'blob')).toBe('blob');
  expect(await post('/clone', 'x')).toBe('xx');
  const long = 'z'.repeat(1 << 20);
  expect((await post('/stream', long)) === long).toBe(true);
});

test('fetch: who answers with the body itself has a client go on that waits for the word', async () => {
  const { url } = await start({ fetch: (request) => new Response(request.body) });
  const client = new HttpClient(Number(new URL(url).port));
  const head = 'Content-Length: 4\r\nExpect: 100-continue\r\n\r\n';
  await client.send(`POST / HTTP/1.1\r\nHost: a\r\n${head}`);
  await client.until(() => client.read.interim.length > 0);
  await client.send('body');
  expect((await client.answer()).body.toString()).toBe('body');
  client.end();
  expect((await client.ended()).interim.map(({ status }) => status)).toEqual([100]);
});

test('fetch: a body is read once', async () => {
  const { url } = await start({
    fetch: async (request) => {
      await request.text();
      const again = await request.text().catch((error: Error) => error.name);
      return FastResponse.json([again, request.bodyUsed]);
    },
  });
  const answer = await fetch(url, { method: 'POST', body: 'x' });
  expect(await answer.json()).toEqual(['TypeError', true]);
});

test('fetch: a method that no Request has is not implemented', async () => {
  const { port } = await start({ fetch: () => new FastResponse('never') });
  for (const line of ['TRACE /', 'CONNECT a:1']) {
    const text = await talk(port, `${line} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(text.slice(0, 13)).toBe('HTTP/1.1 501 ');
  }
});

test.each([
  ['Node', Response],
  ['its own', FastResponse],
])('fetch: every kind of body of a Response leaves: %s', async (_, Kind) => {
  const form = new FormData();
  form.set('a', 'b');
  const bodies: Record<string, () => Response> = {
    '/text': () => new Kind('text'),
    '/empty': () => new Kind(),
    '/none': () => new Kind(null, { status: 204 }),
    '/bytes': () => new Kind(new Uint8Array([104, 105])),
    '/buffer': () => new Kind(new TextEncoder().encode('buffer').buffer),
    '/query': () => new Kind(new URLSearchParams({ a: 'b' })),
    '/blob': () => new Kind(new Blob(['blob'], { type: 'x/y' })),
    '/form': () => new Kind(form),
    '/stream': () => new Kind(new Blob(['a', 'b']).stream()),
    '/json': () => Kind.json({ a: 1 }, { status: 201, headers: { b: 'c' } }),
    '/away': () => Kind.redirect('http://a/b', 307),
    '/cookies': () => {
      const answer = new Kind('two');
      answer.headers.append('set-cookie', 'a=1');
      answer.headers.append('set-cookie', 'b=2');
      return answer;
    },
  };
  const { url } = await start({
    fetch: (request) => (bodies[new URL(request.url).pathname] as () => Response)(),
  });
  const seen = async (path: string) => {
    const answer = await fetch(url + path, { redirect: 'manual' });
    const type = answer.headers.get('content-type')?.replace(/boundary=.*/, '');
    return [answer.status, type, (await answer.text()).replace(/-{4}[\w-]+/g, '--')];
  };
  const text = 'text/plain;charset=UTF-8';
  expect(await seen('/text')).toEqual([200, text, 'text']);
  expect(await seen('/empty')).toEqual([200, undefined, '']);
  expect(await seen('/none')).toEqual([204, undefined, '']);
  expect(await seen('/bytes')).toEqual([200, undefined, 'hi']);
  expect(await seen('/buffer')).toEqual([200, undefined, 'buffer']);
  const query = 'application/x-www-form-urlencoded;charset=UTF-8';
  expect(await seen('/query')).toEqual([200, query, 'a=b']);
  expect(await seen('/blob')).toEqual([200, 'x/y', 'blob']);
  const [, type, parts] = await seen('/form');
  expect(type).toBe('multipart/form-data; ');
  expect(parts).toContain('name="a"\r\n\r\nb\r\n');
  expect(await seen('/stream')).toEqual([200, undefined, 'ab']);
  expect(await seen('/json')).toEqual([201, 'application/json', '{"a":1}']);
  expect((await seen('/away'))[0]).toBe(307);
  const cookies = await fetch(`${url}/cookies`);
  expect(cookies.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
});

test('fetch: its own Response is what Node makes of one', () => {
  const answer = new FastResponse('x', { status: 404, statusText: 'Gone', headers: { a: 'b' } });
  expect(answer).toBeInstanceOf(Response);
  expect([answer.status, answer.statusText, answer.ok]).toEqual([404, 'Gone', false]);
  expect([...answer.headers]).toEqual([
    ['a', 'b'],
    ['content-type', 'text/plain;charset=UTF-8'],
  ]);
  expect([answer.type, answer.url, answer.redirected, answer.bodyUsed]).toEqual([
    'default',
    '',
    false,
    false,
  ]);
  expect(() => new FastResponse('', { status: 99 })).toThrow(RangeError);
  expect(() => new FastResponse('x', { status: 204 })).toThrow(TypeError);
  expect(() => FastResponse.json(undefined)).toThrow(TypeError);
});

test('fetch: its own Response is checked and copied where it is made', async () => {
  const { url } = await start({
    fetch: () => {
      const headers = { a: 'b' };
      const bytes = new Uint8Array([104, 105]);
      const answer = new FastResponse(bytes, { headers, status: '201' as never });
      headers.a = 'changed';
      bytes.fill(120);
      return answer;
    },
  });
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get('a'), await answer.text()]).toEqual([201, 'b', 'hi']);
  // Node's TypeError is another one than that of the tests.
  const named = expect.objectContaining({ name: 'TypeError' });
  expect(() => new FastResponse('', { headers: { 'a b': 'c' } })).toThrow(named);
  expect(() => new FastResponse('', { statusText: 'a\r\nb: c' })).toThrow(TypeError);
});

test('fetch: HEAD has the head of GET and no body', async () => {
  const { port } = await start({
    fetch: (request) =>
      request.url.endsWith('/stream')
        ? new Response(new Blob(['abc']).stream())
        : new FastResponse('abc'),
  });
  const text = await talk(
    port,
    'HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  expect(text).not.toContain('abc');
  expect(text).toContain('Content-Length: 3\r\n');
  expect(text).toContain('Transfer-Encoding: chunked\r\n');
});

test('fetch: what throws, rejects or answers nothing is a 500, or what onError makes of it', async () => {
  const bad: Record<string, () => unknown> = {
    '/throw': () => {
      throw new Error('secret');
    },
    '/reject': () => Promise.reject(new Error('secret')),
    '/nothing': () => undefined,
    '/text': () => 'text',
  };
  const handler = (request: Request) => (bad[new URL(request.url).pathname] as () => Response)();
  const { url } = await start({
    fetch: handler,
    onError: (error, request) =>
      new FastResponse(`${(error as Error).name} ${new URL(request.url).pathname}`, {
        status: 500,
      }),
  });
  const answers = [];
  for (const path of Object.keys(bad)) {
    const answer = await fetch(url + path);
    answers.push([answer.status, await answer.text()]);
  }
  expect(answers).toEqual([
    [500, 'Error /throw'],
    [500, 'Error /reject'],
    [500, 'TypeError /nothing'],
    [500, 'TypeError /text'],
  ]);
});

test('fetch: a stream that fails half-way cuts the connection', async () => {
  const { port } = await start({
    fetch: () => {
      let pulls = 0;
      return new Response(
        new ReadableStream({
          pull(controller) {
            if (pulls++ > 0) throw new Error('half-way');
            controller.enqueue(new TextEncoder().encode('half'));
          },
        }),
      );
    },
    onError: () => new FastResponse('never'),
    onDone: () => {},
  });
  const printed = jest.spyOn(console, 'error').mockImplementation(() => {});
  const text = await talk(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(text).toMatch(/4\r\nhalf\r\n$/);
  expect(printed).toHaveBeenCalledTimes(1);
  printed.mockRestore();
});

test('fetch: a client that goes aborts the signal and cancels the stream', async () => {
  const { promise, resolve } = promised<string>();
  const { url } = await start({
    fetch: (request) => {
      const { promise: left, resolve: leave } = promised();
      request.signal.addEventListener('abort', () => leave());
      const chunk = new TextEncoder().encode('x');
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(chunk),
          // The client has closed its side; only what is sent now shows that it is gone.
          pull: (controller) => left.then(() => controller.enqueue(chunk)),
          cancel: () => resolve('cancelled'),
        }),
      );
    },
  });
  const controller = new AbortController();
  const answer = await fetch(url, { signal: controller.signal });
  await answer.body?.getReader().read();
  controller.abort();
  expect(await promise).toBe('cancelled');
});

test('fetch: lifespan starts before the first request and ends behind the last', async () => {
  const order: string[] = [];
  const server = serve({
    port: 0,
    lifespan: {
      async startup() {
        order.push('startup');
        return 'state';
      },
      async shutdown(state) {
        order.push(`shutdown ${state}`);
      },
    },
    fetch: (_, context) => {
      order.push(`request ${context.state}`);
      context.waitUntil(
        new Promise<void>((resolve) =>
          setImmediate(() => {
            order.push('waited');
            resolve();
          }),
        ),
      );
      return new FastResponse('x');
    },
  });
  const { port } = await server.ready();
  await (await fetch(`http://127.0.0.1:${port}`)).text();
  await server.close();
  expect(order).toEqual(['startup', 'request state', 'waited', 'shutdown state']);
});

test('fetch: with the globals replaced, requests go on to fetch() and new Request()', async () => {
  const program = new Program([process.execPath, join(__dirname, 'programs', 'globals.cjs')]);
  expect(await program.next()).toEqual({
    request: true,
    answer: [true, true],
    own: true,
    bodies: ['POST body b', 'POST body b'],
  });
  await program.ended;
});

test('fetch: a startup that fails is why it does not listen', async () => {
  const server = serve({
    port: 0,
    lifespan: {
      startup() {
        throw new Error('no database');
      },
    },
    fetch: () => new FastResponse('x'),
  });
  await expect(server.ready()).rejects.toThrow('no database');
  await server.close();
});
