// How long turns take, as a histogram: powers of two, so that it is bounded and costs an addition.

/** Below 1 µs, then one for each doubling; the last takes all from 2^30 µs (18 minutes) on. */
const BUCKETS = 32;

/** Turns that took `from` microseconds or more, and less than `to`. */
export interface TurnBucket {
  readonly from: number;
  readonly to: number;
  readonly turns: number;
}

/** Given to `watch`, it is filled with the turns of that reactor, or of several together. */
export class TurnTimes {
  private readonly counts = new Float64Array(BUCKETS);

  /** All turns so far. */
  get turns(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** Those in which turns are, shortest first. */
  buckets(): TurnBucket[] {
    return [...this.counts]
      .map((turns, place) => ({
        from: place === 0 ? 0 : 2 ** (place - 1),
        to: place === BUCKETS - 1 ? Number.POSITIVE_INFINITY : 2 ** place,
        turns,
      }))
      .filter(({ turns }) => turns > 0);
  }

  /**
   * Microseconds that this share (0 to 1) of the turns stayed below: the end of a bucket, and so
   * too much by up to a factor of two. 0 while there was no turn.
   */
  quantile(share: number): number {
    let left = this.turns * share;
    for (const { to, turns } of this.buckets()) {
      left -= turns;
      if (left <= 0) return to;
    }
    return 0;
  }

  /** Internal: one turn. */
  add(microseconds: number): void {
    const place = microseconds < 1 ? 0 : Math.floor(Math.log2(microseconds)) + 1;
    const bucket = Math.min(place, BUCKETS - 1);
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
  }
}
