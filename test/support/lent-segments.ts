// The half of the read arena that the core lends (SETTING_LEND), as a host fills it: from the start
// of a segment to its end, and again once nobody holds it.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../../src/core/memory';
import type { Submission } from './core-views';

interface Lent {
  filled: number;
  /** The queue that was answered with bytes of it last. */
  queue: number;
}

export class LentSegments {
  private readonly memory: ReactorMemory;
  private readonly first: number;
  private readonly size: number;
  private readonly segments: Lent[] = [];
  private queue = 1;
  private current = 0;

  constructor(memory: ReactorMemory) {
    this.memory = memory;
    const total = word(memory, layout.READ_SEGMENTS_MAX);
    this.size = word(memory, layout.READ_SEGMENT_SIZE);
    this.first = total - (total >> 1);
    for (let place = this.first; place < total; place++)
      this.segments.push({ filled: 0, queue: 0 });
  }

  /** Another queue is answered from now on. */
  next(): void {
    this.queue++;
  }

  address(place: number): number {
    return word(this.memory, layout.READ_ARENA_BASE) + (this.first + place) * this.size;
  }

  references(place: number): number {
    const entry = (this.first + place) * layout.SEGMENT_SIZE + layout.SEGMENT_REFERENCES;
    return word(this.memory, word(this.memory, layout.SEGMENTS_BASE) + entry);
  }

  /** A receive's result, of as much as was asked for and fits; undefined when none is free. */
  receive(submission: Submission, bytes: Uint8Array): number | undefined {
    const segment = this.open();
    if (!segment) return undefined;
    const address = this.address(this.current) + segment.filled;
    const part = bytes.subarray(0, Math.min(submission.length, this.size - segment.filled));
    this.memory.bytes.set(part, address);
    this.memory.words[(submission.at + layout.SUBMISSION_EXTRA) >> 2] = address;
    segment.filled += part.length;
    segment.queue = this.queue;
    return part.length;
  }

  /** The segment that is being filled, or the next that nobody uses. */
  private open(): Lent | undefined {
    const current = this.segments[this.current] as Lent;
    if (current.filled < this.size) return current;
    const free = this.segments.findIndex(
      ({ queue }, place) => queue !== this.queue && this.references(place) === 0,
    );
    if (free < 0) return undefined;
    this.current = free;
    const segment = this.segments[free] as Lent;
    segment.filled = 0;
    return segment;
  }
}
