// serve(): a server made of one function from Request to Response, in the shape that the WinterTC
// gives it (https://min-common-api.proposal.wintertc.org), with a lifespan like ASGI's.
import { typeError } from '../../errors';
import { createReactor } from '../../index';
import type { Address } from '../../reactor/address';
import { checkFlag, checkFunctions, checkOptions } from '../../reactor/arguments';
import type { Reactor } from '../../reactor/reactor';
import type { Exchange } from '../exchange';
import type { HttpCloseOptions } from '../http-protocol';
import { HttpServer, type HttpServerOptions } from '../http-server';
import { replaceGlobals } from './globals';
import { FORBIDDEN_METHODS, LazyRequest } from './lazy-request';
import { requestUrl } from './request-url';
import { respond } from './respond';

/** What a handler gets beside the request. */
export class FetchContext {
  /** The request and its answer, as the engine sees them; upgrade() is there. */
  readonly exchange: Exchange;
  /** What `lifespan.startup` returned. */
  readonly state: unknown;
  private readonly tasks: Set<Promise<unknown>>;

  constructor(exchange: Exchange, state: unknown, tasks: Set<Promise<unknown>>) {
    this.exchange = exchange;
    this.state = state;
    this.tasks = tasks;
  }

  /** The client's address. */
  get remote(): Address {
    return this.exchange.connection.peer;
  }

  /** close() waits for this, too. */
  waitUntil(task: Promise<unknown>): void {
    const settled: Promise<unknown> = Promise.allSettled([task]).then(() =>
      this.tasks.delete(settled),
    );
    this.tasks.add(settled);
  }
}

export type FetchHandler = (
  request: Request,
  context: FetchContext,
) => Response | Promise<Response>;

export interface Lifespan {
  /** Before the first request; what it returns is the `state` of each context. */
  startup?(): unknown;
  /** Behind the last answer. */
  shutdown?(state: never): unknown;
}

export interface ServeOptions extends Omit<HttpServerOptions, 'onError'> {
  readonly fetch: FetchHandler;
  readonly lifespan?: Lifespan;
  /** Answers when `fetch` throws or rejects. Default: 500, and the error is printed to stderr. */
  readonly onError?: (error: unknown, request: Request) => Response | Promise<Response>;
  /** Replaces the globals Response, Request and fetch by faster ones: see replaceGlobals(). */
  readonly globals?: boolean;
  /** Default: one of its own, which is closed with the server. */
  readonly reactor?: Reactor;
}

export class FetchServer {
  readonly reactor: Reactor;
  private readonly options: ServeOptions;
  private readonly owns: boolean;
  private readonly tasks = new Set<Promise<unknown>>();
  private readonly listening: Promise<Address>;
  private server: HttpServer | undefined;
  private state: unknown;
  private started = false;
  private asked = false;
  /** close() was called by somebody else than start(). */
  private told = false;
  private closing: Promise<void> | undefined;

  constructor(options: ServeOptions) {
    checkOptions('options', options);
    const { fetch, lifespan = {}, onError, globals = false, reactor } = options;
    if (typeof fetch !== 'function') throw typeError('fetch', 'a function', fetch);
    checkFunctions('lifespan', lifespan, ['startup', 'shutdown']);
    if (onError !== undefined && typeof onError !== 'function') {
      throw typeError('onError', 'a function', onError);
    }
    checkFlag('globals', globals);
    if (globals) replaceGlobals();
    this.options = options;
    this.owns = reactor === undefined;
    this.reactor = reactor ?? createReactor();
    this.listening = this.start();
    // Who waits in ready() hears of it; else it is thrown, but that it was closed before.
    this.listening.catch((error) => {
      if (!this.asked && !this.told) this.reactor.fail(error);
    });
  }

  /**
   * Resolves with the address when it listens; rejects when startup failed or it cannot. Nobody
   * asked: that is thrown.
   */
  ready(): Promise<Address> {
    this.asked = true;
    return this.listening;
  }

  private async start(): Promise<Address> {
    const { fetch, lifespan, onError, globals, reactor, ...options } = this.options;
    try {
      this.state = await lifespan?.startup?.();
      this.started = true;
      this.server = new HttpServer(this.reactor, options, (exchange) => this.answer(exchange));
      return await this.server.ready();
    } catch (error) {
      this.closing ??= this.end({ drain: false });
      await this.closing;
      throw error;
    }
  }

  private answer(exchange: Exchange): void | Promise<void> {
    // No resource has it, so it is no 405, which would have to say what is allowed.
    if (FORBIDDEN_METHODS.has(exchange.method)) {
      return exchange.answer(501, {}, '501 Not Implemented: no Request has this method\n');
    }
    const url = requestUrl(exchange);
    if (url === undefined) return exchange.answer(400, {}, '400 Bad Request: no such URL\n');
    const request = new LazyRequest(exchange, url) as unknown as Request;
    const context = new FetchContext(exchange, this.state, this.tasks);
    try {
      const response = this.options.fetch(request, context);
      if (!isPromise(response)) return this.send(exchange, response);
      return this.sendLater(exchange, request, response);
    } catch (error) {
      return this.recover(error, exchange, request);
    }
  }

  private send(exchange: Exchange, response: unknown): void | Promise<void> {
    // Whoever took the connection over has answered.
    if (exchange.finished && response === undefined) return;
    return respond(exchange, response);
  }

  private async sendLater(
    exchange: Exchange,
    request: Request,
    response: Promise<Response>,
  ): Promise<void> {
    try {
      await this.send(exchange, await response);
    } catch (error) {
      await this.recover(error, exchange, request);
    }
  }

  /** Behind the beginning of an answer there is nothing to be said: the server cuts it. */
  private async recover(error: unknown, exchange: Exchange, request: Request): Promise<void> {
    const { onError } = this.options;
    if (!onError || exchange.begun) throw error;
    await respond(exchange, await onError(error, request));
  }

  /**
   * Stops listening, lets requests finish, runs `lifespan.shutdown`, and closes the reactor if it
   * was its own. Resolves when all of that is done.
   */
  close(options: HttpCloseOptions = {}): Promise<void> {
    this.told = true;
    if (this.closing) void this.server?.close(options);
    else this.closing = this.end(options);
    return this.closing;
  }

  private async end(options: HttpCloseOptions): Promise<void> {
    await this.server?.close(options);
    await Promise.all(this.tasks);
    try {
      if (this.started) await this.options.lifespan?.shutdown?.(this.state as never);
    } finally {
      if (this.owns) await this.reactor.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function isPromise(value: unknown): value is Promise<Response> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}

/** Starts a server; its ready() says where. */
export function serve(options: ServeOptions): FetchServer {
  return new FetchServer(options);
}
