// Reads and writes under way: one small object each, which the core's answers are given to.
import * as layout from '../../assembly/layout';
import type { ReadResult } from '../files/types';
import type { FileSource } from './file-source';
import type { Via, Waiter } from './operations';

export type Settle<Value> = (value: Value) => void;
export type Fail = (error: Error) => void;

export interface Transferred {
  readonly bytes: number;
  /** How the last bytes came or went. */
  readonly via: Via;
}

/** Puts what arrives into one buffer, and answers as read() does. */
export class BlockWaiter<View> implements Waiter {
  readonly syscall = 'read';
  private readonly source: FileSource;
  private readonly target: Uint8Array;
  private readonly buffer: View;
  private readonly resolve: Settle<ReadResult<View>>;
  readonly failed: Fail;
  private bytesRead = 0;
  private via: Via | undefined;

  constructor(
    source: FileSource,
    target: Uint8Array,
    buffer: View,
    resolve: Settle<ReadResult<View>>,
    failed: Fail,
  ) {
    this.source = source;
    this.target = target;
    this.buffer = buffer;
    this.resolve = resolve;
    this.failed = failed;
  }

  get subject(): string {
    return this.source.path;
  }

  get path(): string {
    return this.source.path;
  }

  part(arrived: Uint8Array, via: Via): void {
    this.via = via;
    this.target.set(arrived, this.bytesRead);
    this.bytesRead += arrived.length;
  }

  /** The end of the file brings no bytes, and says nothing of how those before it came. */
  done(arrived: Uint8Array, _length: number, via: Via): void {
    if (arrived.length > 0) this.part(arrived, via);
    const { bytesRead, buffer } = this;
    this.resolve({ bytesRead, buffer, via: this.via ?? via });
  }
}

/** Puts what arrives into one buffer after another. */
export class ReadWaiter implements Waiter {
  readonly syscall = 'read';
  private readonly source: FileSource;
  private readonly targets: readonly Uint8Array[];
  private readonly settle: Settle<Transferred>;
  readonly failed: Fail;
  private target = 0;
  private at = 0;
  private bytes = 0;
  private via: Via | undefined;

  constructor(
    source: FileSource,
    targets: readonly Uint8Array[],
    settle: Settle<Transferred>,
    failed: Fail,
  ) {
    this.source = source;
    this.targets = targets;
    this.settle = settle;
    this.failed = failed;
  }

  get subject(): string {
    return this.source.path;
  }

  get path(): string {
    return this.source.path;
  }

  part(arrived: Uint8Array, via: Via): void {
    this.via = via;
    this.bytes += arrived.length;
    let left = arrived;
    while (left.length > 0) {
      const target = this.targets[this.target] as Uint8Array;
      const room = target.length - this.at;
      const part = left.length <= room ? left : left.subarray(0, room);
      target.set(part, this.at);
      this.at += part.length;
      if (part === left) return;
      left = left.subarray(room);
      this.target++;
      this.at = 0;
    }
  }

  done(arrived: Uint8Array, _length: number, via: Via): void {
    if (arrived.length > 0) this.part(arrived, via);
    this.settle({ bytes: this.bytes, via: this.via ?? via });
  }
}

/** Chunks of one write with the host at once. */
const CHUNKS_AT_ONCE = 8;

/** Writes bytes in chunks, each an operation of its own, and gathers what becomes of them. */
export class WriteWaiter implements Waiter {
  readonly syscall = 'write';
  private readonly source: FileSource;
  private readonly pieces: readonly Uint8Array[];
  private readonly settle: Settle<Transferred>;
  private readonly fail: Fail;
  private readonly most: number;
  private position: number;
  private piece = 0;
  private at = 0;
  private bytes = 0;
  private flying = 0;
  private error: Error | undefined;
  private via: Via = 'at once';

  /** `ordered`: where the file itself says where a write goes, one chunk after the other. */
  constructor(
    source: FileSource,
    { pieces, position, ordered }: Writing,
    settle: Settle<Transferred>,
    fail: Fail,
  ) {
    this.source = source;
    this.pieces = pieces;
    this.position = position;
    this.most = ordered ? 1 : CHUNKS_AT_ONCE;
    this.settle = settle;
    this.fail = fail;
  }

  get subject(): string {
    return this.source.path;
  }

  get path(): string {
    return this.source.path;
  }

  /** Hands over as many chunks as may be under way; nothing to write is done at once. */
  go(): void {
    while (!this.error && this.flying < this.most) {
      const chunk = this.next();
      if (!chunk) break;
      this.flying++;
      const { position } = this;
      this.position += chunk.length;
      this.source.startWrite(chunk, position, this);
    }
    if (this.flying > 0) return;
    if (this.error) this.fail(this.error);
    else this.settle({ bytes: this.bytes, via: this.via });
  }

  private next(): Uint8Array | undefined {
    for (;;) {
      const piece = this.pieces[this.piece];
      if (!piece) return undefined;
      const chunk = piece.subarray(this.at, this.at + layout.WRITE_CHUNK);
      this.at += chunk.length;
      if (chunk.length > 0) return chunk;
      this.piece++;
      this.at = 0;
    }
  }

  part(): void {}

  done(_arrived: Uint8Array, length: number, via: Via): void {
    this.bytes += length;
    this.via = via;
    this.flying--;
    this.go();
  }

  failed(error: Error): void {
    this.error ??= error;
    this.flying--;
    this.go();
  }
}

export interface Writing {
  readonly pieces: readonly Uint8Array[];
  readonly position: number;
  readonly ordered: boolean;
}
