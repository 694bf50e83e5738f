// Requests that two readers could understand differently, and bytes that are none: refused, and the
// connection closed, so that nothing behind them is taken for a request.
import { type HttpBench, onDefaultHost, type Serving } from '../support/http-bench';
import { converse, type Ended } from '../support/http-client';
import { StrictParser } from '../support/strict-parser';

const H = 'Host: a\r\n';
const GET = 'GET / HTTP/1.1\r\n';
const POST = `POST / HTTP/1.1\r\n${H}`;
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
/** Behind every request: it must never be seen. */
const BEHIND = `GET /smuggled HTTP/1.1\r\n${H}\r\n`;

type Cases = Readonly<Record<string, string>>;

/** The same request under each name, with a piece that differs. */
function each(pieces: readonly string[], request: (piece: string) => string): Cases {
  return Object.fromEntries(pieces.map((piece) => [JSON.stringify(piece), request(piece)]));
}

const LINES: Cases = {
  'LF in place of CRLF': `GET / HTTP/1.1\nHost: a\n\n`,
  'LF behind the request line': `GET / HTTP/1.1\n${H}\r\n`,
  'LF behind a field': `${GET}Host: a\n\r\n`,
  'LF as the empty line': `${GET}${H}\n`,
  'CR in a field': `${GET}Host: a\rX: b\r\n\r\n`,
  'CR behind the request line': `GET / HTTP/1.1\r${H}\r\n`,
  'CR as the empty line': `${GET}${H}\rX: b\r\n\r\n`,
  'CR CR LF': `${GET}Host: a\r\r\n\r\n`,
  'LF in front of the request': `\n${GET}${H}\r\n`,
  'CR in front of the request': `\r${GET}${H}\r\n`,
  'LF CR in front of the request': `\n\r${GET}${H}\r\n`,
  'CRLF CR in front of the request': `\r\n\r${GET}${H}\r\n`,
  'CRLF LF in front of the request': `\r\n\n${GET}${H}\r\n`,
  'a space in front of the request': ` ${GET}${H}\r\n`,
  'a tab in front of the request': `\t${GET}${H}\r\n`,
  'a space in front of the first field': `${GET} ${H}\r\n`,
  'a tab in front of the first field': `${GET}\t${H}\r\n`,
  'a folded field': `${GET}${H}A: b\r\n c\r\n\r\n`,
  'a field folded by a tab': `${GET}${H}A: b\r\n\tc\r\n\r\n`,
  'a folded empty field': `${GET}${H}A:\r\n c\r\n\r\n`,
  'a space in front of the colon': `${GET}${H}A : b\r\n\r\n`,
  'a tab in front of the colon': `${GET}${H}A\t: b\r\n\r\n`,
  'a field without a colon': `${GET}${H}A\r\n\r\n`,
  'a field without a name': `${GET}${H}: b\r\n\r\n`,
  'a space behind the version': `GET / HTTP/1.1 \r\n${H}\r\n`,
  'two spaces behind the method': `GET  / HTTP/1.1\r\n${H}\r\n`,
  'two spaces behind the target': `GET /  HTTP/1.1\r\n${H}\r\n`,
  'a tab behind the method': `GET\t/ HTTP/1.1\r\n${H}\r\n`,
  'a tab behind the target': `GET /\tHTTP/1.1\r\n${H}\r\n`,
  'no space behind the method': `GET/ HTTP/1.1\r\n${H}\r\n`,
  'no target': `GET HTTP/1.1\r\n${H}\r\n`,
  'a target of a space': `GET  HTTP/1.1\r\n${H}\r\n`,
};

const CONTROLS = ['\0', '\x01', '\x08', '\x0b', '\x0c', '\x1f', '\x7f'];
const BYTES: Cases = {
  ...each(CONTROLS, (byte) => `${GET}${H}A: b${byte}c\r\n\r\n`),
  ...each(
    CONTROLS.map((byte) => `in a name ${byte}`),
    (text) => `${GET}${H}A${text.at(-1)}: b\r\n\r\n`,
  ),
  ...each(
    [...CONTROLS, '\t', '\xe9'].map((byte) => `in a target ${byte}`),
    (text) => `GET /a${text.at(-1)}b HTTP/1.1\r\n${H}\r\n`,
  ),
  ...each(
    [...CONTROLS, '\xe9'].map((byte) => `in a method ${byte}`),
    (text) => `GE${text.at(-1)}T / HTTP/1.1\r\n${H}\r\n`,
  ),
  ...each(
    ['(', ')', '<', '>', '@', ',', ';', '\\', '"', '/', '[', ']', '?', '=', '{', '}', '\xe9'].map(
      (byte) => `in a name ${byte}`,
    ),
    (text) => `${GET}${H}A${text.at(-1)}: b\r\n\r\n`,
  ),
};

