// Protocols on a reactor: listening with one, dialling with one, and exchanging the one that new
// connections get.

import type { Address } from '../reactor/address';
import { checkOptions } from '../reactor/arguments';
import type { Connection } from '../reactor/connection';
import type { Handlers } from '../reactor/handlers';
import type { Listener } from '../reactor/listener';
import type { Reactor } from '../reactor/reactor';
import type { ConnectOptions, ListenOptions } from '../reactor/socket-options';
import { badProtocol, checkProtocol, type Protocol, type Stage } from './protocol';

/** What concerns the listener itself. */
export type ListenerHandlers = Pick<Handlers, 'listening' | 'listenerChange' | 'listenerError'>;

/** A stage would have nobody to serve. */
function checkWhole(protocol: Protocol): Protocol {
  const { name, write } = checkProtocol(protocol) as Partial<Stage>;
  if (write === undefined) return protocol;
  throw badProtocol('the protocol', `${name} is a stage; put a protocol on top of it (pipeline)`);
}

/** Listens, and speaks a protocol with whoever connects. */
export function serveProtocol(
  reactor: Reactor,
  protocol: Protocol,
  options: ListenOptions,
  handlers: ListenerHandlers = {},
): ProtocolServer {
  checkWhole(protocol);
  checkOptions('handlers', handlers);
  return new ProtocolServer(reactor, protocol, options, handlers);
}

/** Connects, and speaks a protocol with who answers. */
export function dialProtocol(
  reactor: Reactor,
  protocol: Protocol,
  options: ConnectOptions,
): Connection {
  return reactor.connect(options, checkWhole(protocol));
}

export class ProtocolServer {
  readonly listener: Listener;
  private readonly reactor: Reactor;
  private current: Protocol;
  /** Connections that began with the current protocol, and those that began with another one. */
  private readonly open = new Set<Connection>();
  private readonly earlier = new Map<Connection, Protocol>();

  /** Servers come from serveProtocol(). */
  constructor(
    reactor: Reactor,
    protocol: Protocol,
    options: ListenOptions,
    { listening, listenerChange, listenerError }: ListenerHandlers,
  ) {
    this.reactor = reactor;
    this.current = protocol;
    this.listener = reactor.listen(options, {
      ...(listening && { listening }),
      ...(listenerChange && { listenerChange }),
      ...(listenerError && { listenerError }),
      open: (connection) => {
        this.open.add(connection);
        return this.current.open?.(connection);
      },
      data: (connection, bytes) => this.of(connection).data?.(connection, bytes),
      drain: (connection) => this.of(connection).drain?.(connection),
      end: (connection) => {
        const protocol = this.of(connection);
        return protocol.end ? protocol.end(connection) : connection.end();
      },
      error: (connection, error) => this.of(connection).error?.(connection, error),
      close: (connection) => {
        const protocol = this.of(connection);
        this.open.delete(connection);
        this.earlier.delete(connection);
        return protocol.close?.(connection);
      },
    });
  }

  private of(connection: Connection): Protocol {
    if (this.earlier.size === 0) return this.current;
    return this.earlier.get(connection) ?? this.current;
  }

  /** What new connections get. */
  get protocol(): Protocol {
    return this.current;
  }

  /**
   * From now on new connections get this protocol; open ones keep theirs. Resolves when it is so:
   * a turn decides that, so that a replay decides alike.
   */
  use(protocol: Protocol): Promise<void> {
    checkWhole(protocol);
    return new Promise((resolve) => {
      this.reactor.setTimer(0, () => {
        for (const connection of this.open) this.earlier.set(connection, this.current);
        this.open.clear();
        this.current = protocol;
        resolve();
      });
    });
  }

  /** A promise of the address; rejects when it cannot listen. */
  ready(): Promise<Address> {
    return this.listener.ready();
  }

  /** Stops listening; open connections live on. */
  close(): void {
    this.listener.close();
  }
}
