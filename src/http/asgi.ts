// Applications in the shape of ASGI 3 (https://asgi.readthedocs.io), Python's interface between
// servers and applications: one function of (scope, receive, send), for requests and for the
// lifespan. The low-level way to write one here that other servers could serve, too.
import { CalandriaError, shown, typeError } from '../errors';
import type { Exchange } from './exchange';

export interface HttpScope {
  readonly type: 'http';
  readonly asgi: { readonly version: '3.0'; readonly spec_version: '2.3' };
  readonly http_version: '1.0' | '1.1';
  readonly method: string;
  readonly scheme: 'http';
  /** Decoded, without the query. */
  readonly path: string;
  /** As it was sent, without the query. */
  readonly raw_path: string;
  readonly query_string: string;
  readonly root_path: '';
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  readonly client: readonly [string, number];
  readonly state: unknown;
}

export interface LifespanScope {
  readonly type: 'lifespan';
  readonly asgi: { readonly version: '3.0'; readonly spec_version: '2.0' };
  /** What startup puts here is the `state` of each request. */
  readonly state: Record<string, unknown>;
}

export type ReceivedEvent =
  | { readonly type: 'http.request'; readonly body: Uint8Array; readonly more_body: boolean }
  | { readonly type: 'http.disconnect' }
  | { readonly type: 'lifespan.startup' }
  | { readonly type: 'lifespan.shutdown' };

export type SentEvent =
  | {
      readonly type: 'http.response.start';
      readonly status: number;
      readonly headers?: readonly (readonly [string, string])[];
    }
  | {
      readonly type: 'http.response.body';
      readonly body?: Uint8Array | string;
      readonly more_body?: boolean;
    }
  | { readonly type: 'lifespan.startup.complete' }
  | { readonly type: 'lifespan.startup.failed'; readonly message?: string }
  | { readonly type: 'lifespan.shutdown.complete' }
  | { readonly type: 'lifespan.shutdown.failed'; readonly message?: string };

export type AsgiApplication = (
  scope: HttpScope | LifespanScope,
  receive: () => Promise<ReceivedEvent>,
  send: (event: SentEvent) => Promise<void>,
) => Promise<void>;

const EMPTY = new Uint8Array(0);
const ASGI_HTTP = { version: '3.0', spec_version: '2.3' } as const;
const ASGI_LIFESPAN = { version: '3.0', spec_version: '2.0' } as const;

function unexpected(event: SentEvent): CalandriaError {
  return new CalandriaError(
    'ERR_CALANDRIA_ANSWERED',
    `The application cannot send ${shown((event as { type?: unknown })?.type)} now.`,
  );
}

function scopeOf(exchange: Exchange, state: unknown): HttpScope {
  const [path = '', query = ''] = exchange.target.split(/\?(.*)/s);
  const { address, port } = exchange.connection.peer;
  let decoded = path;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    // Not every path is text in UTF-8; raw_path has it.
  }
  return {
    type: 'http',
    asgi: ASGI_HTTP,
    http_version: exchange.minor === 0 ? '1.0' : '1.1',
    method: exchange.method,
    scheme: 'http',
    path: decoded,
    raw_path: path,
    query_string: query,
    root_path: '',
    headers: [...exchange.headers()].map(([name, value]) => [name.toLowerCase(), value]),
    client: [address, port],
    state,
  };
}

/** What an application receives: the body, and then that the exchange is over. */
function receiver(exchange: Exchange): () => Promise<ReceivedEvent> {
  let complete = false;
  return async () => {
    if (complete) {
      await exchange.over();
      return { type: 'http.disconnect' };
    }
    try {
      const body = await exchange.body.read();
      complete = body === null;
      return { type: 'http.request', body: body ?? EMPTY, more_body: body !== null };
    } catch {
      complete = true;
      return { type: 'http.disconnect' };
    }
  };
}

