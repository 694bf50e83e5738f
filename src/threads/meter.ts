// A stage's meter, as the core keeps them (assembly/meters.ts), for stages above the core: the sum
// of length × time, in the time of the turns. In a replay it ends with the same.
import type { StageMetrics } from '../reactor/metrics';

export class Meter {
  private readonly clock: { readonly now: number };
  private arrivals = 0;
  private departures = 0;
  /** ms × length, and ms with something in the stage, until `changed`. */
  private area = 0;
  private busy = 0;
  private changed = 0;
  /** The first turn; before it there is no time. */
  private since = 0;

  constructor(clock: { readonly now: number }) {
    this.clock = clock;
  }

  get length(): number {
    return this.arrivals - this.departures;
  }

  arrive(): void {
    this.addUp();
    this.arrivals++;
  }

  depart(): void {
    this.addUp();
    this.departures++;
  }

  read(): StageMetrics {
    this.addUp();
    const { arrivals, departures, length, area, busy } = this;
    const time = this.changed - this.since;
    const over = (dividend: number, divisor: number): number =>
      divisor === 0 ? 0 : dividend / divisor;
    return {
      arrivals,
      departures,
      length,
      meanLength: over(area, time),
      arrivalRate: over(arrivals * 1000, time),
      meanTime: over(area, departures),
      serviceTime: over(busy, departures),
      utilisation: over(busy, time),
    };
  }

  private addUp(): void {
    const { now } = this.clock;
    if (now === this.changed) return;
    if (this.since === 0) this.since = now;
    else {
      const passed = now - this.changed;
      this.area += this.length * passed;
      if (this.length > 0) this.busy += passed;
    }
    this.changed = now;
  }
}
