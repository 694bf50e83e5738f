// An exchange over a real connection: the answers byte for byte.
import { closeHttp, serveHttp, talk, undated } from '../support/http';

afterEach(closeHttp);

const HOST = 'Host: a\r\n';

test('exchange: an answer has a date, its fields and its length', async () => {
  const { port } = await serveHttp((exchange) => {
    exchange.answer(
      200,
      { 'X-Method': exchange.method },
      `${exchange.target} ${exchange.header('A')}`,
    );
  });
  const text = await talk(port, `GET /a?b HTTP/1.1\r\n${HOST}a: 1\r\n\r\n`);
  expect(text).toMatch(/^HTTP\/1.1 200 OK\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
  expect(undated(text)).toBe('HTTP/1.1 200 OK\r\nX-Method: GET\r\nContent-Length: 6\r\n\r\n/a?b 1');
});

test('exchange: pipelined requests are answered in order, whoever is slow', async () => {
  const { port, reactor } = await serveHttp(async (exchange) => {
    if (exchange.target === '/slow') {
      await new Promise<void>((resolve) => void reactor.setTimer(20, () => resolve()));
    }
    exchange.answer(200, {}, exchange.target);
  });
  const request = (target: string): string => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`;
  const text = await talk(
    port,
    request('/slow') + request('/a') + request('/slow') + request('/b'),
  );
  expect(text.match(/\r\n\r\n\/[a-z]+/g)).toEqual(
    ['/slow', '/a', '/slow', '/b'].map((target) => `\r\n\r\n${target}`),
  );
});

test('R2.33: a body in chunks arrives with its trailers, at whatever byte it is cut', async () => {
  const { port } = await serveHttp(async (exchange) => {
    const body = await exchange.body.text();
    exchange.answer(200, {}, JSON.stringify([body, [...exchange.trailers()]]));
  });
  const request =
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n` +
    '5\r\nhello\r\n6\r\n world\r\n0\r\nTrail: er\r\nB: c\r\n\r\n';
  for (let cut = 1; cut < request.length; cut++) {
    const text = await talk(port, request.slice(0, cut), request.slice(cut));
    expect(text).toMatch(/\r\n\r\n\["hello world",\[\["Trail","er"\],\["B","c"\]\]\]$/);
  }
});

test('exchange: a handler that throws is a 500 without a word of why', async () => {
  const heard: unknown[] = [];
  const failure = new Error('secret');
  const { port } = await serveHttp(
    () => {
      throw failure;
    },
    { onError: (error) => heard.push(error) },
  );
  const text = await talk(port, `GET / HTTP/1.1\r\n${HOST}\r\n`);
  expect(text).toMatch(/^HTTP\/1.1 500 Internal Server Error\r\n/);
  expect(text).not.toContain('secret');
  expect(heard).toEqual([failure]);
});
