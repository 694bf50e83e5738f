// A server of HTTP/1.1 on a reactor: the protocol, and a listener for its connections.
import type { Address } from '../reactor/address';
import type { Listener } from '../reactor/listener';
import type { Reactor } from '../reactor/reactor';
import type { ListenOptions } from '../reactor/socket-options';
import {
  type ExchangeHandler,
  type HttpCloseOptions,
  HttpProtocol,
  type HttpProtocolOptions,
} from './http-protocol';
import type { HttpLimits } from './options';

export interface HttpServerOptions extends Omit<ListenOptions, 'admit'>, HttpProtocolOptions {}

export class HttpServer {
  readonly reactor: Reactor;
  readonly limits: HttpLimits;
  private readonly options: HttpServerOptions;
  private readonly protocol: HttpProtocol;
  private listener: Listener | undefined;
  private readonly listening: Promise<Address>;
  private asked = false;

  /** @throws ERR_CALANDRIA_BAD_OPTION; what listen() throws. */
  constructor(reactor: Reactor, options: HttpServerOptions, handler: ExchangeHandler) {
    this.protocol = new HttpProtocol(reactor, options, handler);
    this.reactor = reactor;
    this.options = options;
    this.limits = this.protocol.limits;
    this.listening = this.listen();
    // Who waits in ready() hears of it; else it is thrown, but that it was closed before.
    this.listening.catch((error) => {
      if (!this.asked && !this.protocol.retired) reactor.fail(error);
    });
  }

  /** Resolves with the address when it listens; rejects when it cannot. Unasked, that is thrown. */
  ready(): Promise<Address> {
    this.asked = true;
    return this.listening;
  }

  /** Connections that are open. */
  get size(): number {
    return this.protocol.size;
  }

  private async listen(): Promise<Address> {
    const { limits, options, protocol, reactor } = this;
    // Answers say what time it is from the first one on.
    await protocol.ready();
    const { clock, parser, onError, onDone, onRefused, limits: given, ...listen } = options;
    const admit = Math.min(limits.connections, reactor.limits.connections);
    this.listener = reactor.listen(
      { policy: 'latency', ...listen, admit },
      {
        open: (connection) => protocol.open(connection),
        data: (connection, bytes) => protocol.data(connection, bytes),
        drain: (connection) => protocol.drain(connection),
        end: (connection) => protocol.end(connection),
        error: (connection, error) => protocol.error(connection, error),
        close: (connection) => protocol.close(connection),
        listenerError: () => {},
      },
    );
    return this.listener.ready();
  }

  /**
   * Stops listening and closes: idle connections at once, others behind their answer, and what is
   * left at the deadline is cut. Resolves when the last one is closed; the reactor goes on.
   */
  close(options: HttpCloseOptions = {}): Promise<void> {
    const closed = this.protocol.retire(options);
    this.listener?.close();
    return closed;
  }
}
