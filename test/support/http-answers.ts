// Reads the answers of a server as a client has to (RFC 9112 section 6.3), strictly: what is no
// answer throws, so that a test sees it.

export interface Answer {
  readonly status: number;
  readonly minor: number;
  /** Lines as they were sent, names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
  readonly trailers: readonly (readonly [string, string])[];
  /** All of it is there. */
  readonly complete: boolean;
  /** Bytes from the first of its head on. */
  readonly length: number;
}

export interface Answers {
  /** Without those of 1xx that come before another. */
  readonly answers: readonly Answer[];
  readonly interim: readonly Answer[];
  /** Bytes behind the last answer, or behind a change of protocol. */
  readonly rest: Buffer;
}

export function field(answer: Answer, name: string): string | undefined {
  return answer.headers.find(([one]) => one === name)?.[1];
}

function fieldsOf(text: string): [string, string][] {
  if (text === '') return [];
  return text.split('\r\n').map((line) => {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
    if (!match) throw new Error(`No header field: ${JSON.stringify(line)}`);
    return [(match[1] as string).toLowerCase(), match[2] as string];
  });
}

interface Body {
  readonly body: Buffer;
  readonly trailers: [string, string][];
  readonly complete: boolean;
  readonly end: number;
}

function chunked(bytes: Buffer, from: number): Body {
  const parts: Buffer[] = [];
  const broken = (): Body => ({
    body: Buffer.concat(parts),
    trailers: [],
    complete: false,
    end: bytes.length,
  });
  for (let at = from; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return broken();
    const size = bytes.toString('latin1', at, line);
    if (!/^[0-9a-f]+$/.test(size)) throw new Error(`No size of a chunk: ${JSON.stringify(size)}`);
    const length = Number.parseInt(size, 16);
    at = line + 2;
    if (length === 0) {
      const end = bytes.indexOf('\r\n', at) === at ? at + 2 : bytes.indexOf('\r\n\r\n', at) + 4;
      if (end < 4) return broken();
      const trailers = fieldsOf(bytes.toString('latin1', at, Math.max(at, end - 4)));
      return { body: Buffer.concat(parts), trailers, complete: true, end };
    }
    parts.push(bytes.subarray(at, at + length));
    if (bytes.length < at + length + 2) return broken();
    const end = bytes.toString('latin1', at + length, at + length + 2);
    if (end !== '\r\n') throw new Error(`No end of a chunk: ${JSON.stringify(end)}`);
    at += length + 2;
  }
}

function bodyOf(
  bytes: Buffer,
  from: number,
  headers: readonly [string, string][],
  silent: boolean,
  ended: boolean,
): Body {
  const values = (name: string): string[] =>
    headers.filter(([one]) => one === name).map(([, value]) => value);
  const lengths = values('content-length');
  const codings = values('transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Error('More than one length');
  if (silent) return { body: Buffer.alloc(0), trailers: [], complete: true, end: from };
  if (codings.length > 0) {
    if (codings[0] !== 'chunked') throw new Error(`Unknown coding ${codings[0]}`);
    return chunked(bytes, from);
  }
  if (lengths.length > 0) {
    const length = Number(lengths[0]);
    const body = bytes.subarray(from, from + length);
    return { body, trailers: [], complete: body.length === length, end: from + body.length };
  }
  return { body: bytes.subarray(from), trailers: [], complete: ended, end: bytes.length };
}

/**
 * Reads what came for requests of these methods, in order; the last one stands for all that follow.
 * `ended`: the server has ended the connection in order.
 */
export function readAnswers(
  bytes: Buffer,
  methods: readonly string[] = ['GET'],
  ended = true,
): Answers {
  const answers: Answer[] = [];
  const interim: Answer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const headEnd = bytes.indexOf('\r\n\r\n', at);
    if (headEnd < 0) break;
    const head = bytes.toString('latin1', at, headEnd);
    const lineEnd = head.indexOf('\r\n');
    const line = lineEnd < 0 ? head : head.slice(0, lineEnd);
    const match = /^HTTP\/1\.([01]) (\d{3}) [\t\x20-\x7e]*$/.exec(line);
    if (!match) throw new Error(`No status line: ${JSON.stringify(line)}`);
    const headers = lineEnd < 0 ? [] : fieldsOf(head.slice(lineEnd + 2));
    const status = Number(match[2]);
    const method = methods[Math.min(answers.length, methods.length - 1)] as string;
    const switched = status === 101 || (method === 'CONNECT' && status < 300 && status > 199);
    const silent = method === 'HEAD' || status < 200 || status === 204 || status === 304;
    const from = headEnd + 4;
    const { body, trailers, complete, end } = bodyOf(
      bytes,
      from,
      headers,
      silent || switched,
      ended,
    );
    const answer: Answer = {
      status,
      minor: Number(match[1]),
      headers,
      body,
      trailers,
      complete,
      length: end - at,
    };
    at = end;
    if (status < 200 && !switched) interim.push(answer);
    else answers.push(answer);
    if (switched || !complete) break;
  }
  return { answers, interim, rest: bytes.subarray(at) };
}
