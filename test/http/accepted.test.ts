// What is unusual and taken all the same: because the RFC asks for it, or because clients do it and
// only one thing can be meant. docs/http.md tells of the latter.
import type { HttpServerOptions } from '../../src/http';
import { onDefaultHost } from '../support/http-bench';
import { converse } from '../support/http-client';
import { StrictParser } from '../support/strict-parser';

const H = 'Host: a\r\n';

/** What the program sees: method, target, fields but Host, body, trailers. */
type Seen = [string, string, [string, string][], string, [string, string][]];

const get = (target: string, fields = H): string => `GET ${target} HTTP/1.1\r\n${fields}\r\n`;
const post = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\n${H}${fields}\r\n${body}`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

const ACCEPTED: readonly [string, string, Partial<Seen>[]][] = [
  // RFC 9112 section 2.2: at least one empty line SHOULD be ignored.
  [
    'empty lines in front of a request',
    `\r\n\r\n${get('/')}\r\n${get('/b')}`,
    [
      ['GET', '/'],
      ['GET', '/b'],
    ],
  ],
  ['names of fields in any case', get('/', 'hOsT: a\r\n'), [['GET', '/', []]]],
  [
    'values of no bytes',
    get('/', `${H}A:\r\nB: \t\r\n`),
    [
      [
        'GET',
        '/',
        [
          ['A', ''],
          ['B', ''],
        ],
      ],
    ],
  ],
  [
    'white space around values',
    get('/', `${H}A:b\r\nB: \t c\td \t\r\n`),
    [
      [
        'GET',
        '/',
        [
          ['A', 'b'],
          ['B', 'c\td'],
        ],
      ],
    ],
  ],
  [
    'bytes beyond ASCII in values, as ISO 8859-1 (RFC 9110 section 5.5)',
    get('/', `${H}A: caf\xe9\r\n`),
    [['GET', '/', [['A', 'caf\xe9']]]],
  ],
  ['a Host of no bytes', get('/', 'Host:\r\n'), [['GET', '/', []]]],
  ['a Host with an empty port', get('/', 'Host: a:\r\n'), [['GET', '/', []]]],
  ['a Host that is an address', get('/', 'Host: [::ffff:1.2.3.4]:80\r\n'), [['GET', '/', []]]],
  ['a Host with escapes', get('/', 'Host: a%2Fb\r\n'), [['GET', '/', []]]],
  ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n', [['GET', '/', []]]],
  [
    'absolute targets, whatever Host says (RFC 9112 section 3.2.2)',
    get('http://b:80/c?d', H) + get('https://[::1]?d', H) + get('x://b', H),
    [
      ['GET', 'http://b:80/c?d'],
      ['GET', 'https://[::1]?d'],
      ['GET', 'x://b'],
    ],
  ],
  ['* for OPTIONS', `OPTIONS * HTTP/1.1\r\n${H}\r\n`, [['OPTIONS', '*']]],
  ['targets that begin with two slashes', get('//a/b'), [['GET', '//a/b']]],
  [
    'characters in targets that a URI has to escape (browsers send some of them)',
    get('/"<>\\^`{|}?"<>\\^`{|}'),
    [['GET', '/"<>\\^`{|}?"<>\\^`{|}']],
  ],
  ['escapes in targets, wrong ones too', get('/%2e%2E/%zz%'), [['GET', '/%2e%2E/%zz%']]],
  [
    'a length with zeros in front',
    post('Content-Length: 003\r\n', 'abc'),
    [['POST', '/', undefined, 'abc']],
  ],
  [
    'a body of GET',
    `${get('/', `${H}Content-Length: 3\r\n`)}abc`,
    [['GET', '/', undefined, 'abc']],
  ],
  [
    'a coding in any case',
    post('Transfer-Encoding: CHUNKed\r\n', '0\r\n\r\n'),
    [['POST', '/', undefined, '']],
  ],
  [
    'sizes of chunks with zeros in front, and in any case',
    post(CHUNKED, '0000A\r\n0123456789\r\n00a\r\n0123456789\r\n000\r\n\r\n'),
    [['POST', '/', undefined, '01234567890123456789']],
  ],
  [
    'extensions of chunks, which mean nothing (RFC 9112 section 7.1.1)',
    post(CHUNKED, '3;a;b=c;d="e;f\\"g"\r\nabc\r\n0;z\r\n\r\n'),
    [['POST', '/', undefined, 'abc']],
  ],
  [
    'trailers that were not announced',
    post(CHUNKED, '0\r\nA: b\r\nHost: c\r\n\r\n'),
    [
      [
        'POST',
        '/',
        undefined,
        '',
        [
          ['A', 'b'],
          ['Host', 'c'],
        ],
      ],
    ],
  ],
  [
    'a Connection of several options, and twice',
    get('/', `${H}Connection: a, keep-alive\r\nConnection: b\r\n`) + get('/2'),
    [
      ['GET', '/'],
      ['GET', '/2'],
    ],
  ],
  [
    'methods beyond those of RFC 9110',
    `PROPFIND / HTTP/1.1\r\n${H}\r\nM-SEARCH * HTTP/1.1\r\n${H}\r\n`,
    [['PROPFIND', '/']],
  ],
];

const PARSERS: readonly [string, Partial<HttpServerOptions>][] = [
  ['llhttp', {}],
  ['another parser', { parser: (limits) => new StrictParser(limits) }],
];

onDefaultHost('accepted', (bench) => {
  describe.each(PARSERS)('by %s', (_, options) => {
    test.each(ACCEPTED)('accepted: %s', async (_name, request, expected) => {
      const seen: Seen[] = [];
      const { port } = await bench.serve(async (exchange) => {
        const fields = [...exchange.headers()].filter(([name]) => !/^host$/i.test(name));
        const body = await exchange.body.text();
        seen.push([exchange.method, exchange.target, fields, body, [...exchange.trailers()]]);
        exchange.answer(200);
      }, options);
      await converse(port, request);
      const wanted = expected.map((one, place) =>
        (seen[place] ?? []).map((part, at) => one[at] ?? part),
      );
      expect(seen.slice(0, expected.length)).toEqual(wanted);
    });
  });
});
