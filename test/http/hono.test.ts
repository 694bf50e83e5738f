// Hono's own examples (https://hono.dev/docs), unchanged but for where they listen: the
// applications know nothing of what serves them.
import { Hono } from 'hono';
import { basicAuth } from 'hono/basic-auth';
import { getCookie, setCookie } from 'hono/cookie';
import { etag } from 'hono/etag';
import { HTTPException } from 'hono/http-exception';
import { logger } from 'hono/logger';
import { stream, streamSSE, streamText } from 'hono/streaming';
import { validator } from 'hono/validator';
import { type FetchServer, serve } from '../../src/http';

let server: FetchServer | undefined;

afterEach(async () => {
  await server?.close({ drain: false });
  server = undefined;
});

async function start(app: Hono): Promise<string> {
  server = serve({ port: 0, fetch: app.fetch as never });
  const { port } = await server.ready();
  return `http://127.0.0.1:${port}`;
}

test('hono: routes, parameters, queries and JSON', async () => {
  const app = new Hono();
  app.get('/', (c) => c.text('Hello Hono!'));
  app.get('/api/hello', (c) => c.json({ ok: true, message: 'Hello Hono!' }));
  app.get('/posts/:id', (c) => {
    const page = c.req.query('page');
    const id = c.req.param('id');
    c.header('X-Message', 'Hi!');
    return c.text(`You want to see ${page} of ${id}`);
  });
  app.post('/posts', (c) => c.text('Created!', 201));
  app.delete('/posts/:id', (c) => c.text(`${c.req.param('id')} is deleted!`));
  app.notFound((c) => c.text('Custom 404 Message', 404));
  const url = await start(app);
  expect(await (await fetch(url)).text()).toBe('Hello Hono!');
  expect(await (await fetch(`${url}/api/hello`)).json()).toEqual({
    ok: true,
    message: 'Hello Hono!',
  });
  const post = await fetch(`${url}/posts/7?page=2`);
  expect(post.headers.get('x-message')).toBe('Hi!');
  expect(await post.text()).toBe('You want to see 2 of 7');
  expect((await fetch(`${url}/posts`, { method: 'POST' })).status).toBe(201);
  const deleted = await fetch(`${url}/posts/7`, { method: 'DELETE' });
  expect(await deleted.text()).toBe('7 is deleted!');
  const missing = await fetch(`${url}/none`);
  expect([missing.status, await missing.text()]).toEqual([404, 'Custom 404 Message']);
});

test('hono: middleware, basic auth, etags, cookies and errors', async () => {
  const lines: string[] = [];
  const app = new Hono();
  app.use(logger((line) => void lines.push(line)));
  app.use('/admin/*', basicAuth({ username: 'admin', password: 'secret' }));
  app.get('/admin', (c) => c.text('You are authorized!'));
  app.use('/etag/*', etag());
  app.get('/etag/abc', (c) => c.text('Hono is cool'));
  app.get('/cookie', (c) => {
    const yummy = getCookie(c, 'yummy_cookie');
    setCookie(c, 'delicious_cookie', 'macha');
    setCookie(c, 'second', '2');
    return c.text(String(yummy));
  });
  app.get('/forbidden', () => {
    throw new HTTPException(403, { message: 'Custom error message' });
  });
  app.get('/raw', () => new Response('Good morning!'));
  const url = await start(app);
  expect((await fetch(`${url}/admin`)).status).toBe(401);
  const authorization = `Basic ${Buffer.from('admin:secret').toString('base64')}`;
  const admin = await fetch(`${url}/admin`, { headers: { authorization } });
  expect(await admin.text()).toBe('You are authorized!');
  const tagged = await fetch(`${url}/etag/abc`);
  const tag = tagged.headers.get('etag') as string;
  const again = await fetch(`${url}/etag/abc`, { headers: { 'if-none-match': tag } });
  expect([await tagged.text(), again.status]).toEqual(['Hono is cool', 304]);
  const cookie = await fetch(`${url}/cookie`, { headers: { cookie: 'yummy_cookie=choco' } });
  expect(await cookie.text()).toBe('choco');
  expect(cookie.headers.getSetCookie()).toEqual([
    'delicious_cookie=macha; Path=/',
    'second=2; Path=/',
  ]);
  const forbidden = await fetch(`${url}/forbidden`);
  expect([forbidden.status, await forbidden.text()]).toEqual([403, 'Custom error message']);
  expect(await (await fetch(`${url}/raw`)).text()).toBe('Good morning!');
  expect(lines.some((line) => line.includes('GET /raw'))).toBe(true);
});

test('hono: validated bodies, forms and files', async () => {
  const app = new Hono();
  app.post(
    '/posts',
    validator('form', (value, c) => {
      const { body } = value;
      if (!body || typeof body !== 'string') return c.text('Invalid!', 400);
      return { body };
    }),
    (c) => c.json({ message: `Created! ${c.req.valid('form').body}` }, 201),
  );
  app.post('/upload', async (c) => {
    const body = await c.req.parseBody();
    return c.text(await (body.file as File).text());
  });
  app.post('/json', async (c) => c.json(await c.req.json()));
  const url = await start(app);
  const send = (path: string, body: RequestInit['body']) =>
    fetch(url + path, { method: 'POST', body: body ?? null });
  const created = await send('/posts', new URLSearchParams({ body: 'x' }));
  expect([created.status, await created.json()]).toEqual([201, { message: 'Created! x' }]);
  expect((await send('/posts', new URLSearchParams({}))).status).toBe(400);
  const form = new FormData();
  form.set('file', new Blob(['content']), 'name.txt');
  expect(await (await send('/upload', form)).text()).toBe('content');
  expect(await (await send('/json', '{"a":1}')).json()).toEqual({ a: 1 });
});

test('hono: streams, text and server-sent events', async () => {
  const app = new Hono();
  app.get('/stream', (c) =>
    stream(c, async (out) => {
      out.onAbort(() => {});
      await out.write(new Uint8Array([0x48, 0x65, 0x6c, 0x6c, 0x6f]));
      await out.pipe(new Blob([', world']).stream() as ReadableStream);
    }),
  );
  app.get('/text', (c) =>
    streamText(c, async (out) => {
      await out.writeln('Hello');
      await out.sleep(1);
      await out.write(`Hono!`);
    }),
  );
  app.get('/sse', (c) =>
    streamSSE(c, async (out) => {
      for (let id = 0; id < 3; id++) {
        await out.writeSSE({ data: `It is ${id}`, event: 'time-update', id: String(id) });
      }
    }),
  );
  const url = await start(app);
  expect(await (await fetch(`${url}/stream`)).text()).toBe('Hello, world');
  expect(await (await fetch(`${url}/text`)).text()).toBe('Hello\nHono!');
  const events = await fetch(`${url}/sse`);
  expect(events.headers.get('content-type')).toBe('text/event-stream');
  expect((await events.text()).match(/^data: It is \d$/gm)).toHaveLength(3);
});
