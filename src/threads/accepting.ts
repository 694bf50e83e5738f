// Accepting: who waits at a listener gets the next connection. One is asked for while somebody
// waits; the listener itself holds a few more, and then leaves them to the kernel.
import type { Connection } from '../reactor/connection';
import type { Listener } from '../reactor/listener';
import { connectionOf, type ThreadConnection } from './connection';
import { Line, LineWait } from './line';
import { NETWORK } from './receiving';
import type { Thread } from './thread';
import type { WaitKind } from './wait';

class Acceptor {
  readonly line = new Line();
  over = false;
  failure: unknown;
  private readonly coming: AsyncIterator<Connection, undefined>;
  private readonly come: Connection[] = [];
  private asked = false;

  constructor(listener: Listener) {
    this.coming = listener[Symbol.asyncIterator]();
  }

  next(): Connection | undefined {
    return this.come.shift();
  }

  ask(): void {
    if (this.asked || this.over) return;
    this.asked = true;
    this.coming.next().then(
      ({ done, value }) => this.heard(done ? undefined : value),
      (error) => {
        this.failure = error;
        this.heard(undefined);
      },
    );
  }

  private heard(connection: Connection | undefined): void {
    this.asked = false;
    if (connection) this.come.push(connection);
    else this.over = true;
    this.line.serve();
    if (!this.line.empty) this.ask();
  }
}

/** The next connection; undefined when the listener is closed. */
export class AcceptWait extends LineWait<ThreadConnection | undefined> {
  private readonly acceptor: Acceptor;

  constructor(thread: Thread, acceptor: Acceptor) {
    super(thread);
    this.acceptor = acceptor;
  }

  get kinds(): readonly WaitKind[] {
    return NETWORK;
  }

  protected get line(): Line {
    return this.acceptor.line;
  }

  act(): boolean {
    const { acceptor, thread } = this;
    const connection = acceptor.next();
    if (connection) {
      const accepted = connectionOf(connection, thread.threads);
      thread.take(accepted);
      this.fulfil(accepted);
    } else if (!acceptor.over) return false;
    else if (acceptor.failure) this.fail(acceptor.failure);
    else this.fulfil(undefined);
    return true;
  }

  override enlist(): void {
    super.enlist();
    this.acceptor.ask();
  }
}

export class Acceptors {
  private readonly acceptors = new WeakMap<Listener, Acceptor>();

  /** Of a listener: from the first time on who comes is kept. */
  of(listener: Listener): Acceptor {
    const known = this.acceptors.get(listener);
    if (known) return known;
    const acceptor = new Acceptor(listener);
    this.acceptors.set(listener, acceptor);
    return acceptor;
  }
}
