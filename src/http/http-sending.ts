// The sending half of a server's connection. Nearly every answer goes straight into the reactor's
// queue; only for one that finds no room is an Output made, and it goes when it is empty.
import * as layout from '../../assembly/layout';
import { CalandriaError, systemError } from '../errors';
import type { Connection } from '../reactor/connection';
import type { File } from '../reactor/file';
import type { Below } from './below';
import { type Deadline, leave, type Waiting } from './deadlines';
import type { HttpContext } from './http-context';
import { Output, type OutputOwner, offer } from './output';

export abstract class HttpSending implements Waiting, OutputOwner {
  // As Waiting: which deadline it has.
  list: Deadline | undefined = undefined;
  before: Waiting | undefined = undefined;
  behind: Waiting | undefined = undefined;
  since = 0;
  readonly connection: Connection;
  readonly below: Below;
  protected readonly context: HttpContext;
  protected output: Output | undefined = undefined;
  /** Ranges of files that are on their way. */
  private files = 0;
  /** What the record said of the sending side when the client was looked at last. */
  private progress = 0;

  constructor(context: HttpContext, connection: Connection, below: Below = connection) {
    this.context = context;
    this.connection = connection;
    this.below = below;
  }

  /** More is welcome. */
  get open(): boolean {
    return this.output === undefined || this.output.open;
  }

  /** Something is on its way that the client has to take before more is welcome. */
  protected get sending(): boolean {
    return this.files > 0 || !this.open;
  }

  /** Resolves when more is welcome; rejects when the connection is gone. */
  drained(): Promise<void> {
    return this.output ? this.output.drained() : Promise.resolve();
  }

  /** Takes all of it; false: wait for drained(). `mine`: the caller's bytes change soon. */
  put(chunk: string | Uint8Array, mine = false): boolean {
    let full = false;
    if (this.output === undefined && chunk.length <= this.piece) {
      const offered = offer(this.below, chunk);
      if (offered === 'taken' || offered === 'gone') return true;
      full = offered === 'wait';
    }
    if (this.output === undefined) {
      this.output = new Output(this, full);
      if (full) return this.waitForClient();
    }
    return this.output.put(chunk, mine) || this.waitForClient();
  }

  /** Puts it in front of what the program writes to the connection itself. */
  putDirectly(chunk: string | Uint8Array): void {
    if (this.output?.empty !== false && offer(this.below, chunk) !== 'no room') return;
    throw new CalandriaError(
      'ERR_CALANDRIA_QUEUE_FULL',
      'The head of the answer finds no room among the unsent bytes; nothing was sent of it.',
    );
  }

  /** Sends a range of a file behind what was put before. */
  async sendFile(file: File, offset: number, length: number): Promise<void> {
    const sent = this.layered
      ? this.putFile(file, offset, length)
      : this.connection.sendFile(file, offset, length);
    this.files++;
    this.waitForClient();
    try {
      await sent;
    } finally {
      this.files--;
      this.watch();
    }
  }

  /** Other layers lie between this and the connection. */
  get layered(): boolean {
    return this.below !== this.connection;
  }

  /** Where the kernel must not see the bytes as they are: read, and put like all others. */
  private async putFile(file: File, offset: number, length: number): Promise<void> {
    let left = length;
    for await (const chunk of file.chunks({ start: offset, end: offset + length - 1 })) {
      left -= chunk.length;
      if (!this.put(chunk)) await this.drained();
    }
    if (left > 0) throw systemError(layout.ERROR_NO_DATA, 'read', file.path);
  }

  /** The reactor's queue has room again. */
  protected drainOutput(): void {
    this.output?.drain();
  }

  private waitForClient(): false {
    this.watch();
    return false;
  }

  /** Finds out which deadline it has now. */
  protected watch(): void {
    const list = this.below.closed ? undefined : this.waitsFor();
    if (!list) leave(this);
    else if (list !== this.list) {
      if (list === this.context.writing) this.progress = this.below.tx.sequence;
      this.context.enter(list, this);
    }
  }

  /** What it waits for, and how long that may take. */
  protected abstract waitsFor(): Deadline | undefined;

  /** The deadline of a write has passed. Has the client taken anything since the last one? */
  writeExpired(): void {
    const { sequence } = this.below.tx;
    if (sequence === this.progress) return this.cut();
    this.progress = sequence;
    this.context.enter(this.context.writing, this);
  }

  // ── As OutputOwner ──

  get piece(): number {
    return this.context.piece;
  }

  lent(bytes: Uint8Array): boolean {
    return this.layered || bytes.buffer === this.context.arena;
  }

  later(milliseconds: number, again: () => void): void {
    this.context.later(milliseconds, again);
  }

  abstract opened(): void;

  /** Drops what is queued and closes. */
  abstract cut(): void;
}