/** What it sends: the head leaves with the first part of the body, and one part is sent whole. */
function sender(exchange: Exchange): (event: SentEvent) => Promise<void> {
  let start: Extract<SentEvent, { type: 'http.response.start' }> | undefined;
  return async (event) => {
    if (event?.type === 'http.response.start') {
      if (start) throw unexpected(event);
      start = event;
      return;
    }
    if (event?.type !== 'http.response.body' || !start) throw unexpected(event);
    const { body = EMPTY, more_body: more = false } = event;
    if (!exchange.begun && !more) return exchange.answer(start.status, start.headers ?? [], body);
    if (!exchange.begun) exchange.begin(start.status, start.headers ?? []);
    if (!exchange.write(body)) await exchange.drained();
    if (!more) exchange.end();
  };
}

export interface AsgiServed {
  /** For HttpServer. */
  handle(exchange: Exchange): Promise<void>;
  /** Resolves when the application says that it started; rejects when it says that it failed. */
  startup(): Promise<void>;
  shutdown(): Promise<void>;
}

/**
 * Serves an application. One that knows no lifespan (it throws or returns when it is called with
 * that scope) is served without.
 */
export function asgi(application: AsgiApplication): AsgiServed {
  if (typeof application !== 'function') {
    throw typeError('application', 'a function', application);
  }
  const state: Record<string, unknown> = {};
  const lifespan = new AsgiLifespan(application, state);
  return {
    async handle(exchange) {
      await application(scopeOf(exchange, state), receiver(exchange), sender(exchange));
      if (exchange.finished) return;
      throw new CalandriaError(
        'ERR_CALANDRIA_ANSWERED',
        'The application returned before its answer was complete.',
      );
    },
    startup: () => lifespan.tell('startup'),
    shutdown: () => lifespan.tell('shutdown'),
  };
}

type Stage = 'startup' | 'shutdown';

/** The one call of the application that lives as long as the server. */
class AsgiLifespan {
  private readonly application: AsgiApplication;
  private readonly state: Record<string, unknown>;
  private readonly events: ReceivedEvent[] = [];
  private taker: ((event: ReceivedEvent) => void) | undefined;
  private answered: { resolve(): void; reject(error: Error): void } | undefined;
  private over = false;

  constructor(application: AsgiApplication, state: Record<string, unknown>) {
    this.application = application;
    this.state = state;
  }

  /** Tells of a stage, and resolves when it is complete. */
  tell(stage: Stage): Promise<void> {
    if (stage === 'startup') this.begin();
    if (this.over) return Promise.resolve();
    const event: ReceivedEvent = { type: `lifespan.${stage}` };
    if (this.taker) this.taker(event);
    else this.events.push(event);
    this.taker = undefined;
    return new Promise((resolve, reject) => {
      this.answered = { resolve, reject };
    });
  }

  private begin(): void {
    const scope: LifespanScope = { type: 'lifespan', asgi: ASGI_LIFESPAN, state: this.state };
    const end = (): void => {
      this.over = true;
      this.answered?.resolve();
    };
    // It may throw at once, too: then it knows no lifespan.
    void (async () =>
      this.application(
        scope,
        () => this.receive(),
        (event) => this.hear(event),
      ))().then(end, end);
  }

  private receive(): Promise<ReceivedEvent> {
    const event = this.events.shift();
    if (event) return Promise.resolve(event);
    return new Promise((resolve) => {
      this.taker = resolve;
    });
  }

  private async hear(event: SentEvent): Promise<void> {
    const { answered } = this;
    switch (event?.type) {
      case 'lifespan.startup.complete':
      case 'lifespan.shutdown.complete':
        return answered?.resolve();
      case 'lifespan.startup.failed':
      case 'lifespan.shutdown.failed':
        return answered?.reject(new Error(event.message ?? `The application sent ${event.type}.`));
      default:
        throw unexpected(event);
    }
  }
}
