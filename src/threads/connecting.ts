// Dialling: waits until the connection is open.
import type { ConnectOptions } from '../reactor/socket-options';
import { connectionOf, type ThreadConnection } from './connection';
import { NETWORK } from './receiving';
import type { Thread } from './thread';
import { Wait, type WaitKind } from './wait';

export class ConnectWait extends Wait<ThreadConnection> {
  private readonly options: ConnectOptions;
  private dialled: ThreadConnection | undefined;

  constructor(thread: Thread, options: ConnectOptions) {
    super(thread);
    this.options = options;
  }

  get kinds(): readonly WaitKind[] {
    return NETWORK;
  }

  attempt(): boolean {
    return false;
  }

  enlist(): void {
    const { threads } = this.thread;
    const connection = threads.reactor.connect(this.options, threads.handlers);
    this.dialled = connectionOf(connection, threads);
    this.dialled.connecting = this;
    this.thread.take(this.dialled);
  }

  withdraw(): void {
    this.dialled?.destroy();
  }
}
