// A request on its way in: its bytes go through the parser, and what came of a head in an earlier
// turn is kept here until the rest is there. Intakes are taken from a pool and given back, so that
// idle connections hold none. However the bytes are cut, the same becomes of them.

import { Framing } from './framing';
import type { HttpLimits } from './options';
import { type RequestParser, SPAN_WORDS } from './parser';
import { type Refusal, refusal } from './refusal';
import { RequestHead } from './request-head';

/** What chunks may cost: so much at once, and so many bytes for each byte that they bring. */
const CHUNKING_MAX = 16 << 10;
const CHUNKING_RATIO = 8;

const CR = 0x0d;
const LF = 0x0a;
const BARE_END = refusal(400, 'a line in front of the request has a bare CR or LF');
const ALL_FRAMING = refusal(413, 'the chunks have more framing than content');

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
  /** Bytes of empty lines in front of the request: CR and LF in turns. */
  private blank = 0;
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
    this.blank = 0;
    this.held = undefined;
    this.bodyBytes = 0;
    this.chunking = 0;
  }

  /** Something of a request has come, if only an empty line in front of it. */
  get begun(): boolean {
    return this.parser.begun || this.blank > 0;
  }

  /** Body bytes that have come. */
  get received(): number {
    return this.bodyBytes;
  }

  /** Takes what belongs to this request; answers where it ends, or how far it got. */
  take(bytes: Uint8Array, at: number): number {
    if (this.known) return this.takeBody(bytes, at);
    if (this.parser.begun) return this.takeHead(bytes, at);
    const from = this.takeBlank(bytes, at);
    return this.refusal || from === bytes.length ? from : this.takeHead(bytes, from);
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

  /**
   * Empty lines in front of the request, which some clients send (RFC 9112 section 2.2); answers
   * where they end. They count as bytes of its head.
   */
  private takeBlank(bytes: Uint8Array, at: number): number {
    for (let place = at; place < bytes.length; place++) {
      const inLine = this.blank % 2 === 1;
      if (bytes[place] !== (inLine ? LF : CR)) {
        if (inLine || bytes[place] === LF) this.refusal = BARE_END;
        return place;
      }
      if (++this.blank > this.limits.headBytes) {
        this.refusal = this.tooLong();
        return place;
      }
    }
    return bytes.length;
  }

  private takeHead(bytes: Uint8Array, at: number): number {
    const { parser, held, limits } = this;
    const memory = this.wholeOf(bytes);
    // A place in the memory that the bytes are a view of, or in what came before them.
    const start = held ? 0 : bytes.byteOffset - memory.byteOffset + at;
    const origin = held ? held.length : start;
    const end = parser.execute(bytes, at, bytes.length, origin);
    const length = this.blank + origin - start + end - at;
    if (!parser.headComplete) {
      if (length > limits.headBytes && parser.overflow === '') this.refusal = this.tooLong();
      else if (parser.fault !== '') this.refusal = this.faultOf();
      else this.holdHead(bytes, at, origin);
      return end;
    }
    this.known = true;
    this.whole = held ? Buffer.concat([held, bytes.subarray(at, end)]) : memory;
    this.held = undefined;
    if (length > limits.headBytes && this.blank + this.headEnd() - start > limits.headBytes) {
      this.refusal = this.tooLong();
    } else this.refusal = this.framing.judge(parser, this.whole);
    if (!this.refusal && this.framing.length > limits.bodyBytes) this.refusal = this.tooMuch();
    if (this.refusal) return end;
    if (this.framing.chunked) {
      const trailers = this.trailersStart(at, end, origin);
      if (end - trailers > limits.headBytes) this.refusal = this.tooLong();
      // The head stays where it is for now; what of the trailers is here is kept for later.
      if (trailers < end && !parser.complete) this.holdTrailers(bytes, trailers, end);
      this.countChunks(at + this.headEnd() - origin, trailers);
    } else this.countBody();
    return end;
  }

  private holdHead(bytes: Uint8Array, at: number, origin: number): void {
    const { held } = this;
    const part = bytes.subarray(at);
    this.held = held ? Buffer.concat([held, part]) : Buffer.from(part);
    if (!held) this.parser.shift(-origin, 0);
  }

  /** The place behind the empty line that ends the head: two line ends follow on what is known. */
  private headEnd(): number {
    const { headers, spans, targetEnd } = this.parser;
    let place = headers > 0 ? (spans[headers * SPAN_WORDS - 1] as number) : targetEnd;
    while (this.whole[place] !== LF) place++;
    return place + 3;
  }

  private takeBody(bytes: Uint8Array, at: number): number {
    const { parser, held } = this;
    const end = parser.execute(bytes, at, bytes.length, held?.length ?? 0);
    if (!this.framing.chunked) {
      this.countBody();
      return end;
    }
    const trailers = this.trailersStart(at, end, 0);
    if (trailers < end) {
      this.whole = this.holdTrailers(bytes, trailers, end);
      if (this.whole.length > this.limits.headBytes) this.refusal = this.tooLong();
    }
    this.countChunks(at, trailers);
    return end;
  }

  /** Where trailers begin in bytes of which the one at `at` has the place `origin`; else `end`. */
  private trailersStart(at: number, end: number, origin: number): number {
    const { headers, fields, spans } = this.parser;
    if (fields === headers) return end;
    return this.held ? at : at - origin + (spans[headers * SPAN_WORDS] as number);
  }

  private holdTrailers(bytes: Uint8Array, from: number, to: number): Buffer {
    const { parser, held } = this;
    const part = bytes.subarray(from, to);
    if (!held) parser.shift(-(parser.spans[parser.headers * SPAN_WORDS] as number), parser.headers);
    this.held = held ? Buffer.concat([held, part]) : Buffer.from(part);
    return this.held;
  }

  /** Of bytes [from, to) of a body in chunks: what is content, and what is not. */
  private countChunks(from: number, to: number): void {
    this.chunking += to - from - this.countBody();
    if (this.chunking > CHUNKING_MAX + CHUNKING_RATIO * this.bodyBytes) {
      this.refusal ??= ALL_FRAMING;
    }
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
