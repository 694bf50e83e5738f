// How the harness's host puts what arrives into the read arena.
import * as layout from '../../assembly/layout';
import type { ReactorMemory } from '../../src/core/memory';
import { ReadRoom } from '../../src/host/read-room';
import type { Submission } from './core-views';

/** What became of an operation. */
export interface Completion {
  readonly operation: number;
  readonly generation: number;
  readonly result: number;
  readonly bytes?: Uint8Array;
  /** VIA_ of the layout; by default the kernel's queue. */
  readonly via?: number;
}

/** As a host puts it at `at`: the record, and the bytes that it brought. */
export function encodeCompletion(
  { operation, generation, result, bytes, via = layout.VIA_KERNEL }: Completion,
  at = 0,
  size = layout.COMPLETION_SIZE,
): Buffer {
  const record = Buffer.alloc(size);
  record.writeInt32LE(operation | 0, 0);
  record.writeInt32LE(generation | 0, layout.COMPLETION_GENERATION);
  if (bytes && bytes.length > 0) {
    record.writeInt32LE(at + layout.COMPLETION_SIZE, layout.COMPLETION_ADDRESS);
    record.set(bytes, layout.COMPLETION_SIZE);
  }
  record.writeInt32LE(via, layout.COMPLETION_VIA);
  record.writeBigInt64LE(BigInt(result), layout.COMPLETION_RESULT);
  return record;
}

export class Arrivals {
  /** What this turn put, and where. */
  readonly ranges: { readonly address: number; readonly length: number }[] = [];
  private readonly memory: ReactorMemory;
  private readonly room: ReadRoom;

  constructor(memory: ReactorMemory) {
    this.memory = memory;
    this.room = new ReadRoom(memory);
    this.room.open();
  }

  /** A receive finds room, or the error number that says that there is none. */
  ensure(submission: Submission): number {
    return this.room.ensure(submission.argument) ? 0 : -layout.ERROR_NO_BUFFERS;
  }

  /** A receive's result: as much of `bytes` as was asked for and fits. */
  receive(submission: Submission, bytes: Uint8Array): number {
    const part = bytes.subarray(0, Math.min(submission.length, this.room.limit - this.room.cursor));
    this.put(submission, part);
    return part.length;
  }

  /** Where the next bytes would go. */
  get cursor(): number {
    return this.room.cursor;
  }

  /** Bytes of a collect, which counts completions. */
  collect(submission: Submission, bytes: Uint8Array): number {
    this.put(submission, bytes);
    return bytes.length;
  }

  /** Bytes that an operation brings at once; no room for them is answered "not now". */
  brought(submission: Submission, bytes: Uint8Array): number {
    if (bytes.length === 0) return 0;
    if (!this.room.ensure(bytes.length)) return -layout.ERROR_AGAIN;
    this.put(submission, bytes);
    return bytes.length;
  }

  /** The result of an operation that answers with a peer record. */
  peer(submission: Submission): number {
    if (!this.room.ensure(layout.PEER_SIZE)) {
      return submission.operation === 'accept' ? -layout.ERROR_CANCELED : -layout.ERROR_NO_BUFFERS;
    }
    this.put(submission, new Uint8Array(layout.PEER_SIZE).fill(layout.FAMILY_IPV4, 0, 1));
    return 0;
  }

  /**
   * A collect's result: as many completions as were asked for and fit in one run. Answers how many
   * of them were taken, beside the bytes.
   */
  completions(
    submission: Submission,
    landed: readonly Completion[],
  ): { taken: number; length: number } {
    const parts: Buffer[] = [];
    let length = 0;
    let taken = 0;
    const sizeOf = ({ bytes }: Completion): number =>
      layout.COMPLETION_SIZE + ((bytes?.length ?? 0) + 7) - (((bytes?.length ?? 0) + 7) % 8);
    if (landed.length > 0 && !this.room.ensure(sizeOf(landed[0] as Completion))) {
      return { taken: 0, length: -layout.ERROR_NO_BUFFERS };
    }
    for (const completion of landed.slice(0, submission.length)) {
      const size = sizeOf(completion);
      if (this.room.limit - this.room.cursor < length + size) break;
      parts.push(encodeCompletion(completion, this.room.cursor + length, size));
      length += size;
      taken++;
    }
    if (length > 0) this.put(submission, Buffer.concat(parts));
    return { taken, length };
  }

  private put({ at }: Submission, bytes: Uint8Array): void {
    this.memory.bytes.set(bytes, this.room.cursor);
    this.memory.words[(at + layout.SUBMISSION_EXTRA) >> 2] = this.room.cursor;
    this.ranges.push({ address: this.room.cursor, length: bytes.length });
    this.room.cursor += bytes.length;
  }
}
