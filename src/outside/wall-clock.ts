// The wall clock, as an input: what time it is where the loop runs, in the trace and the same in a
// replay.
//
//   const wall = wallClock(createOutside(reactor));
//   await wall.ready();
//   new Date(wall.now).toUTCString();
//
// The clock is read outside of the loop, and the reading arrives as an event. In between the time
// goes on with the reactor's own (`reactor.now`), so asking costs no system call, and within a turn
// it stands still. It is read again when somebody asks and the last reading is a second old: who
// does not ask costs nothing, and no reading but the first keeps the process alive.
//
// A reading was made after the turn that asked for it began, and before the turn that it arrived in
// began; so the difference between the two clocks lies between two bounds. As long as the last one
// lies between them too it stays, and the time does not jitter; when the clock was set, it follows.
import { typeError } from '../errors';
import { Outside } from './outside';

/** After so long the clock is read again, ms of the reactor. */
const OLD = 1000;

export class WallClock {
  private readonly outside: Outside;
  /** Wall clock less the reactor's. */
  private offset: number | undefined;
  /** When the last reading was asked for. */
  private readAt = 0;
  private reading: Promise<void> | undefined;

  /** Comes from wallClock(). */
  constructor(outside: Outside) {
    this.outside = outside;
    this.refresh();
  }

  /**
   * Milliseconds since the epoch, whole, as of this turn; undefined until the first reading is
   * there. Late by the length of a turn at the most; when the clock was set, for up to a second
   * (or once, after nobody asked for so long).
   */
  get now(): number | undefined {
    const { now } = this.outside.reactor;
    if (now - this.readAt >= OLD && !this.outside.closed) this.refresh();
    return this.offset === undefined ? undefined : Math.floor(now + this.offset);
  }

  /**
   * Resolves with this once `now` is known.
   * @throws ERR_CALANDRIA_CLOSED the reactor was closed before; ERR_CALANDRIA_LIMIT too many jobs.
   */
  async ready(): Promise<this> {
    if (this.offset === undefined) await this.reading;
    if (this.offset === undefined) await this.read();
    return this;
  }

  private refresh(): void {
    // With too many jobs under way the last reading goes on, and the next one is a second later.
    this.reading ??= this.read()
      .catch(() => {})
      .finally(() => {
        this.reading = undefined;
      });
  }

  private async read(): Promise<void> {
    const { reactor } = this.outside;
    const asked = reactor.now;
    this.readAt = asked;
    // Who waits for the first one has nothing else yet that would keep the process until then.
    const ref = this.offset === undefined;
    const reading = await this.outside.run('wall clock', () => Date.now(), { ref });
    const least = reading - reactor.now;
    const most = reading - asked;
    this.offset = Math.min(Math.max(this.offset ?? least, least), most);
  }
}

const clocks = new WeakMap<Outside, WallClock>();

/** The wall clock of this reactor: one, however often it is asked for. */
export function wallClock(outside: Outside): WallClock {
  if (!(outside instanceof Outside)) throw typeError('outside', 'an Outside', outside);
  const known = clocks.get(outside);
  if (known) return known;
  const clock = new WallClock(outside);
  clocks.set(outside, clock);
  return clock;
}
