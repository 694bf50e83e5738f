// An exchange: a request and the answer to it. The program answers once, in one of three ways:
// whole (`answer`), bit by bit (`begin`, `write`, `end`), or with a range of a file (`sendFile`).
import { types } from 'node:util';
import { typeError } from '../errors';
import { checkFunctions } from '../reactor/arguments';
import type { File } from '../reactor/file';
import { sequence, tellsOfGone, wrongLength } from './answer-errors';
import {
  asksToClose,
  contentLength,
  type HeaderBlock,
  type HeaderInput,
  headerBlock,
  PROTOCOL,
  saidLength,
} from './header-text';
import { type PreparedAnswer, repeatedAnswer } from './prepared-answer';
import { ReceivedRequest, type RequestLine, type RequestOwner } from './received-request';
import type { RequestBody } from './request-body';
import type { RequestHead } from './request-head';
import { bodiless, RESET_CONTENT, statusLine } from './status';
import type { Tunnel } from './tunnel';

/** What an exchange asks of its connection. */
export interface ExchangeOwner extends RequestOwner {
  /** Other layers lie between the protocol and the connection. */
  readonly layered: boolean;
  /** The Date field, with its line end. */
  date(): string;
  /** Takes all of it; false: wait. `mine`: the caller's bytes change when it returns. */
  put(chunk: string | Uint8Array, mine?: boolean): boolean;
  /** In front of what the program writes to the connection itself. */
  putDirectly(chunk: string | Uint8Array): void;
  /** More is welcome. */
  readonly open: boolean;
  /** Resolves when more is welcome; rejects when the connection is gone. */
  drained(): Promise<void>;
  /** Sends a range of a file behind what was put before; resolves when it has left. */
  sendFile(file: File, offset: number, length: number): Promise<void>;
  /** All of the request has come. */
  readonly received: boolean;
  /** Is this the last answer on the connection? */
  closesAfter(): boolean;
  /** The head of the answer leaves now. */
  began(): void;
  /** All of the answer was written. */
  finished(exchange: Exchange): void;
  /**
   * The answer cannot be completed, and the client must not take what it has for all. `visible`: it
   * sees that by itself, because the end of the body is marked.
   */
  breakOff(visible: boolean): void;
  tunnel(exchange: Exchange, handlers: Tunnel): void;
}

/** How an answer's body ends. */
type Mode = 'none' | 'length' | 'chunked' | 'close';

const NOT_BEGUN = 0;
const TUNNEL_HANDLERS = ['data', 'drain', 'end', 'error', 'close'] as const;

export class Exchange extends ReceivedRequest {
  /** The program's own. */
  data: unknown = undefined;
  /** Status of the answer; 0 before it begins. */
  status = NOT_BEGUN;
  /** Bytes of the answer's body so far. */
  bytes = 0;
  /** Internal: the connection is closed behind this answer. */
  closes = false;
  private readonly owner: ExchangeOwner;
  private mode: Mode = 'none';
  private left = 0;
  private complete = false;
  private waiters: (() => void)[] | undefined;
  private gone: Error | undefined;

  /** Exchanges come from a server. */
  constructor(
    owner: ExchangeOwner,
    head: RequestHead,
    body: RequestBody | undefined,
    line: RequestLine,
    since: number,
  ) {
    super(owner, head, body, line, since);
    this.owner = owner;
  }

  /** The head of the answer has left: nothing can be said in another way any more. */
  get begun(): boolean {
    return this.status !== NOT_BEGUN;
  }

  /** All of the answer was written, or never will be. */
  get finished(): boolean {
    return this.complete || this.gone !== undefined;
  }

  /** Resolves when all of the answer was written, or never will be. */
  over(): Promise<void> {
    if (this.finished) return Promise.resolve();
    this.waiters ??= [];
    const { waiters } = this;
    return new Promise((resolve) => waiters.push(resolve));
  }

  /** The client is gone, or hears no more: what is written goes nowhere. */
  get aborted(): boolean {
    return this.gone !== undefined;
  }

  /**
   * Answers in full. Bytes must not be changed until the answer has left. Nobody hears of it when
   * the client is gone.
   * @throws ERR_CALANDRIA_ANSWERED a second time; ERR_CALANDRIA_BAD_HEADER.
   */
  answer(
    status: number,
    headers?: HeaderInput | HeaderBlock,
    body: string | Uint8Array = '',
  ): void {
    const block = headerBlock(headers);
    const text = typeof body === 'string';
    if (!text && !types.isUint8Array(body)) {
      throw typeError('body', 'a string or a Uint8Array', body);
    }
    const repeated = text && headers === block ? repeatedAnswer(status, block, body) : undefined;
    if (repeated) return this.answerPrepared(repeated);
    if (!this.begins(status)) return;
    const none = bodiless(status);
    const silent = none || status === RESET_CONTENT;
    const length = silent ? 0 : text ? Buffer.byteLength(body) : body.length;
    const said = this.method === 'HEAD' ? saidLength(block, length) : length;
    const head = this.beginning(status, block, none ? '' : `Content-Length: ${said}\r\n`);
    if (length === 0 || this.method === 'HEAD') this.put(head, block.latin);
    else {
      this.bytes = length;
      // One string is one call: the path of every small answer.
      if (text && !block.latin) this.put(head + body, false);
      else {
        this.put(head, block.latin);
        this.owner.put(body);
      }
    }
    this.finish();
  }

