// Applications in the shape of ASGI, and the same application behind fetch.
import {
  type AsgiApplication,
  asgi,
  Response as FastResponse,
  type HttpScope,
  type ReceivedEvent,
  serve,
} from '../../src/http';
import { closeHttp, serveHttp, talk, undated } from '../support/http';

afterEach(closeHttp);

const HOST = 'Host: a\r\n';

/** What an application does for requests; its lifespan is complete at once. */
function application(
  answer: (
    scope: HttpScope,
    receive: Parameters<AsgiApplication>[1],
    send: Parameters<AsgiApplication>[2],
  ) => Promise<void>,
): AsgiApplication {
  return async (scope, receive, send) => {
    if (scope.type === 'http') return answer(scope, receive, send);
    for (;;) {
      const { type } = await receive();
      if (type === 'lifespan.startup') await send({ type: 'lifespan.startup.complete' });
      if (type === 'lifespan.shutdown') return send({ type: 'lifespan.shutdown.complete' });
    }
  };
}

test('R2.1: an ASGI application gets a scope, the body in parts, and sends its answer', async () => {
  const scopes: HttpScope[] = [];
  const app = application(async (scope, receive, send) => {
    scopes.push(scope);
    let body = '';
    for (;;) {
      const event = await receive();
      if (event.type !== 'http.request') break;
      body += Buffer.from(event.body).toString();
      if (!event.more_body) break;
    }
    await send({ type: 'http.response.start', status: 201, headers: [['x-a', 'b']] });
    await send({ type: 'http.response.body', body: Buffer.from(body), more_body: true });
    await send({ type: 'http.response.body', body: '!' });
  });
  const { port } = await serveHttp(asgi(app).handle);
  const request = `POST /a%20b?q=1 HTTP/1.1\r\n${HOST}X-Y: z\r\nContent-Length: 5\r\n\r\nhello`;
  const text = undated(await talk(port, request));
  expect(text).toBe(
    'HTTP/1.1 201 Created\r\nx-a: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n',
  );
  expect(scopes).toEqual([
    {
      type: 'http',
      asgi: { version: '3.0', spec_version: '2.3' },
      http_version: '1.1',
      method: 'POST',
      scheme: 'http',
      path: '/a b',
      raw_path: '/a%20b',
      query_string: 'q=1',
      root_path: '',
      headers: [
        ['host', 'a'],
        ['x-y', 'z'],
        ['content-length', '5'],
      ],
      client: ['127.0.0.1', expect.any(Number)],
      state: {},
    },
  ]);
});

test('R2.1: an answer in one part is sent whole, with its length', async () => {
  const app = application(async (_, __, send) => {
    await send({ type: 'http.response.start', status: 200 });
    await send({ type: 'http.response.body', body: 'whole' });
  });
  const { port } = await serveHttp(asgi(app).handle);
  const text = undated(await talk(port, `GET / HTTP/1.1\r\n${HOST}\r\n`));
  expect(text).toBe('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole');
});

test('R2.1: behind the body comes that the exchange is over', async () => {
  const events: ReceivedEvent['type'][] = [];
  const app = application(async (_, receive, send) => {
    events.push((await receive()).type);
    const over = receive();
    await send({ type: 'http.response.start', status: 200 });
    await send({ type: 'http.response.body' });
    events.push((await over).type);
  });
  const { port } = await serveHttp(asgi(app).handle);
  await talk(port, `GET / HTTP/1.1\r\n${HOST}\r\n`);
  expect(events).toEqual(['http.request', 'http.disconnect']);
});

test.each([
  ['a body before the start', [{ type: 'http.response.body' }]],
  [
    'a second start',
    [
      { type: 'http.response.start', status: 200 },
      { type: 'http.response.start', status: 200 },
    ],
  ],
  ['an unknown event', [{ type: 'websocket.accept' }]],
  ['nothing', []],
])('R2.1: an application that sends %s is a 500', async (_, events) => {
  const errors: unknown[] = [];
  const app = application(async (_scope, _receive, send) => {
    for (const event of events) await send(event as never);
  });
  const { port } = await serveHttp(asgi(app).handle, { onError: (error) => errors.push(error) });
  const text = await talk(port, `GET / HTTP/1.1\r\n${HOST}\r\n`);
  expect(text).toMatch(/^HTTP\/1.1 500 /);
  expect(errors).toMatchObject([{ code: 'ERR_CALANDRIA_ANSWERED' }]);
});

test('R2.1: the lifespan is told of start and end, and its state is each request’s', async () => {
  const order: string[] = [];
  const served = asgi(async (scope, receive, send) => {
    if (scope.type === 'http') {
      order.push(`request ${(scope.state as { database: string }).database}`);
      await send({ type: 'http.response.start', status: 204 });
      return send({ type: 'http.response.body' });
    }
    order.push((await receive()).type);
    scope.state.database = 'open';
    await send({ type: 'lifespan.startup.complete' });
    order.push((await receive()).type);
    await send({ type: 'lifespan.shutdown.complete' });
  });
  await served.startup();
  const { port } = await serveHttp(served.handle);
  await talk(port, `GET / HTTP/1.1\r\n${HOST}\r\n`);
  await served.shutdown();
  expect(order).toEqual(['lifespan.startup', 'request open', 'lifespan.shutdown']);
});

test('R2.1: a lifespan that fails says why, and one that is not known is no failure', async () => {
  const failing = asgi(async (_, receive, send) => {
    await receive();
    await send({ type: 'lifespan.startup.failed', message: 'no database' });
  });
  await expect(failing.startup()).rejects.toThrow('no database');
  const without = asgi(async (scope) => {
    if (scope.type === 'lifespan') throw new Error('What is a lifespan?');
  });
  await without.startup();
  await without.shutdown();
});

test('R2.1: one function serves HTTP as fetch handler and behind ASGI', async () => {
  const greet = (name: string): string => `Hello, ${name}`;
  const server = serve({
    port: 0,
    fetch: (request) => new FastResponse(greet(new URL(request.url).pathname)),
  });
  const { port: fetched } = await server.ready();
  const app = application(async (scope, _, send) => {
    await send({
      type: 'http.response.start',
      status: 200,
      headers: [['content-type', 'text/plain;charset=UTF-8']],
    });
    await send({ type: 'http.response.body', body: greet(scope.path) });
  });
  const { port: lowLevel } = await serveHttp(asgi(app).handle);
  const request = `GET /x HTTP/1.1\r\n${HOST}\r\n`;
  expect(undated(await talk(lowLevel, request))).toBe(undated(await talk(fetched, request)));
  await server.close();
});
