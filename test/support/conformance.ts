// The conformance suite runs once for every host that can run here. A test gets a Bench: it makes
// reactors on that host, servers and clients, and takes them all away again when the test is over.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { SETTING_LEVELS } from '../../assembly/layout';
import {
  type Connection,
  type CreateReactorOptions,
  chooseHost,
  createReactor,
  type Endpoint,
  type Exactness,
  type Handlers,
  type Host,
  hosts,
  type Listener,
  type ListenOptions,
  type NativeOptions,
  type Reactor,
} from '../../src';
import { Client, type Place } from './client';

export interface Served {
  readonly reactor: Reactor;
  readonly listener: Listener;
  readonly place: Place;
}

/**
 * `npm run test:hosts` runs the suite with epoll's other registrations, other vectors, and more
 * rounds of what depends on chance.
 */
const { TEST_REGISTRATION, TEST_EVENTS, TEST_ROUNDS } = process.env;
const MODE = TEST_REGISTRATION
  ? { registration: TEST_REGISTRATION as NativeOptions['registration'] }
  : {};
const LIMITS = TEST_EVENTS ? { events: Number(TEST_EVENTS) } : {};

/** How often a test tries what goes wrong by chance alone. */
export const ROUNDS = Number(TEST_ROUNDS ?? 2);

/** What a count of more than 0 is worth on a host: does it hear that more has come? */
export function countedBy(host: Host): Exactness {
  const levels = (host.settings ?? 0) & SETTING_LEVELS;
  return levels ? 'lower bound' : 'exact';
}

export class Bench {
  readonly host: string;
  private readonly reactors: Reactor[] = [];
  private readonly clients: Client[] = [];
  private folder: string | undefined;
  private paths = 0;

  constructor(host: string) {
    this.host = host;
  }

  private choose(spin = 0): Host {
    const mode = this.host === 'epoll' ? MODE : {};
    return chooseHost(this.host, { spin, ...mode });
  }

  /** What a count of more than 0 is worth here. */
  get counted(): Exactness {
    return countedBy(this.choose());
  }

  reactor(options: CreateReactorOptions = {}): Reactor {
    const { spin, limits, ...others } = options;
    const host = this.choose(spin);
    const reactor = createReactor({ ...others, limits: { ...LIMITS, ...limits }, host });
    this.reactors.push(reactor);
    return reactor;
  }

  /** A path that nobody has used yet. */
  path(): string {
    this.folder ??= mkdtempSync(join(tmpdir(), 'calandria-'));
    const path = join(this.folder, `${++this.paths}.socket`);
    // There a local socket is a named pipe, which has a folder of its own (node:net).
    return process.platform === 'win32'
      ? join('\\\\?\\pipe', basename(this.folder), basename(path))
      : path;
  }

  async serve(
    handlers: Handlers,
    options: CreateReactorOptions = {},
    listen: ListenOptions = { port: 0 },
  ): Promise<Served> {
    const reactor = this.reactor(options);
    const listener = reactor.listen(listen, handlers);
    const { address, port } = await listener.ready();
    const place = listen.path === undefined ? { address, port } : { path: listen.path };
    return { reactor, listener, place };
  }

  dial(place: Place): Client {
    const client = new Client(place);
    this.clients.push(client);
    return client;
  }

  async clear(): Promise<void> {
    for (const { socket } of this.clients) socket.destroy();
    await Promise.all(this.clients.splice(0).map(({ closed }) => closed));
    await Promise.all(this.reactors.splice(0).map((reactor) => reactor.close()));
    if (this.folder) rmSync(this.folder, { recursive: true });
    this.folder = undefined;
  }
}

/** Those that can run here and have more than time. */
export const runnable = hosts.filter(({ name, missing }) => name !== 'null' && missing() === '');

const only = process.env.CALANDRIA_HOST;

/** One of each kind, native and in JavaScript; or the one that is asked for. */
export const kinds = runnable.filter(({ name }) =>
  only ? name === only : name === 'epoll' || name === 'node',
);

