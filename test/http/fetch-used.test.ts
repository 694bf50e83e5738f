// A request's body is read once, in whichever way.
import { Response as FastResponse, serve } from '../../src/http';
import { talk } from '../support/http';

const servers: ReturnType<typeof serve>[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close({ drain: false });
});

async function start(answer: (request: Request) => Promise<Response>): Promise<string> {
  const server = serve({ port: 0, fetch: answer });
  servers.push(server);
  const { port } = await server.ready();
  return `http://127.0.0.1:${port}`;
}

test('fetch: a body that was read is gone for whoever asks in another way', async () => {
  const url = await start(async (request) => {
    const name = (error: Error): string => error.name;
    const read = request.headers.has('x-early') ? await request.clone().text() : '';
    const text = await request.text();
    const seen: unknown[] = [request.bodyUsed];
    try {
      seen.push(await request.clone().text());
    } catch (error) {
      seen.push(name(error as Error));
    }
    seen.push(request.body === null, request.bodyUsed);
    for (const way of ['text', 'json', 'bytes', 'arrayBuffer', 'blob', 'formData'] as const) {
      const again = (request as unknown as Record<string, () => Promise<unknown>>)[way];
      seen.push(await again?.call(request).then(() => way, name));
    }
    return FastResponse.json([read, text, ...seen]);
  });
  const gone = [true, 'TypeError', false, true, ...Array(6).fill('TypeError')];
  const late = await fetch(url, { method: 'POST', body: 'x' });
  expect(await late.json()).toEqual(['', 'x', ...gone]);
  const early = await fetch(url, { method: 'POST', body: 'x', headers: { 'X-Early': 'yes' } });
  expect(await early.json()).toEqual(['x', 'x', ...gone]);
  const { port } = new URL(url);
  const get = `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx`;
  const text = await talk(Number(port), get);
  const [, body = ''] = text.split('\r\n\r\n');
  expect(JSON.parse(body).slice(0, 4)).toEqual(['', 'x', true, 'TypeError']);
});

test('fetch: a request without a body may be read again, and is not used up', async () => {
  const url = await start(async (request) => {
    const texts = [await request.text(), await request.text(), await request.clone().text()];
    return FastResponse.json([...texts, request.bodyUsed]);
  });
  expect(await (await fetch(url)).json()).toEqual(['', '', '', false]);
});
