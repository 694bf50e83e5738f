// What goes out on a connection. Usually it goes straight into the reactor's queue; what finds no
// room there waits here, and the program hears that it should wait too.
import { Queue } from '../queue';
import type { Below } from './below';

/** Bytes of a long body that are queued at a time, at the most. */
export const PIECE_MAX = 128 << 10;
/** ms until what found no room among the unsent bytes of all connections is tried again. */
const STARVED_MILLISECONDS = 20;

/** What became of a chunk: taken; taken, but more is not welcome; no room; nobody is there. */
export type Offered = 'taken' | 'wait' | 'no room' | 'gone';

/** Offers a chunk to the reactor's queue. @throws what only a mistake of the program can cause. */
export function offer(below: Below, chunk: string | Uint8Array): Offered {
  try {
    return below.write(chunk) ? 'taken' : 'wait';
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ERR_CALANDRIA_QUEUE_FULL') return 'no room';
    // The program may have closed the connection itself.
    if (code === 'ERR_CALANDRIA_CLOSED') return 'gone';
    throw error;
  }
}

/** What an output asks of its connection. */
export interface OutputOwner {
  readonly below: Below;
  /** Bytes that the reactor's queue can always take when it is empty. */
  readonly piece: number;
  /** Are these the reactor's own, and others by the next turn? */
  lent(bytes: Uint8Array): boolean;
  /** To be tried again: nothing of the connection's own is under way that would tell. */
  later(milliseconds: number, again: () => void): void;
  /** All that waited is queued, and more is welcome. */
  opened(): void;
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

export class Output {
  private readonly owner: OutputOwner;
  private backlog = new Queue<string | Uint8Array>();
  private readonly waiters: Waiter[] = [];
  private full: boolean;
  private starved = false;
  private failure: Error | undefined;

  /** `full`: the reactor's queue has just said that it takes no more. */
  constructor(owner: OutputOwner, full: boolean) {
    this.owner = owner;
    this.full = full;
  }

  /** Nothing waits here, and the reactor's queue takes more. */
  get open(): boolean {
    return !this.full && this.backlog.length === 0;
  }

  /** Nothing waits here: what is written to the connection now overtakes nothing. */
  get empty(): boolean {
    return this.backlog.length === 0;
  }

  /**
   * Takes all of it; false: wait for drained(). Bytes that find no room now are kept as they are,
   * so they must not be changed until then; `mine`: they will be, so keep a copy.
   */
  put(chunk: string | Uint8Array, mine: boolean): boolean {
    if (this.failure) return false;
    if (this.backlog.length === 0) {
      const rest = this.write(chunk);
      if (rest === undefined) return this.open;
      this.keep(rest, mine);
    } else this.keep(chunk, mine);
    return false;
  }

  private keep(rest: string | Uint8Array, mine: boolean): void {
    const copied = typeof rest !== 'string' && (mine || this.owner.lent(rest));
    this.backlog.push(copied ? Uint8Array.prototype.slice.call(rest) : rest);
    this.full = true;
  }

  /** What of it found no room; undefined when all did. */
  private write(chunk: string | Uint8Array): string | Uint8Array | undefined {
    const { below, piece } = this.owner;
    // A character is three bytes at the most.
    if (typeof chunk === 'string') {
      if (chunk.length * 3 > piece) return this.write(Buffer.from(chunk));
    } else if (chunk.length > piece) return this.writeLong(chunk, piece);
    const offered = offer(below, chunk);
    if (offered === 'no room') {
      // Who was told to wait is told to go on.
      if (!this.full) this.starve();
      return chunk;
    }
    if (offered === 'wait') this.full = true;
    return undefined;
  }

  private writeLong(bytes: Uint8Array, piece: number): Uint8Array | undefined {
    for (let at = 0; at < bytes.length; at += piece) {
      if (this.full || this.write(bytes.subarray(at, at + piece)) !== undefined) {
        return bytes.subarray(at);
      }
    }
    return undefined;
  }

  /** With nothing queued on this connection no `drain` will come; others have filled the total. */
  private starve(): void {
    if (this.starved) return;
    this.starved = true;
    this.owner.later(STARVED_MILLISECONDS, () => {
      this.starved = false;
      if (!this.failure) this.drain();
    });
  }

  /** The reactor's queue has room again. */
  drain(): void {
    if (this.failure) return;
    this.full = false;
    while (this.backlog.length > 0 && !this.full) {
      const rest = this.write(this.backlog.first);
      if (rest === undefined) this.backlog.take();
      else {
        this.backlog.first = rest;
        this.full = true;
      }
    }
    if (!this.open) return;
    for (const { resolve } of this.waiters.splice(0)) resolve();
    this.owner.opened();
  }

  /** Resolves when more is welcome; rejects when the connection is gone. */
  drained(): Promise<void> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.open) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiters.push({ resolve, reject }));
  }

  fail(error: Error): void {
    this.failure = error;
    this.backlog = new Queue();
    for (const { reject } of this.waiters.splice(0)) reject(error);
  }
}
