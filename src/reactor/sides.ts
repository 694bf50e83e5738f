// The two sides of a record, read from the core's memory with no call. After the connection is
// closed they keep saying what they said last.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';

export type Exactness = 'unknown' | 'lower bound' | 'exact';
const EXACTNESS: readonly Exactness[] = ['unknown', 'lower bound', 'exact'];

/** Where a record lies, and whether it is still the one it was. */
abstract class Side {
  protected readonly memory: ReactorMemory;
  private readonly at: number;
  private readonly generation: number;
  private last: Uint8Array | undefined;

  constructor(memory: ReactorMemory, at: number, generation: number) {
    this.memory = memory;
    this.at = at;
    this.generation = generation;
  }

  /**
   * Keeps what the record says now: its place is about to get another owner, if it has none
   * already.
   */
  freeze(): void {
    this.last ??= this.current
      ? this.memory.bytes.slice(this.at, this.at + layout.RECORD_SIZE)
      : new Uint8Array(layout.RECORD_SIZE);
  }

  protected word(offset: number): number {
    if (this.last) return new DataView(this.last.buffer).getInt32(offset, true);
    return this.memory.words[(this.at + offset) >> 2] as number;
  }

  protected byte(offset: number): number {
    return (this.last ? this.last[offset] : this.memory.bytes[this.at + offset]) as number;
  }

  protected long(offset: number): number {
    return (this.word(offset) >>> 0) + this.word(offset + 4) * 2 ** 32;
  }

  protected exactnessAt(offset: number): Exactness {
    return EXACTNESS[this.byte(offset)] as Exactness;
  }

  /** Does the place still belong to this owner? */
  get current(): boolean {
    return !this.last && this.word(layout.RECORD_GENERATION) === this.generation;
  }
}

export class ReceiveSide extends Side {
  /**
   * Bytes (on a listener: connections) that wait in the kernel; -1 when unknown. See `exactness`.
   */
  get available(): number {
    return this.word(layout.RX_AVAILABLE);
  }
  /** The peer will send no more. Bytes may still be available. */
  get eof(): boolean {
    return this.byte(layout.RX_EOF) !== 0;
  }
  /** Error number (Linux's), 0 for none. */
  get error(): number {
    return this.word(layout.RX_ERROR);
  }
  /** What `available` is worth. */
  get exactness(): Exactness {
    return this.exactnessAt(layout.RX_EXACTNESS);
  }
  /** Updates of this side so far. */
  get sequence(): number {
    return this.word(layout.RX_SEQUENCE) >>> 0;
  }
  /** The turn of the last update. */
  get turn(): number {
    return this.long(layout.RX_TURN);
  }
}

export class SendSide extends Side {
  /** Bytes that the kernel's send buffer has room for; -1 when unknown. See `exactness`. */
  get space(): number {
    return this.word(layout.TX_SPACE);
  }
  /** Bytes written but not yet taken by the kernel. */
  get queued(): number {
    return this.word(layout.TX_QUEUED) >>> 0;
  }
  get error(): number {
    return this.word(layout.TX_ERROR);
  }
  /** Our end was sent. */
  get ended(): boolean {
    return this.byte(layout.TX_ENDED) !== 0;
  }
  get exactness(): Exactness {
    return this.exactnessAt(layout.TX_EXACTNESS);
  }
  get sequence(): number {
    return this.word(layout.TX_SEQUENCE) >>> 0;
  }
  get turn(): number {
    return this.long(layout.TX_TURN);
  }
}

/** A view of one side of a record; of an owner that is gone, what it says now for ever. */
export function sideOf<S extends ReceiveSide | SendSide>(
  kind: new (memory: ReactorMemory, at: number, generation: number) => S,
  memory: ReactorMemory,
  { record, generation, closed }: { record: number; generation: number; closed: boolean },
): S {
  const at = word(memory, layout.RECORDS_BASE) + record * layout.RECORD_SIZE;
  const side = new kind(memory, at, generation);
  if (closed) side.freeze();
  return side;
}