const LENGTHS: Cases = {
  ...each(
    ['', ' ', '+3', '-3', '3,3', '3, 3', '3 3', '0x3', '3a', 'a', '3.0', '1e1', '"3"', '3;', '٣'],
    (value) => `${POST}Content-Length: ${value}\r\n\r\nabc`,
  ),
  '2^64': `${POST}Content-Length: 18446744073709551616\r\n\r\nabc`,
  '2^64 + 3': `${POST}Content-Length: 18446744073709551619\r\n\r\nabc`,
  'twice the same': `${POST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`,
  'two that differ': `${POST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
  'two in whatever case': `${POST}content-length: 3\r\nCONTENT-LENGTH: 3\r\n\r\nabc`,
  'a space in front of the colon': `${POST}Content-Length : 3\r\n\r\nabc`,
  'with chunks behind': `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'with chunks in front': `${POST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
  'with another coding': `${POST}Content-Length: 3\r\nTransfer-Encoding: x\r\n\r\nabc`,
  'with a coding of no name': `${POST}Content-Length: 3\r\nTransfer-Encoding:\r\n\r\nabc`,
  '0 with chunks': `${POST}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'in HTTP/1.0 with chunks':
    'POST / HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
};

const CODINGS: Cases = {
  ...each(
    [
      '',
      'xchunked',
      'chunkedx',
      'x-chunked',
      'chunked-x',
      'chun ked',
      '"chunked"',
      'chunked;a=b',
      'chunked, chunked',
      'chunked,chunked',
      'chunked, identity',
      'identity',
      'identity, chunked',
      'chunked, gzip',
      'gzip',
      'gzip, chunked',
      ', chunked',
      'chunked,',
      '\x0bchunked',
      'chunked\0',
      'chunked\x0b',
    ],
    (value) => `${POST}Transfer-Encoding: ${value}\r\n\r\n0\r\n\r\n`,
  ),
  'chunked twice': `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'chunked, then none': `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n`,
  'none, then chunked': `${POST}Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'gzip, then chunked': `${POST}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'a space in front of the colon': `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
  folded: `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
  'in HTTP/1.0': 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'in HTTP/1.0 with Host': `POST / HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
};

