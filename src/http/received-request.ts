// The request half of an exchange: what the client asked for, and whether it is still there.
import type { Connection } from '../reactor/connection';
import { RequestBody } from './request-body';
import type { RequestHead } from './request-head';

/** What a request asks of its connection. */
export interface RequestOwner {
  readonly connection: Connection;
  /** ms since 1970 as of this turn, if the server has a clock. */
  wallTime(): number | undefined;
}

/** What the parser found. */
export interface RequestLine {
  readonly method: string;
  readonly minor: number;
  readonly upgrade: boolean;
}

export abstract class ReceivedRequest {
  readonly method: string;
  /** The minor version of HTTP/1. */
  readonly minor: 0 | 1;
  /** The client asks for another protocol (RFC 9110 section 7.8), or for a tunnel (CONNECT). */
  readonly upgradable: boolean;
  /** ms of the reactor's time when the head was complete. */
  readonly since: number;
  private readonly requestOwner: RequestOwner;
  private readonly head: RequestHead;
  private content: RequestBody | undefined;
  private trailing: RequestHead | undefined;
  private leaving: Error | undefined;
  private aborter: AbortController | undefined;

  constructor(
    owner: RequestOwner,
    head: RequestHead,
    body: RequestBody | undefined,
    line: RequestLine,
    since: number,
  ) {
    this.requestOwner = owner;
    this.head = head;
    this.content = body;
    this.method = line.method;
    this.minor = line.minor === 0 ? 0 : 1;
    // HTTP/1.0 knows of no other protocols (RFC 9110 section 7.8).
    this.upgradable = line.upgrade && (line.minor > 0 || line.method === 'CONNECT');
    this.since = since;
  }

  /** The request target as it was sent: usually a path and a query (RFC 9112 section 3.2). */
  get target(): string {
    return this.head.target;
  }

  /** The value of a header field, lines of the same name joined; the name in any case. */
  header(name: string): string | undefined {
    return this.head.get(name.toLowerCase());
  }

  /** All header fields in order, names as they were sent. */
  headers(): IterableIterator<[string, string]> {
    return this.head.entries();
  }

  get body(): RequestBody {
    this.content ??= RequestBody.none();
    return this.content;
  }

  /** Fields behind a chunked body, once all of it has come. */
  *trailers(): IterableIterator<[string, string]> {
    if (this.trailing) yield* this.trailing.entries();
  }

  get connection(): Connection {
    return this.requestOwner.connection;
  }

  /** Milliseconds since 1970 as of this turn; undefined without a clock. */
  get wallTime(): number | undefined {
    return this.requestOwner.wallTime();
  }

  /**
   * Aborted when the client goes before the answer is complete, or the answer fails; also when the
   * client closes its side: it may still take an answer then, but most do not.
   */
  get signal(): AbortSignal {
    this.aborter ??= new AbortController();
    if (this.leaving) this.aborter.abort(this.leaving);
    return this.aborter.signal;
  }

  // ── Internal ──

  /** Internal: the bytes that it came in are about to be gone. `kept`: somebody still needs it. */
  leaveTurn(kept: boolean): void {
    if (kept) this.head.retain();
    else this.head.drop();
  }

  /** Internal: the fields behind the body. */
  setTrailers(trailers: RequestHead): void {
    trailers.retain();
    this.trailing = trailers;
  }

  /** Internal: the client has closed its side. */
  leave(error: Error): void {
    this.leaving ??= error;
    this.aborter?.abort(error);
  }
}
