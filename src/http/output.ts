// What goes out on a connection. Usually it goes straight into the reactor's queue; what finds no
// room there waits here, and the program hears that it should wait too.
import type { Connection } from '../reactor/connection';

/** Bytes of a long body that are queued at a time. */
export const PIECE = 128 << 10;
/** ms until what found no room among the unsent bytes of all connections is tried again. */
const STARVED_MILLISECONDS = 20;

/** How an output asks to be tried again: nothing of its own is under way that would tell. */
export type Later = (milliseconds: number, again: () => void) => void;

export class Output {
  private readonly connection: Connection;
  private readonly later: Later;
  private readonly backlog: (string | Uint8Array)[] = [];
  private waiters: { resolve(): void; reject(error: Error): void }[] = [];
  private full: boolean;
  private starved = false;
  private failure: Error | undefined;

  /** `full`: the reactor's queue has just said that it takes no more. */
  constructor(connection: Connection, later: Later, full: boolean) {
    this.connection = connection;
    this.later = later;
    this.full = full;
  }

  /** Nothing waits here, and the reactor's queue takes more. */
  get open(): boolean {
    return !this.full && this.backlog.length === 0;
  }

  /**
   * Takes all of it; false: wait for drained(). Bytes that find no room now are kept as they are,
   * so they must not be changed until then; `mine`: they will be, so keep a copy.
   */
  put(chunk: string | Uint8Array, mine = false): boolean {
    if (this.failure) return false;
    if (this.backlog.length === 0) {
      const rest = this.write(chunk);
      if (rest === undefined) return !this.full;
      this.keep(rest, mine);
    } else this.keep(chunk, mine);
    return false;
  }

  private keep(rest: string | Uint8Array, mine: boolean): void {
    this.backlog.push(
      mine && typeof rest !== 'string' ? Uint8Array.prototype.slice.call(rest) : rest,
    );
    this.full = true;
  }

  /** What of it found no room; undefined when all did. */
  private write(chunk: string | Uint8Array): string | Uint8Array | undefined {
    try {
      if (chunk.length <= PIECE) {
        if (!this.connection.write(chunk)) this.full = true;
        return undefined;
      }
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_CALANDRIA_QUEUE_FULL') throw error;
      this.starve();
      return chunk;
    }
    return this.writeLong(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  }

  private writeLong(bytes: Uint8Array): Uint8Array | undefined {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const rest = this.write(bytes.subarray(at, at + PIECE));
      if (rest !== undefined) return bytes.subarray(at);
      if (this.full && at + PIECE < bytes.length) return bytes.subarray(at + PIECE);
    }
    return undefined;
  }

  /** With nothing queued on this connection no `drain` will come; others have filled the total. */
  private starve(): void {
    if (this.starved) return;
    this.starved = true;
    this.later(STARVED_MILLISECONDS, () => {
      this.starved = false;
      if (!this.failure) this.drain();
    });
  }

  /** The reactor's queue has room again. */
  drain(): void {
    this.full = false;
    while (this.backlog.length > 0) {
      const rest = this.write(this.backlog[0] as string | Uint8Array);
      if (rest !== undefined) {
        this.backlog[0] = rest;
        this.full = true;
        return;
      }
      this.backlog.shift();
      if (this.full) break;
    }
    if (!this.open) return;
    for (const { resolve } of this.waiters.splice(0)) resolve();
  }

  /** Resolves when more is welcome; rejects when the connection is gone. */
  drained(): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.open) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
  }

  fail(error: Error): void {
    this.failure = error;
    this.backlog.length = 0;
    for (const { reject } of this.waiters.splice(0)) reject(error);
  }
}
