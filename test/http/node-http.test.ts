// The same program behind node:http and behind this server, asked the same. Both read by llhttp;
// where they differ, this one is stricter, and the list says what forbids it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Exchange } from '../../src/http';
import { type Answer, field } from '../support/http-answers';
import { onDefaultHost } from '../support/http-bench';
import { HttpClient } from '../support/http-client';
import { CORPUS, type CorpusRequest } from '../support/http-corpus';

/** What the program says of a request. */
function told(
  method: string,
  target: string,
  value: (name: string) => string | undefined,
  body: string,
  trailer: string | undefined,
): string {
  const fields = ['host', 'x-a', 'cookie', 'x-39'].map(value);
  return JSON.stringify([method, target, fields, body, trailer]);
}

const PARTS = ['one ', 'two ', 'three'];

async function ours(exchange: Exchange): Promise<void> {
  const { target, body, method } = exchange;
  if (target === '/early') return exchange.answer(200, {}, 'early');
  if (target === '/throws') throw new Error('thrown');
  const text = await body.text();
  if (target === '/parts' || target === '/promised') {
    exchange.begin(200, target === '/promised' ? { 'Content-Length': '13' } : {});
    for (const part of PARTS) exchange.write(part);
    return exchange.end();
  }
  if (target === '/closes') return exchange.answer(200, { Connection: 'close' }, 'closes');
  const status = Number(target.slice(1));
  if (status >= 200) return exchange.answer(status);
  const [trailer] = [...exchange.trailers()].map(([name, value]) => `${name}: ${value}`);
  const value = (name: string): string | undefined => exchange.header(name);
  exchange.answer(200, {}, told(method, target, value, text, trailer));
}

async function theirs(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '', method = '', headers } = request;
  if (url === '/early') return void response.end('early');
  // What Node has no rule for, as its users do it.
  if (url === '/throws') return void response.writeHead(500).end('500 Internal Server Error\n');
  let text = '';
  for await (const chunk of request) text += (chunk as Buffer).toString('latin1');
  if (url === '/parts' || url === '/promised') {
    response.writeHead(200, url === '/promised' ? { 'Content-Length': '13' } : {});
    for (const part of PARTS) response.write(part);
    return void response.end();
  }
  if (url === '/closes') {
    // Not by writeHead(): behind it Node sends chunks, because it knows of no length then.
    response.setHeader('Connection', 'close');
    return void response.end('closes');
  }
  const status = Number(url.slice(1));
  if (status >= 200) return void response.writeHead(status).end();
  const { rawTrailers: raw } = request;
  const trailer = raw.length > 0 ? `${raw[0]}: ${raw[1]}` : undefined;
  const value = (name: string): string | undefined => headers[name] as string | undefined;
  response.end(told(method, url, value, text, trailer));
}

function framing(answer: Answer): string {
  if (field(answer, 'transfer-encoding')) return 'in chunks';
  if (field(answer, 'content-length')) return 'by length';
  return 'to its end';
}

interface Outcome {
  /** Statuses, how the bodies of what is no refusal end, and what becomes of the connection. */
  readonly brief: string;
  readonly bodies: readonly string[];
}

/** Asks it, and then the probe: its answer is the sign that the connection was kept. */
async function outcome(port: number, { bytes, methods }: CorpusRequest): Promise<Outcome> {
  const client = new HttpClient(port, [...methods, 'GET']);
  await client.send(bytes);
  await Promise.race([client.answers(methods.length).catch(() => {}), client.closed]);
  await client.send('GET /probe HTTP/1.1\r\nHost: a\r\n\r\n');
  client.end();
  const { answers } = await client.ended();
  const asked = answers.slice(0, methods.length);
  const kept = answers.slice(methods.length).some(({ body }) => body.includes('/probe'));
  const heard = asked.map((answer, place) => {
    // To HEAD a server need not say how the body would be framed (RFC 9110 section 9.3.2).
    const said = answer.status < 400 && methods[place] !== 'HEAD' ? ` ${framing(answer)}` : '';
    return `${answer.status}${said}`;
  });
  return {
    brief: [...heard, kept ? 'kept' : 'closed'].join(', '),
    bodies: asked.filter(({ status }) => status < 400).map(({ body }) => body.toString()),
  };
}

/** What this server says, what Node says, and why they differ. */
type Difference = readonly [ours: string, nodes: string, why: string];

const KEPT = '200 by length, kept';
const HOST = 'RFC 9112 section 3.2: one Host field, and it names a host; else 400';
const VERSION = 'RFC 9110 section 15.6.6: 505 for a major version that is not spoken';
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'HTTP/1.0': [
    '200 by length, closed',
    '200 to its end, closed',
    'Node tells HTTP/1.0 no length, so a client cannot know whether it has all',
  ],
  'HTTP/1.0 with a body': ['200 by length, closed', '200 to its end, closed', 'as above'],
  'HTTP/1.0 with keep-alive': [
    KEPT,
    '200 to its end, closed',
    'without a length it cannot be kept',
  ],
  'a coding that is none': [
    '501, closed',
    '400, closed',
    'RFC 9112 section 6.1: 501 for a coding that is not understood',
  ],
  'gzip, then chunked': [
    '501, closed',
    KEPT,
    'RFC 9112 section 6.1: Node gives the program compressed bytes for the body',
  ],
  'chunks in HTTP/1.0': [
    '400, closed',
    '200 to its end, closed',
    'RFC 9112 section 6.1: treat it as faulty framing and close',
  ],
  'two hosts': ['400, closed', KEPT, HOST],
  'a host with a path': ['400, closed', KEPT, HOST],
  'a host with a user': ['400, closed', KEPT, HOST],
  'a fragment': ['400, closed', KEPT, 'RFC 9112 section 3.2: no form of a target has one'],
  'two spaces in the first line': [
    '400, closed',
    KEPT,
    'RFC 9112 section 3: one space; who reads several differently is deceived',
  ],
  'the target * without OPTIONS': ['400, closed', KEPT, 'RFC 9112 section 3.2.4: OPTIONS alone'],
  'no version': ['505, closed', '200 to its end, closed', VERSION],
  'HTTP/0.9': ['505, closed', '200 to its end, closed', VERSION],
  'HTTP/2.0': ['505, closed', '200 to its end, closed', VERSION],
  'HTTP/1.2': ['505, closed', '400, closed', 'nobody has said what it means; the status is ours'],
  'the preface of HTTP/2': ['505, closed', '400, closed', VERSION],
  'an expectation that nobody knows': [
    '417, closed',
    '417, kept',
    'what the client would have sent behind it is unknown',
  ],
};

onDefaultHost('node:http', (bench) => {
  let server: Server;
  let nodePort: number;

  beforeAll(async () => {
    server = createServer((request, response) => {
      // A request that is cut short is no request: there is nobody to answer.
      theirs(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    nodePort = (server.address() as AddressInfo).port;
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('node:http: the same program is asked the same, and says the same or is stricter', async () => {
    const { port } = await bench.serve(ours);
    const seen: Record<string, Difference> = {};
    for (const request of CORPUS) {
      const [mine, nodes] = await Promise.all([outcome(port, request), outcome(nodePort, request)]);
      if (mine.brief === nodes.brief) expect(mine).toEqual(nodes);
      else seen[request.name] = [mine.brief, nodes.brief, DIFFERENCES[request.name]?.[2] ?? ''];
    }
    // Later ones may have become as strict.
    if (process.version.startsWith('v20.')) expect(seen).toEqual(DIFFERENCES);
    else expect(DIFFERENCES).toMatchObject(seen);
  });
});
