// The sending half of a server's connection. Nearly every answer goes straight into the reactor's
// queue; only for one that finds no room is an Output made, and it goes when it is empty.
import type { Connection } from '../reactor/connection';
import { type Deadline, leave, type Waiting } from './deadlines';
import type { HttpContext } from './http-context';
import { type Output, PIECE } from './output';

export abstract class HttpSending implements Waiting {
  // As Waiting: which deadline it has.
  list: Deadline | undefined = undefined;
  before: Waiting | undefined = undefined;
  behind: Waiting | undefined = undefined;
  since = 0;
  readonly connection: Connection;
  protected readonly context: HttpContext;
  protected output: Output | undefined = undefined;
  private progress = 0;

  constructor(context: HttpContext, connection: Connection) {
    this.context = context;
    this.connection = connection;
  }

  /** More is welcome. */
  get open(): boolean {
    return this.output === undefined || this.output.open;
  }

  /** Resolves when more is welcome; rejects when the connection is gone. */
  drained(): Promise<void> {
    return this.output ? this.output.drained() : Promise.resolve();
  }

  /** Takes all of it; false: wait for drained(). `mine`: the caller's bytes change soon. */
  put(chunk: string | Uint8Array, mine = false): boolean {
    if (this.output === undefined && chunk.length <= PIECE) {
      try {
        if (this.connection.write(chunk)) return true;
        this.output = this.context.outputFor(this.connection, true);
        this.waitForClient();
        return false;
      } catch (error) {
        if ((error as { code?: string }).code !== 'ERR_CALANDRIA_QUEUE_FULL') throw error;
      }
    }
    this.output ??= this.context.outputFor(this.connection, false);
    const more = this.output.put(chunk, mine);
    if (!more) this.waitForClient();
    return more;
  }

  /** The reactor's queue has room again. True when nothing waits here any more. */
  protected drainOutput(): boolean {
    this.output?.drain();
    if (this.list !== this.context.writing || !this.open) return false;
    leave(this);
    return true;
  }

  /** It is to take something in time. */
  protected waitForClient(): void {
    if (this.list === this.context.writing) return;
    this.progress = this.connection.tx.sequence;
    this.context.enter(this.context.writing, this);
  }

  /** The deadline of a write has passed. Has the client taken anything since the last one? */
  writeExpired(): void {
    const { sequence } = this.connection.tx;
    if (sequence === this.progress) return this.cut();
    this.progress = sequence;
    this.context.enter(this.context.writing, this);
  }

  /** Drops what is queued and closes. */
  abstract cut(): void;
}
