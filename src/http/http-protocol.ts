// HTTP/1.1 as a protocol: what speaks it on connections, whoever listened for them, or on the
// layers of a pipeline. The program is one function of the exchange.
import { CalandriaError, typeError } from '../errors';
import { createOutside, type Outside, type WallClock, wallClock } from '../outside';
import type { Lower, Protocol } from '../protocols/protocol';
import { checkFlag, checkFunctions, checkOptions } from '../reactor/arguments';
import type { Connection } from '../reactor/connection';
import type { Reactor } from '../reactor/reactor';
import type { Timer } from '../reactor/timer';
import { belowOf, connectionOf } from './below';
import type { Exchange } from './exchange';
import { HttpConnection } from './http-connection';
import { HttpContext } from './http-context';
import { LlhttpParser } from './llhttp';
import { completeHttpLimits, type HttpLimits } from './options';
import type { MakeParser } from './parser';
import type { Refusal } from './refusal';

/** Answers a request: at once or later, and what it throws or rejects with is a 500. */
export type ExchangeHandler = (exchange: Exchange) => void | Promise<void>;

export interface HttpProtocolOptions {
  readonly limits?: Partial<HttpLimits>;
  /** Where the Date field comes from. Default: a clock of its own. */
  readonly clock?: WallClock;
  /** What reads requests. Default: llhttp. */
  readonly parser?: MakeParser;
  /** Hears what a handler threw. Default: it is printed to stderr. */
  readonly onError?: (error: unknown, exchange: Exchange) => void;
  /** Hears of every exchange when it is over, well or not. */
  readonly onDone?: (exchange: Exchange) => void;
  /** Hears of requests that were refused before they became an exchange. */
  readonly onRefused?: (refusal: Refusal, connection: Connection) => void;
}

export interface HttpCloseOptions {
  /** Let requests that are being answered finish. Default true. */
  readonly drain?: boolean;
  /** Milliseconds after which what is left is cut. Default 5,000. */
  readonly deadline?: number;
}

const DRAIN_DEADLINE = 5000;
const DEADLINE_MAX = 2 ** 31 - 1;

function print(error: unknown): void {
  console.error(error);
}

export class HttpProtocol implements Protocol<Lower> {
  readonly name = 'http/1.1';
  readonly reactor: Reactor;
  readonly limits: HttpLimits;
  private readonly handler: ExchangeHandler;
  private readonly options: HttpProtocolOptions;
  private readonly context: HttpContext;
  private readonly outside: Outside | undefined;
  private readonly clock: WallClock;
  /** By the place of the record, so that the connection's own `data` is the program's. */
  private readonly connections: (HttpConnection | undefined)[] = [];
  private count = 0;
  private retiring: Promise<void> | undefined;
  private settleRetiring: () => void = () => {};
  private readonly deadlines: Timer[] = [];

  /** @throws ERR_CALANDRIA_BAD_OPTION */
  constructor(reactor: Reactor, options: HttpProtocolOptions, handler: ExchangeHandler) {
    checkOptions('options', options);
    if (typeof handler !== 'function') throw typeError('handler', 'a function', handler);
    checkFunctions('options', options, ['onError', 'onDone', 'onRefused', 'parser']);
    this.reactor = reactor;
    this.options = options;
    this.handler = handler;
    this.limits = completeHttpLimits(options.limits);
    this.outside = options.clock ? undefined : createOutside(reactor);
    this.clock = options.clock ?? wallClock(this.outside as Outside);
    const { parser = (limits) => new LlhttpParser(limits) } = options;
    this.context = new HttpContext(reactor, this.clock, this.limits, parser, {
      handle: (exchange) => this.handle(exchange),
      done: (exchange) => this.options.onDone?.(exchange),
      refused: (refusal, connection) => this.options.onRefused?.(refusal, connection),
    });
  }

  /** Resolves when answers can say what time it is; before, they have no Date field. */
  async ready(): Promise<void> {
    await this.clock.ready().catch((error) => {
      throw this.retired ? closedBefore() : error;
    });
    if (this.retired) throw closedBefore();
  }

