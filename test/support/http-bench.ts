// Servers of HTTP on each host: what the conformance suite does for connections.
import type { CreateReactorOptions, Reactor } from '../../src';
import {
  type Exchange,
  type ExchangeHandler,
  HttpServer,
  type HttpServerOptions,
} from '../../src/http';
import { type Bench, forOneHost } from './conformance';
import { closeClients, HttpClient } from './http-client';

export interface Serving {
  readonly reactor: Reactor;
  readonly server: HttpServer;
  readonly port: number;
  /** What handlers threw. */
  readonly errors: unknown[];
  /** Exchanges that are over, in the order of their ends. */
  readonly done: Exchange[];
  /** Why requests were refused before they became exchanges. */
  readonly refused: string[];
  dial(...methods: string[]): HttpClient;
}

export interface HttpBench {
  readonly host: string;
  serve(
    handler: ExchangeHandler,
    options?: Partial<HttpServerOptions>,
    reactor?: CreateReactorOptions,
  ): Promise<Serving>;
}

async function serveOn(
  bench: Bench,
  handler: ExchangeHandler,
  options: Partial<HttpServerOptions> = {},
  reactorOptions: CreateReactorOptions = {},
): Promise<Serving> {
  const reactor = bench.reactor(reactorOptions);
  const errors: unknown[] = [];
  const done: Exchange[] = [];
  const refused: string[] = [];
  const server = new HttpServer(
    reactor,
    {
      port: 0,
      onError: (error) => errors.push(error),
      onDone: (exchange) => done.push(exchange),
      onRefused: ({ status, reason }) => refused.push(`${status} ${reason}`),
      ...options,
    },
    handler,
  );
  const { port } = await server.ready();
  const dial = (...methods: string[]): HttpClient =>
    new HttpClient(port, methods.length > 0 ? methods : ['GET']);
  return { reactor, server, port, errors, done, refused, dial };
}

function onBench(bench: Bench): HttpBench {
  afterEach(closeClients);
  return { host: bench.host, serve: (...of) => serveOn(bench, ...of) };
}

/** Runs the body on the host that is preferred, or asked for (CALANDRIA_HOST). */
export function onDefaultHost(subject: string, body: (bench: HttpBench) => void): void {
  forOneHost(subject, (bench) => body(onBench(bench)));
}

/** A request without a body, and its Host field. */
export function get(target: string, ...fields: string[]): string {
  return ask('GET', target, ...fields);
}

export function ask(method: string, target: string, ...fields: string[]): string {
  const lines = ['Host: a', ...fields].map((line) => `${line}\r\n`).join('');
  return `${method} ${target} HTTP/1.1\r\n${lines}\r\n`;
}
