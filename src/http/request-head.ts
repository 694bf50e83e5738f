// The head of a request: where its parts are in the bytes that came, and text made of them when it
// is asked for. Names and values are ISO 8859-1, as bytes came (RFC 9110 section 5.5).
import { CalandriaError } from '../errors';
import { type RequestParser, SPAN_WORDS } from './parser';

const SPACE = 0x20;
const TAB = 0x09;
const EMPTY = Buffer.alloc(0);

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
}

/** Are the bytes from `start` on this name, which is lower-case ASCII, in whatever case? */
export function named(bytes: Uint8Array, start: number, name: string): boolean {
  for (let place = 0; place < name.length; place++) {
    if (lower(bytes[start + place] as number) !== name.charCodeAt(place)) return false;
  }
  return true;
}

function gone(): CalandriaError {
  return new CalandriaError(
    'ERR_CALANDRIA_STALE_BYTES',
    'The request was answered in the turn that brought it, and its fields are gone:' +
      ' read them before, or make the handler async.',
  );
}

export class RequestHead {
  /** Bytes of the head; while `lent`, the reactor's or the connection's, and only for now. */
  private bytes: Buffer;
  private spans: Int32Array;
  private readonly from: number;
  private readonly to: number;
  private readonly targetStart: number;
  private readonly targetEnd: number;
  private lent = true;
  private dropped = false;
  private line: string | undefined;

  /** Of the fields [from, to) of the parser: headers, or trailers. */
  constructor(parser: RequestParser, bytes: Buffer, from: number, to: number) {
    this.bytes = bytes;
    this.spans = parser.spans;
    this.from = from;
    this.to = to;
    this.targetStart = parser.targetStart;
    this.targetEnd = parser.targetEnd;
  }

  /** Keeps what it needs beyond this turn. */
  retain(): void {
    if (!this.lent) return;
    this.lent = false;
    this.target;
    const { spans, from, to } = this;
    const first = from < to ? (spans[from * SPAN_WORDS] as number) : 0;
    const last = from < to ? (spans[to * SPAN_WORDS - 1] as number) : 0;
    this.bytes = last > first ? Buffer.from(this.bytes.subarray(first, last)) : EMPTY;
    this.spans = spans.slice(from * SPAN_WORDS, to * SPAN_WORDS);
    for (let place = 0; place < this.spans.length; place++) {
      (this.spans[place] as number) -= first;
    }
  }

  /** Forgets its fields: the bytes that they lie in are about to be others. */
  drop(): void {
    this.lent = false;
    this.bytes = EMPTY;
    this.dropped = true;
  }

  /** The request target, as it was sent. */
  get target(): string {
    if (this.line === undefined) {
      if (this.dropped) throw gone();
      this.line = this.bytes.toString('latin1', this.targetStart, this.targetEnd);
    }
    return this.line;
  }

  get length(): number {
    if (this.dropped) throw gone();
    return this.to - this.from;
  }

  /** The value of the first field of this name (in lower case). */
  first(name: string): string | undefined {
    const place = this.find(name, 0);
    return place < 0 ? undefined : this.value(place);
  }

  /** All values of this name, joined by ", " (of cookies by "; ": RFC 6265 section 5.4). */
  get(name: string): string | undefined {
    let place = this.find(name, 0);
    if (place < 0) return undefined;
    let text = this.value(place);
    for (;;) {
      place = this.find(name, place + 1);
      if (place < 0) return text;
      text += `${name === 'cookie' ? '; ' : ', '}${this.value(place)}`;
    }
  }

  /** Names as they were sent, and values, in order. */
  *entries(): IterableIterator<[string, string]> {
    for (let place = 0; place < this.length; place++) yield [this.name(place), this.value(place)];
  }

  /** The place of the next field of this name (in lower case) from `place` on, or -1. */
  find(name: string, place: number): number {
    const { spans, bytes, length } = this;
    for (let next = place; next < length; next++) {
      const at = this.span(next);
      const start = spans[at] as number;
      if ((spans[at + 1] as number) - start === name.length && named(bytes, start, name)) {
        return next;
      }
    }
    return -1;
  }

  name(place: number): string {
    const at = this.span(place);
    return this.bytes.toString('latin1', this.spans[at] as number, this.spans[at + 1] as number);
  }

  /** Without the white space behind it, which is not part of the value. */
  value(place: number): string {
    const at = this.span(place);
    const start = this.spans[at + 2] as number;
    let end = this.spans[at + 3] as number;
    while (end > start && (this.bytes[end - 1] === SPACE || this.bytes[end - 1] === TAB)) end--;
    return end > start ? this.bytes.toString('latin1', start, end) : '';
  }

  private span(place: number): number {
    // What was retained begins with its first field.
    return (this.lent ? this.from + place : place) * SPAN_WORDS;
  }
}
