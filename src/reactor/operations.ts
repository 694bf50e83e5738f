// Operations: promises for what the core answers later. The core knows an operation by its place
// and generation; here stands who waits for it.
import * as layout from '../../assembly/layout';
import type { Core } from '../core/core';
import { CalandriaError, systemError } from '../errors';
import type { Calls } from './calls';
import { Waiters } from './waiters';

/** How an operation was served. */
export type Via = 'at once' | 'kernel' | 'pool';
const VIA: readonly string[] = ['', 'at once', 'kernel', 'pool', 'sendfile', 'map', 'read'];

export interface Outcome {
  /** What a read brought last: in the read arena, valid in this turn only. */
  readonly bytes: Uint8Array;
  /** Bytes read by this last part, or written in all. */
  readonly length: number;
  readonly via: Via;
}

/** Who asked: the subject and the system call of a possible error, and what takes parts. */
export interface Asked {
  readonly syscall: string;
  readonly subject: string;
  /** Becomes the error's, when the subject is a file. */
  readonly path?: string;
  /** Bytes that came before the last ones; valid during the call only. */
  readonly part?: (bytes: Uint8Array) => void;
}

/** Who waits for an operation; each is called in the turn that answers it. */
export interface Waiter {
  readonly syscall: string;
  readonly subject: string;
  readonly path?: string | undefined;
  part(bytes: Uint8Array, via: Via): void;
  done(bytes: Uint8Array, length: number, via: Via): void;
  failed(error: Error): void;
}

export class Operations {
  private readonly calls: Calls;
  private readonly waiting = new Waiters<Waiter>();
  private readonly starved: (() => void)[] = [];

  constructor(calls: Calls) {
    this.calls = calls;
  }

  /** Operations that were asked for and not answered. */
  get pending(): number {
    return this.waiting.size;
  }

  /**
   * Asks for one. `settle` runs in the turn that answers it, so that it may look at the bytes; what
   * it returns resolves the promise.
   */
  ask<Value>(
    call: (core: Core) => number,
    asked: Asked,
    settle: (outcome: Outcome) => Value,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.start(this.calls.make(call), {
        syscall: asked.syscall,
        subject: asked.subject,
        path: asked.path,
        part: (bytes) => asked.part?.(bytes),
        done: (bytes, length, via) => resolve(settle({ bytes, length, via })),
        failed: reject,
      });
    });
  }

  /** What the core answered to OPERATE, and who is to hear what becomes of it. */
  start(operation: number, waiter: Waiter): void {
    if (operation < 0)
      return waiter.failed(withPath(refusal(operation, waiter, this.calls), waiter));
    this.waiting.set(operation, this.calls.core.operationGeneration(operation), waiter);
  }

  /** Calls `again` once, when another operation was answered: the write arena was full. */
  retry(again: () => void): void {
    this.starved.push(again);
  }

  /** Internal: a delivery of the core. */
  hear(at: number): void {
    const { words, bytes, buffer } = this.calls.memory;
    const place = words[(at + layout.DELIVERY_HANDLERS) >> 2] as number;
    const generation = words[(at + layout.DELIVERY_LISTENER) >> 2] as number;
    const waiter = this.waiting.get(place, generation);
    if (!waiter) return;
    const address = words[(at + layout.DELIVERY_ADDRESS) >> 2] as number;
    const length = words[(at + layout.DELIVERY_LENGTH) >> 2] as number;
    const brought = address === 0 ? NOTHING : new Uint8Array(buffer, address, length);
    const via = VIA[bytes[at + layout.DELIVERY_VIA] as number] as Via;
    const errno = words[(at + layout.DELIVERY_VALUE) >> 2] as number;
    const part = bytes[at + layout.DELIVERY_KIND] === layout.DELIVER_PART;
    if (!part) this.waiting.delete(place, generation);
    try {
      if (part) waiter.part(brought, via);
      else if (errno === 0) waiter.done(brought, length, via);
      else waiter.failed(withPath(systemError(errno, waiter.syscall, waiter.subject), waiter));
    } catch (error) {
      // The program gave its buffer away: no affair of those behind it in the list.
      if (part) this.waiting.delete(place, generation);
      waiter.failed(error as Error);
    }
    if (part) return;
    if (this.starved.length > 0) for (const again of this.starved.splice(0)) again();
  }

  /** Internal: the reactor is over, and nobody will answer. */
  abandon(): void {
    for (const waiter of this.waiting.takeAll()) {
      const error = new CalandriaError('ERR_CALANDRIA_CLOSED', 'The reactor was closed.');
      waiter.failed(withPath(error, waiter));
    }
    for (const again of this.starved.splice(0)) again();
  }
}

const NOTHING = new Uint8Array(0);

/** As Node's errors of files: with the call and the path. */
export function withPath<Kind extends Error>(
  error: Kind,
  { syscall, path }: { readonly syscall: string; readonly path?: string | undefined },
): Kind {
  return path === undefined ? error : Object.assign(error, { syscall, path });
}

function refusal(result: number, { syscall, subject }: Waiter, { memory }: Calls): Error {
  switch (result) {
    case layout.CALL_NO_OPERATION:
      return new CalandriaError(
        'ERR_CALANDRIA_LIMIT',
        `${memory.limits.tasks} operations wait already (limits.tasks): ${syscall} ${subject}`,
      );
    case layout.CALL_TOTAL_FULL:
      return new CalandriaError(
        'ERR_CALANDRIA_LIMIT',
        `Unsent bytes fill the write arena (limits.writeSegments): ${syscall} ${subject}`,
      );
    default:
      return new CalandriaError('ERR_CALANDRIA_CLOSED', `Not open: ${syscall} ${subject}`);
  }
}
