// A request on its way in: its bytes go through the parser, and what came of a head in an earlier
// turn is kept here until the rest is there. Intakes are taken from a pool and given back, so that
// idle connections hold none.

import { Framing } from './framing';
import type { HttpLimits } from './options';
import { type RequestParser, SPAN_WORDS } from './parser';
import { type Refusal, refusal } from './refusal';
import { RequestHead } from './request-head';

/** What chunks may cost: so much at once, and so many bytes for each byte that they bring. */
const CHUNKING_MAX = 16 << 10;
const CHUNKING_RATIO = 8;

/** Finds the memory that bytes lie in, so that a view of it needs to be made only once. */
export type WholeOf = (bytes: Uint8Array) => Buffer;

export class Intake {
  readonly parser: RequestParser;
  readonly framing = new Framing();
  /** Why the request is not for the program. */
  refusal: Refusal | undefined;
  /** The head was complete before the last take(). */
  private known = false;
  private readonly limits: HttpLimits;
  private readonly wholeOf: WholeOf;
  /** Bytes of a head, or of trailers, that came earlier; their places begin at 0. */
  private held: Buffer | undefined;
  /** What the places of the head, and later of trailers, are counted in. */
  private whole: Buffer;
  /** Body bytes, and bytes that were spent on cutting them into chunks. */
  private bodyBytes = 0;
  private chunking = 0;

  constructor(parser: RequestParser, limits: HttpLimits, wholeOf: WholeOf) {
    this.parser = parser;
    this.limits = limits;
    this.wholeOf = wholeOf;
    this.whole = Buffer.alloc(0);
  }

  reset(): void {
    this.parser.reset();
    this.refusal = undefined;
    this.known = false;
    this.held = undefined;
    this.bodyBytes = 0;
    this.chunking = 0;
  }

  /** Something of a request has come. */
  get begun(): boolean {
    return this.parser.begun || this.held !== undefined;
  }

  /** Body bytes that have come. */
  get received(): number {
    return this.bodyBytes;
  }

  /** Takes what belongs to this request; answers where it ends, or how far it got. */
  take(bytes: Uint8Array, at: number): number {
    return this.known ? this.takeBody(bytes, at) : this.takeHead(bytes, at);
  }

  /** The head, for this turn; see RequestHead.retain(). */
  head(): RequestHead {
    return new RequestHead(this.parser, this.whole, 0, this.parser.headers);
  }

  /** Fields behind the body, once it is complete. */
  trailers(): RequestHead | undefined {
    const { headers, fields } = this.parser;
    if (fields === headers) return undefined;
    return new RequestHead(this.parser, this.whole, headers, fields);
  }

  private takeHead(bytes: Uint8Array, at: number): number {
    const { parser, held } = this;
    const memory = this.wholeOf(bytes);
    // A place in the memory that the bytes are a view of, or in what came before them.
    const origin = held ? held.length : bytes.byteOffset - memory.byteOffset + at;
    const end = parser.execute(bytes, at, bytes.length, origin);
    if (parser.fault !== '' && !parser.headComplete) {
      this.refusal = this.faultOf();
      return end;
    }
    if (!parser.headComplete) {
      this.holdHead(bytes, at, origin);
      return end;
    }
    this.known = true;
    this.whole = held ? Buffer.concat([held, bytes.subarray(at, end)]) : memory;
    this.held = undefined;
    if (this.headLength(held ? 0 : origin) > this.limits.headBytes) this.refusal = this.tooLong();
    else this.refusal = this.framing.judge(parser, this.whole);
    if (!this.refusal && this.framing.length > this.limits.bodyBytes) this.refusal = this.tooMuch();
    if (this.refusal) return end;
    // Trailers are counted from where the bytes of this turn begin: the head stays where it is.
    if (parser.fields > parser.headers && !parser.complete) {
      this.held = Buffer.from(bytes.subarray(at, end));
      parser.shift(-origin, parser.headers);
    }
    this.countBody();
    return end;
  }

  private headLength(start: number): number {
    const { headers, spans, targetEnd } = this.parser;
    return (headers > 0 ? (spans[headers * SPAN_WORDS - 1] as number) : targetEnd) - start;
  }

  private holdHead(bytes: Uint8Array, at: number, origin: number): void {
    const { held } = this;
    const length = (held?.length ?? 0) + bytes.length - at;
    // Line ends between requests, which some clients send, are nothing of a request.
    if (!held && !this.parser.begun) return;
    if (length > this.limits.headBytes) {
      this.refusal = this.tooLong();
      return;
    }
    const part = bytes.subarray(at);
    this.held = held ? Buffer.concat([held, part], length) : Buffer.from(part);
    if (!held) this.parser.shift(-origin, 0);
  }

  private takeBody(bytes: Uint8Array, at: number): number {
    const { parser } = this;
    const origin = this.held?.length ?? 0;
    const end = parser.execute(bytes, at, bytes.length, origin);
    if (parser.fields > parser.headers) {
      const part = bytes.subarray(at, end);
      this.held = this.held ? Buffer.concat([this.held, part]) : Buffer.from(part);
      this.whole = this.held;
      if (this.held.length > this.limits.headBytes) this.refusal = this.tooLong();
    }
    this.chunking += end - at - this.countBody();
    if (this.framing.chunked && this.chunking > CHUNKING_MAX + CHUNKING_RATIO * this.bodyBytes) {
      this.refusal ??= refusal(413, 'the chunks have more framing than content');
    }
    return end;
  }

  /** Adds what the parser has just found of the body; answers how much that was. */
  private countBody(): number {
    const { bodies, fault } = this.parser;
    let found = 0;
    for (let run = 0; run < bodies.length; run += 2) {
      found += (bodies[run + 1] as number) - (bodies[run] as number);
    }
    this.bodyBytes += found;
    if (fault !== '') this.refusal ??= this.faultOf();
    else if (this.bodyBytes > this.limits.bodyBytes) this.refusal ??= this.tooMuch();
    return found;
  }

  private faultOf(): Refusal {
    const { overflow, fault, badVersion } = this.parser;
    const { targetBytes, headers } = this.limits;
    if (overflow === 'target') return refusal(414, `the target has more than ${targetBytes} bytes`);
    if (overflow === 'headers') return refusal(431, `there are more than ${headers} fields`);
    return refusal(badVersion ? 505 : 400, fault);
  }

  private tooLong(): Refusal {
    return refusal(431, `the head has more than ${this.limits.headBytes} bytes`);
  }

  private tooMuch(): Refusal {
    return refusal(413, `the body has more than ${this.limits.bodyBytes} bytes`);
  }
}