/** Which hosts a suite is for. CALANDRIA_HOST asks for one; scripts/hosts.mjs asks for each. */
type Needs =
  /** All that can run here: it depends on the kernel's interface. */
  | 'kernel'
  /** Those, and the null host: time alone is needed. */
  | 'time'
  /** One native host and the one in JavaScript: it hardly depends on the interface. */
  | 'kinds'
  /** The one that is preferred: it is built on reactors. */
  | 'one';

export function forEachHost(
  subject: string,
  body: (bench: Bench) => void,
  needs: Needs = 'kernel',
): void {
  for (const { name, missing } of hosts) {
    if (only && only !== name) continue;
    if (name === 'null' && needs !== 'time') continue;
    if (needs === 'kinds' && !only && name !== 'epoll' && name !== 'node') continue;
    if (needs === 'one' && !only && name !== runnable[0]?.name) continue;
    const reason = missing();
    const title = `${subject} (${name})`;
    if (reason) {
      describe.skip(`${title}: ${reason}`, () => body(new Bench(name)));
      continue;
    }
    describe(title, () => {
      const bench = new Bench(name);
      afterEach(() => bench.clear());
      body(bench);
    });
  }
}

export function forEachKind(subject: string, body: (bench: Bench) => void): void {
  forEachHost(subject, body, 'kinds');
}

export function forOneHost(subject: string, body: (bench: Bench) => void): void {
  forEachHost(subject, body, 'one');
}

export interface Transport {
  readonly name: string;
  /** Somewhere to listen. */
  endpoint(bench: Bench): Endpoint;
}

export const TRANSPORTS: readonly Transport[] = [
  { name: 'TCP over IPv4', endpoint: () => ({ address: '127.0.0.1', port: 0 }) },
  { name: 'TCP over IPv6', endpoint: () => ({ address: '::1', port: 0 }) },
  { name: 'a Unix-domain socket', endpoint: (bench) => ({ path: bench.path() }) },
];

/** What happened, line by line; a test waits for a line instead of for a time. */
export class Story {
  readonly lines: string[] = [];
  private waiting: { line: string; resolve(): void }[] = [];

  tell(line: string): void {
    this.lines.push(line);
    const heard = this.waiting.filter((entry) => entry.line === line);
    this.waiting = this.waiting.filter((entry) => entry.line !== line);
    for (const { resolve } of heard) resolve();
  }

  until(line: string): Promise<void> {
    if (this.lines.includes(line)) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ line, resolve }));
  }

  /** Handlers that tell what happens, and then do what `handlers` do. */
  of(handlers: Handlers = {}): Handlers {
    return {
      ...handlers,
      open: (connection) => {
        this.tell('open');
        return handlers.open?.(connection);
      },
      data: (connection, bytes) => {
        const text = Buffer.from(bytes).toString();
        const result = handlers.data?.(connection, bytes);
        this.tell(`data ${text}`);
        return result;
      },
      drain: (connection) => {
        this.tell('drain');
        return handlers.drain?.(connection);
      },
      end: (connection) => {
        this.tell('end');
        return handlers.end?.(connection);
      },
      error: (connection, error) => {
        this.tell(`error ${(error as NodeJS.ErrnoException).code}`);
        return handlers.error?.(connection, error);
      },
      close: (connection) => {
        this.tell('close');
        return handlers.close?.(connection);
      },
    };
  }
}

/** A promise and the function that resolves it. */
export function promised<Value = void>(): {
  promise: Promise<Value>;
  resolve(value: Value): void;
} {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Bytes that show where they belong: no two runs of them are alike. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  // A test's globals are looked up slowly.
  const { imul } = Math;
  let state = seed;
  for (let place = 0; place < length; place++) {
    // Numerical Recipes' linear congruential generator, its high byte.
    state = (imul(state, 1664525) + 1013904223) | 0;
    bytes[place] = state >>> 24;
  }
  return bytes;
}

/** An echo server's handlers: what a connection sends comes back, and so does its end. */
export const ECHO: Handlers = {
  data(connection: Connection, bytes: Uint8Array) {
    if (!connection.write(bytes)) connection.read(0);
  },
  drain(connection) {
    connection.read(Number.POSITIVE_INFINITY);
  },
  end(connection) {
    connection.end();
  },
};