  /** Internal: answers in full, as answer() does, with bytes that are there already. */
  answerPrepared(prepared: PreparedAnswer): void {
    const usual = this.method !== 'HEAD' && this.minor > 0 && !this.owner.closesAfter();
    if (!usual) return this.answer(prepared.status, prepared.block, prepared.body);
    if (!this.begins(prepared.status)) return;
    this.status = prepared.status;
    this.bytes = prepared.length;
    this.owner.put(prepared.whole(this.owner.date()));
    this.finish();
  }

  /**
   * Begins an answer that is written bit by bit. Without a length it is sent in chunks, to a client
   * of HTTP/1.0 until the connection closes.
   */
  begin(status: number, headers?: HeaderInput | HeaderBlock, length?: number): void {
    const block = headerBlock(headers);
    if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0)) {
      throw typeError('length', 'a whole number from 0', length);
    }
    if (!this.begins(status)) return;
    const said = block.own.get('content-length');
    const promised = length ?? (said === undefined ? undefined : contentLength(said));
    let framing = '';
    if (bodiless(status)) this.mode = 'none';
    else if (status === RESET_CONTENT) framing = 'Content-Length: 0\r\n';
    else if (promised !== undefined) {
      this.mode = 'length';
      this.left = promised;
      framing = `Content-Length: ${promised}\r\n`;
    } else if (this.minor > 0) {
      this.mode = 'chunked';
      framing = 'Transfer-Encoding: chunked\r\n';
    } else this.mode = 'close';
    const head = this.beginning(status, block, framing);
    // Of HEAD the head is all that leaves, and it says what a GET would bring.
    if (this.method === 'HEAD') this.mode = 'none';
    this.put(head, block.latin);
    this.owner.began();
  }

  /**
   * Writes a part of the body; false: more is not welcome before drained(). Bytes delivered in this
   * turn may be written; others must not be changed until they have left.
   * @throws ERR_CALANDRIA_CLOSED the client is gone; ERR_CALANDRIA_BODY_LENGTH more than promised.
   */
  write(chunk: string | Uint8Array): boolean {
    if (typeof chunk !== 'string' && !types.isUint8Array(chunk)) {
      throw typeError('chunk', 'a string or a Uint8Array', chunk);
    }
    this.goesOn('write');
    const length = typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
    if (this.mode === 'none' || length === 0) return this.owner.open;
    if (this.mode === 'length') this.take(length);
    this.bytes += length;
    if (this.mode === 'chunked') {
      this.owner.put(`${length.toString(16)}\r\n`);
      this.owner.put(chunk, true);
      return this.owner.put('\r\n');
    }
    return this.owner.put(chunk, true);
  }

  /** Resolves when more is welcome; rejects when the client is gone. */
  drained(): Promise<void> {
    return this.gone ? Promise.reject(this.gone) : this.owner.drained();
  }

  /**
   * Ends the body. Trailers leave only in chunked answers (RFC 9112 section 7.1.2). Nobody hears of
   * it when the client is gone.
   * @throws ERR_CALANDRIA_BODY_LENGTH less than promised: then the connection is cut.
   */
  end(trailers?: HeaderInput | HeaderBlock): void {
    const block = headerBlock(trailers);
    if (this.finished) return;
    this.goesOn('end');
    if (this.mode === 'length' && this.left > 0) {
      const missing = this.left;
      this.fail();
      throw wrongLength(`${missing} bytes of the promised body are missing`);
    }
    if (this.mode === 'chunked') this.put(`0\r\n${block.text}\r\n`, block.latin);
    this.finish();
  }

  /**
   * Answers with `length` bytes of a file from `offset` on. Rejects when the file ends early or
   * cannot be read: then the connection is cut, because the client was promised more. Nobody hears
   * of it when the client is gone.
   */
  async sendFile(
    status: number,
    headers: HeaderInput | HeaderBlock | undefined,
    file: File,
    offset: number,
    length: number,
  ): Promise<void> {
    this.begin(status, headers, length);
    if (this.gone) return;
    await this.appendFile(file, offset, length);
    this.end();
  }

  /** Writes a range of a file as a part of the body. Rejects when the client is gone, too. */
  async appendFile(file: File, offset: number, length: number): Promise<void> {
    this.goesOn('appendFile');
    if (this.mode === 'none' || length === 0) return;
    if (this.mode === 'length') this.take(length);
    if (this.mode === 'chunked') this.put(`${length.toString(16)}\r\n`, false);
    // What waits here would be overtaken by the file.
    while (!this.owner.open) await this.drained();
    try {
      await this.owner.sendFile(file, offset, length);
    } catch (error) {
      const aborted = this.gone ?? (tellsOfGone(error) && error);
      this.fail();
      throw aborted ? this.gone : error;
    }
    if (this.gone) throw this.gone;
    this.bytes += length;
    if (this.mode === 'chunked') this.put('\r\n', false);
  }

  /** An answer before the answer: 103 Early Hints, 102. RFC 9110 section 15.2. */
  inform(status: number, headers?: HeaderInput | HeaderBlock): void {
    const block = headerBlock(headers);
    if (!Number.isInteger(status) || status < 102 || status > 199) {
      throw typeError('status', 'a whole number from 102 to 199', status);
    }
    // Clients of HTTP/1.0 know of no such thing.
    if (this.gone || this.minor === 0) return;
    if (this.begun) throw sequence('The answer has begun');
    this.put(`${statusLine(status)}${block.text}\r\n`, block.latin);
  }

  /**
   * Answers 101 (to CONNECT: 200) and hands the connection over: from now on it speaks another
   * protocol. What came behind the request is the first that `data` hears, in the next turn.
   * Without a field Upgrade, the first protocol that the client asks for is agreed upon.
   * @throws ERR_CALANDRIA_ANSWERED it was not asked for, the answer has begun, or the body has not
   * come yet; ERR_CALANDRIA_QUEUE_FULL nothing was answered.
   */
  upgrade(handlers: Tunnel, headers?: HeaderInput | HeaderBlock): void {
    checkFunctions('handlers', handlers, TUNNEL_HANDLERS);
    const block = headerBlock(headers);
    if (this.gone) throw this.gone;
    if (!this.upgradable) throw sequence('The client did not ask for another protocol');
    if (this.owner.layered) throw sequence('A connection below other layers is not handed over');
    if (this.begun) throw sequence('The answer has begun');
    if (!this.owner.received) throw sequence('The body comes before the other protocol');
    const status = this.method === 'CONNECT' ? 200 : 101;
    let fields = '';
    if (status === 101) {
      fields = 'Connection: Upgrade\r\n';
      if (!/^upgrade:/im.test(block.text)) fields += `Upgrade: ${this.protocol()}\r\n`;
    }
    const head = `${statusLine(status)}${fields}${block.text}\r\n`;
    this.owner.putDirectly(block.latin ? Buffer.from(head, 'latin1') : head);
    this.status = status;
    this.complete = true;
    this.owner.tunnel(this, handlers);
  }

  /** The first protocol that the client asks for. */
  private protocol(): string {
    const [first] = PROTOCOL.exec(this.header('upgrade') ?? '') ?? [];
    if (first === undefined) throw sequence('The client names no protocol: say it in Upgrade');
    return first;
  }

  /** Cuts the connection: whatever the client has is not all. */
  fail(): void {
    if (!this.finished) this.owner.breakOff(this.mode !== 'close');
  }

  /** Internal: the connection is gone. */
  abort(error: Error): void {
    if (this.finished) return;
    this.gone = error;
    this.leave(error);
    this.settle();
  }

  private settle(): void {
    for (const resolve of this.waiters?.splice(0) ?? []) resolve();
  }

  /** Internal: does this error say no more than that the client is gone? */
  tellsOfAbort(error: unknown): boolean {
    return this.gone !== undefined && (error === this.gone || error === this.signal.reason);
  }

  /** Internal: the server has answered in place of the program. */
  refuse(status: number, error: Error): void {
    this.abort(error);
    this.status = status;
  }

  /** May an answer begin? False when nobody hears it. */
  private begins(status: number): boolean {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw typeError('status', 'a whole number from 200 to 599', status);
    }
    if (this.gone) return false;
    if (this.begun) throw sequence('The request was answered already');
    // A client takes what follows for the other end of its tunnel (RFC 9110 section 9.3.6).
    if (this.method === 'CONNECT' && status < 300) {
      throw sequence(`CONNECT is answered with ${status} by upgrade() alone`);
    }
    return true;
  }

  private goesOn(what: string): void {
    if (this.gone) throw this.gone;
    if (!this.begun) throw sequence(`begin() comes before ${what}()`);
    if (this.complete) throw sequence('The answer is complete: nothing can be written any more');
  }

  private beginning(status: number, block: HeaderBlock, framing: string): string {
    const { own } = block;
    const closes = this.owner.closesAfter() || this.mode === 'close' || asksToClose(own);
    const date = own.has('date') ? `Date: ${own.get('date')}\r\n` : this.owner.date();
    // To say it costs bytes: only where it is not understood by itself.
    const connection = closes
      ? 'Connection: close\r\n'
      : this.minor === 0
        ? 'Connection: keep-alive\r\n'
        : '';
    this.status = status;
    this.closes = closes;
    return `${statusLine(status)}${date}${block.text}${framing}${connection}\r\n`;
  }

  private put(text: string, latin: boolean): void {
    this.owner.put(latin ? Buffer.from(text, 'latin1') : text);
  }

  private take(length: number): void {
    if (length > this.left) {
      throw wrongLength(`${length} bytes are more than the ${this.left} left of the promised body`);
    }
    this.left -= length;
  }

  private finish(): void {
    this.complete = true;
    this.owner.finished(this);
    this.settle();
  }
}
