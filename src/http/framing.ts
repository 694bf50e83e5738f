// What the head of a request says about where its body ends and who is meant, and whether it says
// so in one way only. A request that two readers could understand differently is refused: one of
// them may stand in front of us (RFC 9112 sections 3.2, 6 and 11.2).
import { hostEnd, portFits } from './authority';
import { type RequestParser, SPAN_WORDS } from './parser';
import { type Refusal, refusal } from './refusal';
import { named } from './request-head';

const MALFORMED_VERSION = refusal(505, 'the version is neither HTTP/1.0 nor HTTP/1.1');
const NOT_HTTP = refusal(400, 'the protocol is not HTTP');
const SPACES = refusal(400, 'more than one space stands in front of the target');
const FRAGMENT = refusal(400, 'the target has a fragment');
const ASTERISK = refusal(400, 'the target * is for OPTIONS only');
const ABSOLUTE_BAD = refusal(400, 'the target names no host');
const CONNECT_BAD = refusal(400, 'CONNECT names no host and port');
const CONNECT_BODY = refusal(400, 'CONNECT has no body');
const HOST_MISSING = refusal(400, 'the Host field is missing');
const HOST_TWICE = refusal(400, 'there is more than one Host field');
const HOST_BAD = refusal(400, 'the Host field names no host');
const CODING_OLD = refusal(400, 'Transfer-Encoding does not exist in HTTP/1.0');
const CODING_BAD = refusal(400, 'the Transfer-Encoding is ambiguous');
const CODING_UNKNOWN = refusal(501, 'no transfer coding but chunked is understood');
const EXPECTATION = refusal(417, 'no expectation but 100-continue can be met');

const LETTER_H = 0x48;
const SPACE = 0x20;
const TAB = 0x09;
const HASH = 0x23;
const STAR = 0x2a;
const SLASH = 0x2f;
const COLON = 0x3a;
const QUESTION = 0x3f;

/** What is written into it belongs to the request that was judged last. */
export class Framing {
  /** The body comes in chunks; its length is known at its end. */
  chunked = false;
  /** Bytes of the body, where the head says it; 0 without one. */
  length = 0;
  /** The client waits for "100 Continue" before it sends the body. */
  expects = false;
  private hosts = 0;
  private problem: Refusal | undefined;

  /** Judges a complete head; `bytes` has its places. */
  judge(parser: RequestParser, bytes: Uint8Array): Refusal | undefined {
    this.chunked = false;
    this.length = 0;
    this.expects = false;
    this.hosts = 0;
    this.problem = undefined;
    if (parser.minor < 0) return MALFORMED_VERSION;
    if (bytes[parser.targetEnd + 1] !== LETTER_H) return NOT_HTTP;
    const wrong = this.judgeTarget(parser, bytes);
    if (wrong) return wrong;
    for (let field = 0; field < parser.headers; field++) this.take(parser, bytes, field);
    if (this.problem) return this.problem;
    if (this.hosts > 1) return HOST_TWICE;
    if (this.hosts === 0 && parser.minor > 0) return HOST_MISSING;
    if (this.chunked && parser.minor === 0) return CODING_OLD;
    if (parser.method === 'CONNECT' && (this.chunked || this.length > 0)) return CONNECT_BODY;
    return undefined;
  }

  private judgeTarget(parser: RequestParser, bytes: Uint8Array): Refusal | undefined {
    const { targetStart, targetEnd, method } = parser;
    if (bytes[targetStart - 2] === SPACE) return SPACES;
    for (let place = targetStart; place < targetEnd; place++) {
      if (bytes[place] === HASH) return FRAGMENT;
    }
    if (method === 'CONNECT') {
      const host = hostEnd(bytes, targetStart, targetEnd);
      const named = host > targetStart && host + 1 < targetEnd;
      return named && portFits(bytes, host, targetEnd) ? undefined : CONNECT_BAD;
    }
    if (bytes[targetStart] === SLASH) return undefined;
    if (bytes[targetStart] !== STAR) return this.judgeAbsolute(bytes, targetStart, targetEnd);
    return method === 'OPTIONS' && targetEnd - targetStart === 1 ? undefined : ASTERISK;
  }

  /** A scheme, "://", a host and perhaps a port: nobody's name and password (RFC 9110 4.2.4). */
  private judgeAbsolute(bytes: Uint8Array, start: number, end: number): Refusal | undefined {
    let from = start;
    while (from < end && bytes[from] !== COLON) from++;
    from += 3;
    let to = from;
    while (to < end && bytes[to] !== SLASH && bytes[to] !== QUESTION) to++;
    const host = hostEnd(bytes, from, to);
    return host > from && portFits(bytes, host, to) ? undefined : ABSOLUTE_BAD;
  }

  /** Looks only at names of a length that matters: most fields cost one comparison. */
  private take({ spans }: RequestParser, bytes: Uint8Array, field: number): void {
    const at = field * SPAN_WORDS;
    const name = spans[at] as number;
    const start = spans[at + 2] as number;
    let end = spans[at + 3] as number;
    while (end > start && (bytes[end - 1] === SPACE || bytes[end - 1] === TAB)) end--;
    switch ((spans[at + 1] as number) - name) {
      case 4:
        if (named(bytes, name, 'host')) this.takeHost(bytes, start, end);
        return;
      case 6:
        if (named(bytes, name, 'expect')) this.takeExpectation(bytes, start, end);
        return;
      case 14:
        if (named(bytes, name, 'content-length')) this.takeLength(bytes, start, end);
        return;
      case 17:
        if (named(bytes, name, 'transfer-encoding')) this.takeCoding(bytes, start, end);
        return;
      default:
    }
  }

  private takeHost(bytes: Uint8Array, start: number, end: number): void {
    this.hosts++;
    if (!portFits(bytes, hostEnd(bytes, start, end), end)) this.problem ??= HOST_BAD;
  }

  private takeExpectation(bytes: Uint8Array, start: number, end: number): void {
    const name = '100-continue';
    if (end - start === name.length && named(bytes, start, name)) this.expects = true;
    else this.problem ??= EXPECTATION;
  }

  /** The parser has seen to it that there is one, of digits, and not with Transfer-Encoding. */
  private takeLength(bytes: Uint8Array, start: number, end: number): void {
    let length = 0;
    for (let place = start; place < end; place++)
      length = length * 10 + (bytes[place] as number) - 48;
    this.length = length;
  }

  /** "chunked" once and nothing else: what is applied before it would have to be undone. */
  private takeCoding(bytes: Uint8Array, start: number, end: number): void {
    const name = 'chunked';
    const ends = end - start >= name.length && named(bytes, end - name.length, name);
    if (this.chunked || !ends) this.problem ??= CODING_BAD;
    else if (end - start > name.length) this.problem ??= CODING_UNKNOWN;
    this.chunked = true;
  }
}
