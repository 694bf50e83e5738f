// HTTP/1.1 as a protocol like any other: alone, on other layers, and brought its bytes by the kit.
import { writeFileSync } from 'node:fs';
import { type Exchange, type ExchangeHandler, httpProtocol } from '../../src/http';
import type { WallClock } from '../../src/outside';
import { lengthPrefixed, pipeline, type Stage, serveProtocol } from '../../src/protocols';
import { examine, expectSame, type Script, type Subject } from '../../src/protocols/kit';
import { forEachHost, pattern } from '../support/conformance';
import { freshFolder } from '../support/folder';

const freshPath = freshFolder();

/** Without a clock an answer has no Date, and every run says the same. */
const NO_CLOCK = { now: undefined, ready: async () => NO_CLOCK } as unknown as WallClock;

/** A stage whose first line is for itself, as of a proxy in front: the rest are bytes. */
function behindProxy(note: (what: unknown) => void): Stage {
  let line: string | undefined = '';
  return {
    name: 'behind a proxy',
    data(link, bytes) {
      let from = 0;
      while (line !== undefined && from < bytes.length) {
        const byte = bytes[from++] as number;
        if (byte !== 10) line += String.fromCharCode(byte);
        else {
          note(`proxied: ${line}`);
          line = undefined;
        }
      }
      if (from < bytes.length) link.deliver(bytes.subarray(from));
    },
  };
}

/** Says what it was asked, with the body; a large answer for `/large`. */
const answering =
  (note: (what: unknown) => void): ExchangeHandler =>
  async (exchange: Exchange) => {
    if (exchange.target === '/large') {
      exchange.begin(200);
      for (let part = 0; part < 3; part++) {
        if (!exchange.write('x'.repeat(1000))) await exchange.drained();
      }
      return exchange.end();
    }
    const body = exchange.method === 'POST' ? await exchange.body.text() : '';
    note(`${exchange.method} ${exchange.target} ${body}`);
    exchange.answer(200, {}, `${exchange.target}:${body}`);
  };

const options = { clock: NO_CLOCK, onError: () => {} };
const alone: Subject = (note, reactor) => httpProtocol(reactor, answering(note), options);
const proxied: Subject = (note, reactor) =>
  pipeline(behindProxy(note), httpProtocol(reactor, answering(note), options));

const REQUESTS = [
  'GET /a HTTP/1.1\r\nHost: h\r\n\r\n',
  'POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello',
  'POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
  'HEAD /d HTTP/1.1\r\nHost: h\r\n\r\n',
];

async function conductOf(subject: Subject, script: Script, stride = 1) {
  const how = { stride, ends: false, resets: false, draws: 8 };
  return expectSame(await examine(subject, script, how)).reference;
}

describe('HTTP/1.1 as a protocol', () => {
  test('R2.33: requests with and without bodies, one behind the other, however they are cut', async () => {
    const { noted, said, closed } = await conductOf(alone, REQUESTS);
    expect(noted).toEqual(['GET /a ', 'POST /b hello', 'POST /c abcde', 'HEAD /d ']);
    expect(closed).toBe(false);
    const text = said.toString('latin1');
    expect(text.match(/HTTP\/1\.1 200 OK\r\n/g)?.length).toBe(4);
    expect(text.split('\r\n\r\n').map((part) => part.split('HTTP/1.1')[0])).toEqual([
      '',
      '/a:',
      '/b:hello',
      '/c:abcde',
      '',
    ]);
  });

  test('R2.33: an ambiguous request is refused and the connection closed, however it is cut', async () => {
    const both =
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n';
    const { said, ended, noted } = await conductOf(alone, [REQUESTS[0] as string, both], 8);
    expect(noted).toEqual(['GET /a ']);
    expect(said.toString('latin1')).toMatch(/\/a:HTTP\/1\.1 400 /);
    expect(ended).toBe(true);
  });

  test('R2.33: an answer in chunks, to a client that takes little at a time', async () => {
    const { said } = await conductOf(alone, ['GET /large HTTP/1.1\r\nHost: h\r\n\r\n'], 8);
    const chunk = `3e8\r\n${'x'.repeat(1000)}\r\n`;
    expect(said.toString('latin1').endsWith(`\r\n\r\n${chunk.repeat(3)}0\r\n\r\n`)).toBe(true);
  });

  test('R2.33 R3.43: behind a line of another protocol in the same pipeline', async () => {
    const script = ['PROXY TCP4 10.0.0.1\n', ...REQUESTS.slice(0, 2)];
    const { noted } = await conductOf(proxied, script, 5);
    expect(noted).toEqual(['proxied: PROXY TCP4 10.0.0.1', 'GET /a ', 'POST /b hello']);
  });
});

forEachHost(
  'HTTP/1.1 as a protocol',
  (bench) => {
    test('R3.43: on framed messages: bodies, files and an upgrade that cannot be', async () => {
      const reactor = bench.reactor();
      const path = freshPath();
      const bytes = pattern(300_000);
      writeFileSync(path, bytes);
      const file = await reactor.openFile(path);
      const refused: unknown[] = [];
      const http = httpProtocol(reactor, async (exchange) => {
        if (exchange.target === '/file') {
          return exchange.sendFile(200, {}, file, 10, bytes.length - 10);
        }
        try {
          exchange.upgrade({});
        } catch (error) {
          refused.push((error as { code?: string }).code);
        }
        exchange.answer(200, {}, await exchange.body.bytes());
      });
      await http.ready();
      expect(http.name).toBe('http/1.1');
      const framed = pipeline(lengthPrefixed(), http);
      const client = bench.dial(await serveProtocol(reactor, framed, { port: 0 }).ready());
      const frame = (text: string): Buffer => {
        const head = Buffer.alloc(4);
        head.writeUInt32BE(text.length);
        return Buffer.concat([head, Buffer.from(text, 'latin1')]);
      };
      // A request across two frames, with the file's behind it.
      await client.write(frame('GET /x HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n'));
      await client.write(frame('Upgrade: other\r\n\r\nGET /file HTTP/1.1\r\nHost: h\r\n'));
      client.end(frame('Connection: close\r\n\r\n'));
      await client.ended;
      const parts: Buffer[] = [];
      for (let at = 0; at < client.length; ) {
        const length = client.received.readUInt32BE(at);
        parts.push(client.received.subarray(at + 4, at + 4 + length));
        at += 4 + length;
      }
      const said = Buffer.concat(parts);
      const body = said.subarray(said.length - bytes.length + 10);
      expect(body.equals(bytes.subarray(10))).toBe(true);
      expect(said.toString('latin1').match(/HTTP\/1\.1 200 OK/g)?.length).toBe(2);
      expect(refused).toEqual(['ERR_CALANDRIA_ANSWERED']);
      await file.close();
      await http.retire();
      expect(http.size).toBe(0);
      await expect(http.ready()).rejects.toMatchObject({ code: 'ERR_CALANDRIA_CLOSED' });
    });

    test('one object serves several listeners, and retires behind the answers', async () => {
      const reactor = bench.reactor();
      const http = httpProtocol(reactor, (exchange) => exchange.answer(200, {}, exchange.target));
      const servers = [1, 2].map(() => serveProtocol(reactor, http, { port: 0 }));
      for (const server of servers) {
        const client = bench.dial(await server.ready());
        await client.write('GET /one HTTP/1.1\r\nHost: h\r\n\r\n');
        while (!String(client.received).endsWith('/one')) await client.receive(client.length + 1);
      }
      expect(http.size).toBe(2);
      for (const server of servers) server.close();
      await http.retire();
      expect(http.size).toBe(0);
    });
  },
  'one',
);
