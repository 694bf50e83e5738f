// A lease: delivered bytes that are kept past their turn, where they lie. For whoever has to look
// at them later and must not pay for a copy: a thread, another library, code in C or Wasm that is
// given a pointer.
import { types } from 'node:util';
import * as layout from '../../assembly/layout';
import { CalandriaError, typeError } from '../errors';
import type { Calls } from './calls';

/** The bytes, and how many leases keep them. */
interface Kept {
  readonly view: Uint8Array;
  holders: number;
  /** Gives them back; undefined for a copy, which is nobody else's. */
  readonly giveBack: (() => void) | undefined;
}

export class Lease {
  /** Internal. */
  whenReleased: (() => void) | undefined;
  private readonly kept: Kept;
  private isReleased = false;

  /** Leases come from reactor.lease(), and from readLease() of a thread's connection. */
  constructor(kept: Kept) {
    this.kept = kept;
    kept.holders++;
  }

  /**
   * The bytes, in the reactor's memory. They may be written to connections (and leave from where
   * they lie) and given to others, as long as the lease is held.
   * @throws ERR_CALANDRIA_STALE_BYTES it was released.
   */
  get bytes(): Uint8Array {
    this.refuseWhenReleased();
    return this.kept.view;
  }

  /** Where they begin, from the beginning of the reactor's memory (`bytes.buffer`). */
  get address(): number {
    return this.kept.view.byteOffset;
  }

  get length(): number {
    return this.kept.view.length;
  }

  /** They are a copy, in memory of their own: see readLease() of a thread's connection. */
  get copied(): boolean {
    return this.kept.giveBack === undefined;
  }

  get released(): boolean {
    return this.isReleased;
  }

  /** Another lease of the same bytes, for somebody who releases it on their own. */
  retain(): Lease {
    this.refuseWhenReleased();
    return new Lease(this.kept);
  }

  /**
   * Nobody looks at the bytes through this lease any more. With the last one they are nobody's:
   * they may be overwritten in the next turn, and with `debug: true` are at once.
   * @throws ERR_CALANDRIA_STALE_BYTES it was released before.
   */
  release(): void {
    this.refuseWhenReleased();
    this.isReleased = true;
    this.whenReleased?.();
    if (--this.kept.holders === 0) this.kept.giveBack?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  private refuseWhenReleased(): void {
    if (!this.isReleased) return;
    throw new CalandriaError(
      'ERR_CALANDRIA_STALE_BYTES',
      `The lease of these ${this.length} bytes was released, and they may be overwritten.`,
    );
  }
}

/** A lease of bytes that nobody overwrites. */
export function copiedLease(bytes: Uint8Array): Lease {
  return new Lease({ view: bytes, holders: 0, giveBack: undefined });
}

/** reactor.lease */
export function lease(calls: Calls, bytes: Uint8Array): Lease {
  if (!types.isUint8Array(bytes)) throw typeError('bytes', 'a Uint8Array', bytes);
  const { memory } = calls;
  const { buffer, byteOffset, length } = bytes;
  const ours = buffer === memory.buffer && !calls.closed;
  const place = ours
    ? calls.make((core) => core.lease(byteOffset, length))
    : layout.CALL_STALE_BYTES;
  if (place < 0) throw refusal(place, memory.limits.leases);
  return new Lease({
    view: new Uint8Array(memory.buffer, byteOffset, length),
    holders: 0,
    giveBack: () => {
      if (!calls.closed) calls.make((core) => core.unlease(place));
    },
  });
}

function refusal(result: number, most: number): CalandriaError {
  if (result === layout.CALL_NO_LEASE) {
    return new CalandriaError(
      'ERR_CALANDRIA_LIMIT',
      `All ${most} leases are in use (limits.leases), or they hold a quarter of the read arena` +
        ' (limits.readSegments): release some, or copy.',
    );
  }
  return new CalandriaError(
    'ERR_CALANDRIA_STALE_BYTES',
    'Only bytes that were delivered in this turn, or that another lease keeps, can be leased.',
  );
}
