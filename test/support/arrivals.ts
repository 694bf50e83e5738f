// How the harness's host puts what arrives into the read arena.
import * as layout from '../../assembly/layout';
import type { ReactorMemory } from '../../src/core/memory';
import { ReadRoom } from '../../src/host/read-room';
import type { Submission } from './core-views';

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

  /** The result of an operation that answers with a peer record. */
  peer(submission: Submission): number {
    if (!this.room.ensure(layout.PEER_SIZE)) {
      return submission.operation === 'accept' ? -layout.ERROR_CANCELED : -layout.ERROR_NO_BUFFERS;
    }
    this.put(submission, new Uint8Array(layout.PEER_SIZE).fill(layout.FAMILY_IPV4, 0, 1));
    return 0;
  }

  private put({ at }: Submission, bytes: Uint8Array): void {
    this.memory.bytes.set(bytes, this.room.cursor);
    this.memory.words[(at + layout.SUBMISSION_EXTRA) >> 2] = this.room.cursor;
    this.ranges.push({ address: this.room.cursor, length: bytes.length });
    this.room.cursor += bytes.length;
  }
}
