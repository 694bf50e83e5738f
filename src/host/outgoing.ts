// The bytes of one SEND: a chain of pieces in memory, read from the front.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';

export class Outgoing {
  /** Bytes not read yet. */
  left: number;
  private readonly memory: ReactorMemory;
  private piece: number;
  private offset = 0;

  constructor(memory: ReactorMemory, entry: number) {
    this.memory = memory;
    this.piece = word(memory, entry + layout.SUBMISSION_ADDRESS);
    this.left = word(memory, entry + layout.SUBMISSION_LENGTH);
  }

  /** A copy of the next `length` bytes, to so much room; there are at least as many left. */
  copy(length: number, copied: Buffer = Buffer.allocUnsafe(length)): Buffer {
    const pieces = word(this.memory, layout.PIECES_BASE);
    let filled = 0;
    while (filled < length) {
      const at = pieces + this.piece * layout.PIECE_SIZE;
      const held = word(this.memory, at + layout.PIECE_LENGTH) - this.offset;
      const from = word(this.memory, at + layout.PIECE_ADDRESS) + this.offset;
      const taken = Math.min(held, length - filled);
      copied.set(this.memory.bytes.subarray(from, from + taken), filled);
      filled += taken;
      this.offset += taken;
      if (taken === held) {
        this.piece = word(this.memory, at + layout.PIECE_NEXT);
        this.offset = 0;
      }
    }
    this.left -= length;
    return copied;
  }
}
