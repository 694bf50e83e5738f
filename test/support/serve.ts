// A reactor on the epoll host, or the one given, that listens on a port of the system's choice, and
// is closed with its test.
import {
  type Address,
  type Connection,
  type CreateReactorOptions,
  createReactor,
  type Handlers,
  type Listener,
  type ListenOptions,
  type Reactor,
} from '../../src/index';
import { type Tap, tap } from './tap';

export interface Served {
  readonly reactor: Reactor;
  readonly listener: Listener;
  readonly port: number;
  readonly tap: Tap;
  /** Every connection that was opened, in order. */
  readonly connections: Connection[];
  /** Resolves when so many connections were opened. */
  opened(count: number): Promise<Connection>;
}

const open: Reactor[] = [];

/** To be called by afterEach: no test leaves a descriptor behind. */
export async function closeServed(): Promise<void> {
  await Promise.all(open.splice(0).map((reactor) => reactor.close()));
}

export function reactorOf(tapped: Tap, options: CreateReactorOptions = {}): Reactor {
  const reactor = createReactor({ ...options, host: tapped.host });
  open.push(reactor);
  return reactor;
}

export async function serve(
  handlers: Handlers,
  options: CreateReactorOptions = {},
  listen: ListenOptions = { port: 0 },
): Promise<Served> {
  const tapped = typeof options.host === 'object' ? tap(options.host) : tap();
  const reactor = reactorOf(tapped, options);
  const connections: Connection[] = [];
  const listener = reactor.listen(listen, {
    ...handlers,
    open(connection) {
      connections.push(connection);
      return handlers.open?.(connection);
    },
  });
  const { port }: Address = await listener.ready();
  return {
    reactor,
    listener,
    port,
    tap: tapped,
    connections,
    async opened(count) {
      await tapped.when(() => connections.length >= count);
      return connections[count - 1] as Connection;
    },
  };
}