  /** Connections that are open. */
  get size(): number {
    return this.count;
  }

  /** It was told to retire. */
  get retired(): boolean {
    return this.retiring !== undefined;
  }

  // ── As Protocol ──

  open(lower: Lower): void {
    const connection = connectionOf(lower);
    const http = new HttpConnection(this.context, connection, belowOf(lower));
    this.connections[connection.record] = http;
    this.count++;
    if (this.retired) http.retire();
    // The time for a head begins with its first byte.
    else this.context.enter(this.context.idle, http);
  }

  data(lower: Lower, bytes: Uint8Array): void | Promise<void> {
    return this.of(lower)?.arrived(bytes);
  }

  drain(lower: Lower): void | Promise<void> {
    return this.of(lower)?.drain();
  }

  end(lower: Lower): void | Promise<void> {
    return this.of(lower)?.ended();
  }

  error(lower: Lower, error: Error): void | Promise<void> {
    return this.of(lower)?.failed(error);
  }

  close(lower: Lower): void | Promise<void> {
    const http = this.of(lower);
    // Who failed before it was told to be open.
    if (!http) return;
    this.connections[connectionOf(lower).record] = undefined;
    this.count--;
    const result = http.closed();
    if (this.retired && this.count === 0) this.over();
    return result;
  }

  private of(lower: Lower): HttpConnection | undefined {
    return this.connections[connectionOf(lower).record];
  }

  /** Runs the handler. True: it goes on beyond this call. */
  private handle(exchange: Exchange): boolean {
    let result: void | Promise<void>;
    try {
      result = this.handler(exchange);
    } catch (error) {
      this.fail(error, exchange);
      return false;
    }
    if (typeof (result as Promise<void> | undefined)?.then !== 'function') return false;
    (result as Promise<void>).then(undefined, (error) => this.fail(error, exchange));
    return true;
  }

  /** What a handler throws is told to the program; the client hears no more than that it failed. */
  private fail(error: unknown, exchange: Exchange): void {
    // Who wrote to a client that went hears of it, and that is all there is to say.
    if (exchange.tellsOfAbort(error)) return;
    if (!exchange.begun) exchange.answer(500, TEXT, '500 Internal Server Error\n');
    else exchange.fail();
    (this.options.onError ?? print)(error, exchange);
  }

  /**
   * Closes its connections: idle ones at once, others behind their answer, and what is left at the
   * deadline is cut. Resolves when the last one is closed; the reactor goes on.
   */
  retire(options: HttpCloseOptions = {}): Promise<void> {
    checkOptions('options', options);
    const { drain = true, deadline = DRAIN_DEADLINE } = options;
    checkFlag('drain', drain);
    if (typeof deadline !== 'number' || !(deadline >= 0 && deadline <= DEADLINE_MAX)) {
      throw typeError('deadline', `milliseconds from 0 to ${DEADLINE_MAX}`, deadline);
    }
    this.retiring ??= new Promise((resolve) => {
      this.settleRetiring = resolve;
    });
    this.context.draining = true;
    // Without a connection there is nothing to wait for, nor perhaps a reactor any more.
    if (this.count === 0) this.over();
    else if (!drain) this.cutAll();
    else {
      for (const one of this.connections) one?.retire();
      // Asked again, the earliest deadline counts.
      this.deadlines.push(this.reactor.setTimer(deadline, () => this.cutAll()));
    }
    return this.retiring;
  }

  private cutAll(): void {
    for (const one of this.connections) one?.cut();
  }

  private over(): void {
    for (const timer of this.deadlines.splice(0)) timer.cancel();
    this.context.close();
    this.outside?.close();
    this.settleRetiring();
  }
}

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

function closedBefore(): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_CLOSED', 'The server was closed before it listened.');
}

/**
 * HTTP/1.1 as a protocol: for serveProtocol(), or as the last layer of a pipeline.
 * @throws ERR_CALANDRIA_BAD_OPTION
 */
export function httpProtocol(
  reactor: Reactor,
  handler: ExchangeHandler,
  options: HttpProtocolOptions = {},
): HttpProtocol {
  return new HttpProtocol(reactor, options, handler);
}
