// Operations: promises for what the core answers later. The core knows an operation by its place
// and generation; here stands who waits for it.
import * as layout from '../../assembly/layout';
import type { Core } from '../core/core';
import { CalandriaError, systemError } from '../errors';
import { type Calls, ownerKey } from './calls';

/** How an operation was served. */
export type Via = 'at once' | 'kernel' | 'pool';
const VIA: readonly (Via | undefined)[] = [undefined, 'at once', 'kernel', 'pool'];

export interface Outcome {
  /** What a read brought last: in the read arena, valid in this turn only. */
  readonly bytes: Uint8Array;
  /** Bytes read by this last part, or written in all. */
  readonly length: number;
  readonly via: Via;
}

interface Waiting {
  readonly syscall: string;
  readonly subject: string;
  part(bytes: Uint8Array): void;
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

/** Who asked: the subject and the system call of a possible error, and what takes parts. */
export interface Asked {
  readonly syscall: string;
  readonly subject: string;
  /** Bytes that came before the last ones; valid during the call only. */
  readonly part?: (bytes: Uint8Array) => void;
}

export class Operations {
  private readonly calls: Calls;
  private readonly waiting = new Map<number, Waiting>();

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
    { syscall, subject, part = () => {} }: Asked,
    settle: (outcome: Outcome) => Value,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const operation = this.calls.make(call);
      if (operation < 0) return reject(refusal(operation, syscall, subject, this.calls));
      const key = ownerKey(operation, this.calls.core.operationGeneration(operation));
      this.waiting.set(key, {
        syscall,
        subject,
        part,
        resolve: (outcome) => resolve(settle(outcome)),
        reject,
      });
    });
  }

  /** Internal: a delivery of the core. */
  hear(at: number): void {
    const { words, bytes, buffer } = this.calls.memory;
    const place = words[(at + layout.DELIVERY_HANDLERS) >> 2] as number;
    const generation = words[(at + layout.DELIVERY_LISTENER) >> 2] as number;
    const key = ownerKey(place, generation);
    const waiting = this.waiting.get(key);
    if (!waiting) return;
    const address = words[(at + layout.DELIVERY_ADDRESS) >> 2] as number;
    const length = words[(at + layout.DELIVERY_LENGTH) >> 2] as number;
    const brought = new Uint8Array(buffer, address, address === 0 ? 0 : length);
    if (bytes[at + layout.DELIVERY_KIND] === layout.DELIVER_PART) return waiting.part(brought);
    this.waiting.delete(key);
    const error = words[(at + layout.DELIVERY_VALUE) >> 2] as number;
    if (error !== 0) {
      waiting.reject(systemError(error, waiting.syscall, waiting.subject));
      return;
    }
    const via = VIA[bytes[at + layout.DELIVERY_VIA] as number] as Via;
    waiting.resolve({ bytes: brought, length, via });
  }

  /** Internal: the reactor is over, and nobody will answer. */
  abandon(): void {
    const left = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of left) {
      reject(new CalandriaError('ERR_CALANDRIA_CLOSED', 'The reactor was closed.'));
    }
  }
}

function refusal(result: number, syscall: string, subject: string, { memory }: Calls): Error {
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
