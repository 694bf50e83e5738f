// A bounded place for what is kept. What goes first is what was not used since somebody had to go
// before it (the CLOCK algorithm: Corbató 1968), so that using something costs no more than a mark.
import type { Kept } from './kept';

export class Shelf {
  bytes = 0;
  private readonly all = new Set<Kept>();
  private readonly countMax: number;
  private readonly bytesMax: number;

  constructor(countMax: number, bytesMax: number) {
    this.countMax = countMax;
    this.bytesMax = bytesMax;
  }

  get size(): number {
    return this.all.size;
  }

  /** Could it be kept at all? */
  fits(kept: Kept): boolean {
    return this.countMax > 0 && bytesOf(kept) <= this.bytesMax;
  }

  add(kept: Kept): void {
    const bytes = bytesOf(kept);
    while (this.all.size >= this.countMax || this.bytes + bytes > this.bytesMax) this.dropOne();
    this.all.add(kept);
    this.bytes += bytes;
  }

  delete(kept: Kept): void {
    if (this.all.delete(kept)) this.bytes -= bytesOf(kept);
  }

  dropAll(): void {
    for (const kept of [...this.all]) kept.drop();
  }

  private dropOne(): void {
    for (const kept of this.all) {
      if (!kept.used) return kept.drop();
      kept.used = false;
      // To the end of the line.
      this.all.delete(kept);
      this.all.add(kept);
    }
  }
}

/** Bytes in memory; those of a file that is open are the system's. */
function bytesOf({ found }: Kept): number {
  return found?.prepared?.length ?? 0;
}