const CHUNKS: Cases = each(
  [
    '\r\n',
    'g\r\n',
    '-1\r\n',
    '+3\r\nabc\r\n',
    '0x3\r\nabc\r\n',
    ' 3\r\nabc\r\n',
    '3 \r\nabc\r\n',
    '3\t\r\nabc\r\n',
    '3 ;a\r\nabc\r\n',
    '3\nabc\r\n',
    '3\rabc\r\n',
    '3\r\nabc\n0\r\n\r\n',
    '3\r\nabc\r0\r\n\r\n',
    '3\r\nabcd\r\n',
    '3\r\nab\r\n0\r\n\r\n',
    '3\r\nabc0\r\n\r\n',
    '3\r\nabc\r\n\r\n0\r\n\r\n',
    '3;a\nabc\r\n',
    '3;a\rb\r\nabc\r\n',
    '3;\0\r\nabc\r\n',
    '3;a="\r\n"\r\nabc\r\n',
    '3;a="\x01"\r\nabc\r\n',
    '3,a\r\nabc\r\n',
    '10000000000000000\r\nabc\r\n',
    'fffffffffffffffff\r\nabc\r\n',
    '0\n\r\n',
    '0\r\n\n',
    '0\r\n\rX\r\n',
    '0\r\nA : b\r\n\r\n',
    '0\r\nA: b\n\r\n',
    '0\r\n A: b\r\n\r\n',
    '0\r\nA: b\r\n c\r\n\r\n',
    '0\r\nA: \0\r\n\r\n',
    '0\r\nA\r\n\r\n',
    '0\r\nContent-Length: 5\r\n\r\n',
    '0\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
  (chunks) => `${CHUNKED}${chunks}`,
);

const HOSTS: Cases = {
  none: `${GET}\r\n`,
  'two the same': `${GET}${H}${H}\r\n`,
  'two that differ': `${GET}${H}Host: b\r\n\r\n`,
  'two in HTTP/1.0': `GET / HTTP/1.0\r\n${H}${H}\r\n`,
  ...each(
    [
      'a b',
      'a, b',
      'a/b',
      'a?b',
      'a#b',
      'u@a',
      'http://a',
      'a:b',
      'a:1:2',
      'a:-1',
      'a: 1',
      '[::1',
      '::1',
      '[]',
      '[::1]x',
      '[::1]:x',
      '[g]',
      '[::1%25eth0]',
      'a%',
      'a%2',
      'a%zz',
      'caf\xe9',
      '<a>',
      'a\\b',
      '"a"',
      'a^b',
      'a|b',
      '{a}',
    ],
    (host) => `${GET}Host: ${host}\r\n\r\n`,
  ),
};

const TARGETS: Cases = {
  ...each(
    [
      '*',
      '**',
      '*/',
      '/a#b',
      '#',
      '?a',
      'a',
      'a/b',
      'http:',
      'http:/a',
      'http://',
      'http:///a',
      'http://?a',
      'http://:80/',
      'http://u@a/',
      'http://u:p@a/',
      'http://a:b/',
      'http://a b/',
      'http://[::1/',
      'http://a/#b',
      '//',
    ].filter((target) => target !== '//'),
    (target) => `GET ${target} HTTP/1.1\r\n${H}\r\n`,
  ),
  'OPTIONS **': `OPTIONS ** HTTP/1.1\r\n${H}\r\n`,
  'OPTIONS */': `OPTIONS */ HTTP/1.1\r\n${H}\r\n`,
  ...Object.fromEntries(
    [
      '/',
      '*',
      'a',
      'a:',
      ':1',
      'a:b',
      'a:1/',
      'u@a:1',
      'http://a:1',
      'a:1:2',
      '[::1]',
      '::1:1',
    ].map((target) => [`CONNECT ${target}`, `CONNECT ${target} HTTP/1.1\r\n${H}\r\n`]),
  ),
  'CONNECT with a length': `CONNECT a:1 HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nabc`,
  'CONNECT with chunks': `CONNECT a:1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
};

const OTHERS: Cases = {
  'HTTP/0.9': 'GET /\r\n',
  'HTTP/0.9 by name': `GET / HTTP/0.9\r\n${H}\r\n`,
  'HTTP/1.2': `GET / HTTP/1.2\r\n${H}\r\n`,
  'HTTP/1.10': `GET / HTTP/1.10\r\n${H}\r\n`,
  'HTTP/01.1': `GET / HTTP/01.1\r\n${H}\r\n`,
  'HTTP/2.0': `GET / HTTP/2.0\r\n${H}\r\n`,
  'HTTP/3.0': `GET / HTTP/3.0\r\n${H}\r\n`,
  'HTTP/1': `GET / HTTP/1\r\n${H}\r\n`,
  'HTTP/1.': `GET / HTTP/1.\r\n${H}\r\n`,
  'HTTP/1,1': `GET / HTTP/1,1\r\n${H}\r\n`,
  'http/1.1': `GET / http/1.1\r\n${H}\r\n`,
  'HTTPS/1.1': `GET / HTTPS/1.1\r\n${H}\r\n`,
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  RTSP: `DESCRIBE / RTSP/1.0\r\n${H}\r\n`,
  'GET by RTSP': `GET / RTSP/1.0\r\n${H}\r\n`,
  'OPTIONS by RTSP': `OPTIONS * RTSP/1.0\r\n${H}\r\n`,
  ICE: `SOURCE / ICE/1.0\r\n${H}\r\n`,
  'an answer': `HTTP/1.1 200 OK\r\n${H}\r\n`,
  'an unknown method': `FOO / HTTP/1.1\r\n${H}\r\n`,
  'a method in lower case': `get / HTTP/1.1\r\n${H}\r\n`,
  'a longer method': `GETS / HTTP/1.1\r\n${H}\r\n`,
  'a TLS ClientHello': '\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03',
  SSLv2: '\x80\x2e\x01\x03\x01\x00',
  'the greeting of SSH': 'SSH-2.0-OpenSSH_9.2\r\n',
  'the PROXY protocol': `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n${GET}${H}\r\n`,
  'an unknown expectation': `${POST}Expect: the worst\r\nContent-Length: 1\r\n\r\na`,
  'nothing but line ends, 64 KiB of them': '\r\n'.repeat(32 << 10),
};

const GROUPS: Readonly<Record<string, Cases>> = {
  'line ends and white space': LINES,
  'bytes that are no text': BYTES,
  'a Content-Length of which there is no one meaning': LENGTHS,
  'a Transfer-Encoding but chunked, once': CODINGS,
  'chunks that are none': CHUNKS,
  'a Host that is missing, or none, or not one': HOSTS,
  'targets that mean nothing here': TARGETS,
  'what is no HTTP/1.0 or HTTP/1.1': OTHERS,
};

/** What a strict server says of each: the client is wrong (4xx), or wants too much (5xx). */
function wrongOf(name: string, { answers, orderly, rest }: Ended): string[] {
  const [answer] = answers;
  const wrong: string[] = [];
  if (answers.length !== 1 || !answer) wrong.push(`${answers.length} answers`);
  else {
    const { status, complete, body } = answer;
    if (status < 400 || status === 500 || status > 505) wrong.push(`status ${status}`);
    if (!complete || rest.length > 0 || !/^\d{3} [^\n]+\n$/.test(body.toString())) {
      wrong.push(`body ${body}`);
    }
  }
  if (!orderly) wrong.push('a reset');
  return wrong.map((what) => `${name}: ${what}`);
}

function refuses(bench: HttpBench, parser: 'llhttp' | 'another parser'): void {
  const seen: string[] = [];
  const serve = (): Promise<Serving> =>
    bench.serve(
      async (exchange) => {
        seen.push(`${exchange.method} ${exchange.target}`);
        await exchange.body.bytes();
        exchange.answer(200);
      },
      parser === 'llhttp' ? {} : { parser: (limits) => new StrictParser(limits) },
    );

  beforeEach(() => {
    seen.length = 0;
  });

  test.each(Object.entries(GROUPS))(`refused (${parser}): %s`, async (_, cases) => {
    const { port, errors } = await serve();
    const names = Object.keys(cases);
    const wrong: string[] = [];
    const one = async (name: string): Promise<void> => {
      // Where the body is what is wrong, the handler has begun: it must not get to its end.
      wrong.push(...wrongOf(name, await converse(port, `${cases[name]}${BEHIND}`)));
    };
    for (let at = 0; at < names.length; at += 8) {
      await Promise.all(names.slice(at, at + 8).map(one));
    }
    expect(wrong).toEqual([]);
    expect(seen.filter((what) => what.includes('smuggled'))).toEqual([]);
    expect(
      errors.filter((error) => (error as { code: string }).code !== 'ERR_CALANDRIA_REFUSED'),
    ).toEqual([]);
  });
}

onDefaultHost('refused', (bench) => {
  refuses(bench, 'llhttp');
  refuses(bench, 'another parser');

  test('refused: of HEAD, the head of a refusal is all', async () => {
    const { port } = await bench.serve(async (exchange) => {
      await exchange.body.bytes();
      exchange.answer(200);
    });
    for (const head of [`${H}Expect: more\r\n`, `${H}Content-Length: 3\r\n`]) {
      const { answers, rest } = await converse(port, `HEAD / HTTP/1.1\r\n${head}\r\n`, 'HEAD');
      expect([answers.map(({ status }) => status >= 400), rest.length]).toEqual([[true], 0]);
    }
  });

  test('refused: a version is what the client is told of only where it is wrong', async () => {
    const { port } = await bench.serve((exchange) => exchange.answer(200));
    const seen: Record<string, number | undefined> = {};
    for (const line of ['HTTP/1.1\n', 'HTTP/1.1 \r\n', 'HTTP/1.2\r\n', 'HTTP/2.0\r\n']) {
      const { answers } = await converse(port, `GET / ${line}${H}\r\n`);
      seen[JSON.stringify(line)] = answers[0]?.status;
    }
    expect(Object.values(seen)).toEqual([400, 400, 505, 505]);
  });

  test('refused: what was answered before is not taken back', async () => {
    const { port, refused, done } = await bench.serve((exchange) =>
      exchange.answer(200, {}, 'fine'),
    );
    const { answers, orderly } = await converse(port, `${GET}${H}\r\n${GET}\r\n${BEHIND}`);
    expect(answers.map(({ status }) => status)).toEqual([200, 400]);
    expect([orderly, refused, done.length]).toEqual([true, ['400 the Host field is missing'], 1]);
  });

  test('refused: a chunk that is none behind an early answer leaves the answer as it is', async () => {
    const { port } = await bench.serve((exchange) => exchange.answer(200, {}, 'early'));
    const { answers, orderly } = await converse(port, `${CHUNKED}3\r\nabc\r\n`);
    expect([answers[0]?.body.toString(), answers.length, orderly]).toEqual(['early', 1, true]);
  });
});
