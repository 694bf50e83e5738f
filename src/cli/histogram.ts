// Latencies in buckets that are at most 3 % wide, so that a million of them fit in a message
// between processes and those of several rounds can be added up.

/** Buckets for each doubling. */
const STEPS = 32;

export class Histogram {
  private readonly counts: Float64Array;
  private total = 0;

  constructor(counts: readonly number[] = []) {
    this.counts = new Float64Array(STEPS * 48);
    this.add(counts);
  }

  record(microseconds: number): void {
    const place = Math.floor(Math.log2(Math.max(1, microseconds)) * STEPS);
    const bucket = Math.min(place, this.counts.length - 1);
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.total += 1;
  }

  /** What another histogram's toArray() answered. */
  add(counts: readonly number[]): void {
    for (const [place, count] of counts.entries()) {
      this.counts[place] = (this.counts[place] as number) + count;
      this.total += count;
    }
  }

  toArray(): number[] {
    const used = this.counts.findLastIndex((count) => count > 0) + 1;
    return [...this.counts.subarray(0, used)];
  }

  /**
   * Microseconds that this share of all recorded ones did not exceed, by up to a bucket's width.
   */
  quantile(share: number): number {
    let left = this.total * share;
    for (const [place, count] of this.counts.entries()) {
      left -= count;
      if (count > 0 && left <= 0) return 2 ** ((place + 1) / STEPS);
    }
    return 0;
  }
}
