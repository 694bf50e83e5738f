// The time of hosts in JavaScript: the deadline of the next turn, and whether the process stays.

/** setTimeout's longest. */
const TIMEOUT_MAX = 2 ** 31 - 1;

export class Alarm {
  private readonly ring: () => void;
  private timer: NodeJS.Timeout | undefined;
  private keeper: NodeJS.Timeout | undefined;
  private armed = 0n;

  constructor(ring: () => void) {
    this.ring = ring;
  }

  /** ns of a clock that never goes back. */
  get now(): bigint {
    return process.hrtime.bigint();
  }

  /** Rings at this time; 0: never. Keeps nothing alive. */
  arm(deadline: bigint): void {
    if (deadline === this.armed) return;
    clearTimeout(this.timer);
    this.armed = deadline;
    if (deadline === 0n) return;
    const left = deadline - this.now;
    // Rounded up. Should Node still come early, then the core finds nothing due and arms again.
    const milliseconds = left > 0n ? Number((left + 999_999n) / 1_000_000n) : 0;
    this.timer = setTimeout(
      () => {
        this.armed = 0n;
        this.ring();
      },
      Math.min(milliseconds, TIMEOUT_MAX),
    ).unref();
  }

  /** Keeps the process alive, or does not. */
  hold(hold: boolean): void {
    clearInterval(this.keeper);
    this.keeper = hold ? setInterval(() => {}, TIMEOUT_MAX) : undefined;
  }

  close(): void {
    this.hold(false);
    clearTimeout(this.timer);
  }
}
