// What a parser of HTTP/1.1 requests has to do, so that another can take its place. It finds where
// things are and copies nothing; what they mean for the connection is decided elsewhere.

/** Places in one header: start and end of its name, start and end of its value. */
export const SPAN_WORDS = 4;

export interface ParserLimits {
  /** Bytes of the request target. */
  readonly targetBytes: number;
  /** Header lines of a message, its trailers among them. */
  readonly headers: number;
}

/** Makes a parser for one connection at a time. */
export type MakeParser = (limits: ParserLimits) => RequestParser;

/** Which bound was passed; '' for none. */
export type Overflow = '' | 'target' | 'headers';

/**
 * A parser of one connection's messages, one after another. Places of the head are counted from
 * where the message began, or from wherever the caller's `origin` says; places of the body are
 * indices of the bytes that were given.
 */
export interface RequestParser {
  /** Forgets the message and what was wrong with it. */
  reset(): void;
  /** Gives up its memory; it cannot be used any more. */
  free(): void;
  /**
   * Reads bytes[from, to) and stops behind the end of a message, or at a fault. The byte at `from`
   * has the place `origin`. Answers the index of the first byte that it did not take.
   */
  execute(bytes: Uint8Array, from: number, to: number, origin: number): number;
  /**
   * Moves the places of the fields from this one on by so much, and with the first field that of
   * the target: their bytes were put somewhere else.
   */
  shift(distance: number, field: number): void;

  /** The request target. */
  readonly targetStart: number;
  readonly targetEnd: number;
  /**
   * SPAN_WORDS for each header line, in order; trailers follow the headers. White space in front of
   * a value is not part of it, behind it may be; a value of no bytes has a place on its line, too.
   */
  readonly spans: Int32Array;
  readonly headers: number;
  /** Header lines and trailers. */
  readonly fields: number;
  /** '' until the head is complete. */
  readonly method: string;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1; -1 for any other version. */
  readonly minor: number;
  /** The message began, its head is complete, all of it is complete. */
  readonly begun: boolean;
  readonly headComplete: boolean;
  readonly complete: boolean;
  /** The connection may carry another message behind this one. */
  readonly keepAlive: boolean;
  /** The message asks for another protocol (Upgrade, CONNECT). */
  readonly upgrade: boolean;
  /** Start and end of each run of body bytes that the last execute() found. */
  readonly bodies: readonly number[];
  readonly overflow: Overflow;
  /** What is wrong with the message, in the parser's words; '' for nothing. */
  readonly fault: string;
  /** The fault is the version of HTTP: the one fault that has a status of its own. */
  readonly badVersion: boolean;
}
