// The web server of the command line: the files beneath a folder, until it is told to stop.
import { AccessLog, files, HttpServer, type LogFormat } from '../http';
import type { InboxPort } from '../inbox/outbox';
import { createOutside, wallClock } from '../outside';
import type { Address } from '../reactor/address';
import type { Reactor } from '../reactor/reactor';

export interface ServeParameters {
  readonly directory: string;
  readonly port: number;
  readonly address: string;
  /** Other threads listen at the same port. */
  readonly shared?: boolean;
  /** Hears of SIGTERM and SIGINT itself; else somebody posts to its `orders`. */
  readonly signals?: boolean;
  /** A file for the access log, or '-' for the caller's `print`. */
  readonly log?: string;
  readonly logFormat?: LogFormat;
  /** Milliseconds that requests have to finish when it is told to stop. */
  readonly drainMilliseconds: number;
  /** Of short files in memory; 0: nothing is kept. Default: that of files(). */
  readonly cacheBytes?: number;
}

export interface ServeHooks {
  /** Takes the lines of the access log, one call after another. A replay takes none. */
  readonly print?: (lines: string) => Promise<void>;
  /** Hears what happened that nobody else would be told. */
  readonly warn?: (message: string) => void;
  /** Hears how things are, which nobody has to do anything about. */
  readonly note?: (message: string) => void;
}

/** What a server does, one after another, until it listens. */
export type ServeStep = 'folder' | 'log' | 'address';

export interface Served {
  /** What it is at, or what it failed at. */
  readonly step: ServeStep;
  /** Rejects when the folder cannot be served, or the address not be listened at. */
  ready(): Promise<Address>;
  /** Each post to it is an order to stop: the first drains, the second does not wait. */
  readonly orders: InboxPort;
  /** Resolves when it was told to stop and all is closed. */
  readonly ended: Promise<void>;
}

/** Milliseconds that the log has, behind the last request, for lines that are not yet written. */
const LOG_DEADLINE = 1000;

export function serveFolder(
  reactor: Reactor,
  parameters: ServeParameters,
  { print, warn, note }: ServeHooks = {},
): Served {
  const { directory, port, address, shared, signals, drainMilliseconds } = parameters;
  const { cacheBytes: bytes } = parameters;
  const outside = createOutside(reactor);
  const clock = wallClock(outside);
  const cache = bytes === 0 ? false : bytes === undefined ? true : { bytes };
  const handler = files(reactor, directory, { cache });
  let log: AccessLog | undefined;
  if (parameters.log !== undefined) {
    // How long somebody takes to print them is an input.
    const write = (lines: string): Promise<void> => outside.run('log', () => print?.(lines));
    log = new AccessLog(reactor, clock, {
      ...(parameters.log === '-' ? { write } : { file: parameters.log }),
      ...(parameters.logFormat && { format: parameters.logFormat }),
      onError: ({ message }) => warn?.(`the access log cannot be written: ${message}`),
    });
  }
  let server: HttpServer | undefined;
  let stopping = 0;
  let settle: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const end = (): void => void reactor.close().then(settle);

  const finish = async (): Promise<void> => {
    await log?.close({ deadline: LOG_DEADLINE });
    if (log && log.lost > 0) warn?.(`${log.lost} lines of the access log were lost`);
    await handler.close();
    end();
  };

  const stop = (): void => {
    stopping++;
    if (!server) end();
    else if (stopping > 1) void server.close({ drain: false });
    else void server.close({ deadline: drainMilliseconds }).then(finish);
  };

  if (signals) {
    for (const name of ['SIGTERM', 'SIGINT']) {
      reactor.watchSignal(name, { signal: stop }).unref();
    }
  }
  const orders = reactor.inbox({}, { message: stop });
  orders.unref();

  let step: ServeStep = 'folder';
  const start = async (): Promise<Address> => {
    try {
      await handler.ready();
      if (handler.uncached) {
        note?.('no file is kept, because this host does not tell of changes in time');
      }
      step = 'log';
      await log?.open();
      step = 'address';
      server = new HttpServer(
        reactor,
        {
          port,
          address,
          clock,
          ...(shared && { reusePort: true }),
          onError: (error) => warn?.(`a request failed: ${(error as Error).stack}`),
          ...(log && { onDone: (exchange) => log.add(exchange) }),
        },
        handler,
      );
      return await server.ready();
    } catch (error) {
      await reactor.close();
      throw error;
    }
  };
  const started = start();
  started.catch(() => {});
  return {
    ready: () => started,
    orders: orders.port,
    ended,
    get step() {
      return step;
    },
  };
}
