// Requests, ordinary and odd, that two servers are asked one after another. Each is whole: what
// follows on the connection is another request.

export interface CorpusRequest {
  readonly name: string;
  readonly bytes: string;
  /** Of the requests that it holds. */
  readonly methods: readonly string[];
}

function lines(first: string, fields: readonly string[], body = ''): string {
  return `${[first, ...fields].map((line) => `${line}\r\n`).join('')}\r\n${body}`;
}

function one(name: string, first: string, fields: readonly string[], body = ''): CorpusRequest {
  return { name, bytes: lines(first, fields, body), methods: [first.split(' ')[0] as string] };
}

function get(name: string, ...fields: string[]): CorpusRequest {
  return one(name, 'GET /x?y=1 HTTP/1.1', ['Host: a', ...fields]);
}

function post(name: string, fields: readonly string[], body: string): CorpusRequest {
  return one(name, 'POST /x HTTP/1.1', ['Host: a', ...fields], body);
}

function chunked(name: string, body: string): CorpusRequest {
  return post(name, ['Transfer-Encoding: chunked'], body);
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND', 'PURGE'];
const WAYS = ['/x', '/parts', '/promised', '/closes', '/204', '/304', '/404', '/throws', '/early'];

const ORDINARY: readonly CorpusRequest[] = [
  ...METHODS.map((method) => one(`method ${method}`, `${method} /x HTTP/1.1`, ['Host: a'])),
  ...WAYS.flatMap((way) =>
    ['GET', 'HEAD'].map((method) =>
      one(`answer ${way} to ${method}`, `${method} ${way} HTTP/1.1`, ['Host: a']),
    ),
  ),
  get('many fields', ...Array.from({ length: 40 }, (_, place) => `X-${place}: ${place}`)),
  get('no space behind the colon', 'X-A:1'),
  get('white space around a value', 'X-A: \t 1 \t '),
  get('an empty value', 'X-A:'),
  get('a name in odd case', 'x-A: 1'),
  get('a repeated field', 'X-A: 1', 'X-A: 2'),
  get('cookies on two lines', 'Cookie: a=1', 'Cookie: b=2'),
  get('bytes beyond ASCII in a value', 'X-A: \xe9\xff'),
  get('Connection: close', 'Connection: close'),
  get('Connection: Close, among others', 'Connection: x, Close'),
  get('Connection: keep-alive', 'Connection: keep-alive'),
  post('a body with a length', ['Content-Length: 5'], 'hello'),
  post('a body of no bytes', ['Content-Length: 0'], ''),
  post('a length with zeros in front', ['Content-Length: 0005'], 'hello'),
  chunked('chunks', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'),
  chunked('no chunk but the last', '0\r\n\r\n'),
  chunked('sizes in upper and lower case', 'A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n'),
  chunked('a size with zeros in front', '0005\r\nhello\r\n0\r\n\r\n'),
  chunked('a chunk with an extension', '5;a=b\r\nhello\r\n0\r\n\r\n'),
  chunked('trailers', '5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n'),
  post('an early answer to a short body', ['Content-Length: 5'], 'hello'),
  post('Expect: 100-continue', ['Expect: 100-continue', 'Content-Length: 5'], 'hello'),
  one('HTTP/1.0', 'GET /x HTTP/1.0', []),
  one('HTTP/1.0 with keep-alive', 'GET /x HTTP/1.0', ['Connection: keep-alive']),
  one('HTTP/1.0, an answer in parts', 'GET /parts HTTP/1.0', []),
  one('HTTP/1.0, an answer in parts and keep-alive', 'GET /parts HTTP/1.0', [
    'Connection: keep-alive',
  ]),
  one('HTTP/1.0 with a body', 'POST /x HTTP/1.0', ['Content-Length: 5'], 'hello'),
  one('a whole URI', 'GET http://a/x HTTP/1.1', ['Host: a']),
  one('OPTIONS *', 'OPTIONS * HTTP/1.1', ['Host: a']),
  one('a target with odd characters', "GET /~!$&'()*+,;=:@%20 HTTP/1.1", ['Host: a']),
  one('a long target', `GET /${'x'.repeat(4000)} HTTP/1.1`, ['Host: a']),
  {
    name: 'an empty line in front',
    bytes: `\r\n${lines('GET /x HTTP/1.1', ['Host: a'])}`,
    methods: ['GET'],
  },
  {
    name: 'three in a row',
    bytes:
      lines('GET /1 HTTP/1.1', ['Host: a']) +
      lines('POST /2 HTTP/1.1', ['Host: a', 'Content-Length: 2'], 'ab') +
      lines('HEAD /3 HTTP/1.1', ['Host: a']),
    methods: ['GET', 'POST', 'HEAD'],
  },
];

const ODD: readonly CorpusRequest[] = [
  post('a length and a coding', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
  post('two lengths that differ', ['Content-Length: 5', 'Content-Length: 6'], 'hello'),
  post('two lengths that agree', ['Content-Length: 5', 'Content-Length: 5'], 'hello'),
  post('a list of lengths', ['Content-Length: 5, 5'], 'hello'),
  post('a length with a sign', ['Content-Length: +5'], 'hello'),
  post('a negative length', ['Content-Length: -5'], 'hello'),
  post('a length in hexadecimal', ['Content-Length: 0x5'], 'hello'),
  post('an empty length', ['Content-Length:'], 'hello'),
  post('a length without end', [`Content-Length: ${'9'.repeat(30)}`], 'hello'),
  post('a coding that is none', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'),
  post('chunked twice', ['Transfer-Encoding: chunked, chunked'], '0\r\n\r\n'),
  post('gzip, then chunked', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'),
  post('chunked, then identity', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'),
  post('a tab in front of the coding', ['Transfer-Encoding:\tchunked'], '0\r\n\r\n'),
  one('chunks in HTTP/1.0', 'POST /x HTTP/1.0', ['Transfer-Encoding: chunked'], '0\r\n\r\n'),
  chunked('a size that is none', 'x\r\nhello\r\n0\r\n\r\n'),
  chunked('a size with 0x', '0x5\r\nhello\r\n0\r\n\r\n'),
  chunked('a size that is negative', '-5\r\nhello\r\n0\r\n\r\n'),
  chunked('a size of seventeen digits', `1${'0'.repeat(16)}\r\nhello\r\n0\r\n\r\n`),
  chunked('a space behind a size', '5 \r\nhello\r\n0\r\n\r\n'),
  chunked('a chunk that goes on behind its size', '5\r\nhelloworld\r\n0\r\n\r\n'),
  chunked('chunks with bare LF', '5\nhello\n0\n\n'),
  chunked('an extension with bare LF', '5;a\nhello\r\n0\r\n\r\n'),
  get('a folded field', 'X-A: 1', ' 2'),
  get('a space in front of the colon', 'X-A : 1'),
  get('a space in a name', 'X A: 1'),
  get('a field without a name', ': 1'),
  get('a field without a colon', 'X-A'),
  get('NUL in a value', 'X-A: 1\x002'),
  get('CR in a value', 'X-A: 1\r2'),
  get('a control character in a value', 'X-A: 1\x012'),
  get('DEL in a value', 'X-A: 1\x7f2'),
  get('bytes beyond ASCII in a name', 'X-\xe9: 1'),
  get('two hosts', 'Host: b'),
  one('no host', 'GET /x HTTP/1.1', []),
  one('an empty host', 'GET /x HTTP/1.1', ['Host:']),
  one('a host with a path', 'GET /x HTTP/1.1', ['Host: a/b']),
  one('a host with a user', 'GET /x HTTP/1.1', ['Host: u@a']),
  one('a fragment', 'GET /x#y HTTP/1.1', ['Host: a']),
  one('a target without a slash', 'GET x HTTP/1.1', ['Host: a']),
  one('a target of bytes beyond ASCII', 'GET /\xe9 HTTP/1.1', ['Host: a']),
  one('NUL in the target', 'GET /\x00 HTTP/1.1', ['Host: a']),
  one('a space in the target', 'GET /x y HTTP/1.1', ['Host: a']),
  one('two spaces in the first line', 'GET  /x HTTP/1.1', ['Host: a']),
  one('no version', 'GET /x', ['Host: a']),
  one('HTTP/0.9', 'GET /x HTTP/0.9', ['Host: a']),
  one('HTTP/1.2', 'GET /x HTTP/1.2', ['Host: a']),
  one('HTTP/2.0', 'GET /x HTTP/2.0', ['Host: a']),
  one('http in lower case', 'GET /x http/1.1', ['Host: a']),
  one('a method in lower case', 'get /x HTTP/1.1', ['Host: a']),
  one('a method that nobody knows', 'BREW /x HTTP/1.1', ['Host: a']),
  one('an expectation that nobody knows', 'GET /x HTTP/1.1', ['Host: a', 'Expect: tea']),
  one('the target * without OPTIONS', 'GET * HTTP/1.1', ['Host: a']),
  get('a head of 20,000 bytes', `X-A: ${'x'.repeat(20_000)}`),
  { name: 'lines that end with bare LF', bytes: 'GET /x HTTP/1.1\nHost: a\n\n', methods: ['GET'] },
  { name: 'a greeting of TLS', bytes: '\x16\x03\x01\x02\x00\x01\x00', methods: ['GET'] },
  { name: 'the preface of HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', methods: ['PRI'] },
];

export const CORPUS: readonly CorpusRequest[] = [...ORDINARY, ...ODD];
