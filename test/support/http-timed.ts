// A server whose clock is put forward: its limits can be those that people have.
import { chooseHost, createReactor, type Reactor } from '../../src';
import { type Exchange, type ExchangeHandler, HttpServer } from '../../src/http';
import type { WallClock } from '../../src/outside';
import { closeClients, HttpClient } from './http-client';
import { jumping } from './jumping';

export interface TimedServer {
  readonly reactor: Reactor;
  readonly server: HttpServer;
  readonly errors: unknown[];
  readonly done: Exchange[];
  readonly refused: string[];
  dial(): HttpClient;
  /** Resolves when the server has read so many bytes. */
  read(bytes: number): Promise<void>;
  /** Puts the clock forward, and resolves behind the turn that sees it. */
  jump(milliseconds: number): Promise<void>;
}

const STOPPED = { now: 0, ready: () => Promise.resolve() } as unknown as WallClock;

const reactors: Reactor[] = [];

/** To be called by afterEach. */
export async function closeTimed(): Promise<void> {
  await closeClients();
  for (const reactor of reactors.splice(0)) await reactor.close();
}

export async function serveTimed(handler: ExchangeHandler): Promise<TimedServer> {
  const clock = jumping(chooseHost());
  const reactor = createReactor({ host: clock.host });
  reactors.push(reactor);
  const errors: unknown[] = [];
  const done: Exchange[] = [];
  const refused: string[] = [];
  const server = new HttpServer(
    reactor,
    {
      port: 0,
      // It stands still, and no reading of another is among the bytes that are counted.
      clock: STOPPED,
      onError: (error) => errors.push(error),
      onDone: (exchange) => done.push(exchange),
      onRefused: ({ status, reason }) => refused.push(`${status} ${reason}`),
    },
    handler,
  );
  const { port } = await server.ready();
  return {
    reactor,
    server,
    errors,
    done,
    refused,
    dial: () => new HttpClient(port),
    async read(bytes) {
      while (reactor.counters.bytesIn < bytes) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
    async jump(milliseconds) {
      const turn = () => new Promise<void>((done) => void reactor.setTimer(0, () => done()));
      // A timer counts from the turn behind the one that set it.
      await turn();
      const seen = turn();
      clock.jump(milliseconds);
      await seen;
    },
  };
}
