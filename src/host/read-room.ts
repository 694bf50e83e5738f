// Where arriving bytes go: one after another without a gap, from the cursor to the end of its
// segment and then into the spare segments, in the order in which the core lists them.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';

export class ReadRoom {
  cursor = 0;
  limit = 0;
  private readonly memory: ReactorMemory;
  private spare = 0;

  constructor(memory: ReactorMemory) {
    this.memory = memory;
  }

  /** Begins a submission queue: the core has chosen the segments anew. */
  open(): void {
    this.cursor = word(this.memory, layout.READ_CURSOR);
    this.limit = word(this.memory, layout.READ_LIMIT);
    this.spare = 0;
  }

  /** Whether there is room for `least` bytes in one run; goes on to the next segment for it. */
  ensure(least: number): boolean {
    if (this.limit - this.cursor >= least) return true;
    if (this.spare >= word(this.memory, layout.SPARE_COUNT)) return false;
    const segment = word(this.memory, layout.SPARE_LIST + 4 * this.spare);
    const size = word(this.memory, layout.READ_SEGMENT_SIZE);
    this.spare++;
    this.cursor = word(this.memory, layout.READ_ARENA_BASE) + segment * size;
    this.limit = this.cursor + size;
    return size >= least;
  }
}
