// A timer of the reactor's own time: never early, in order, and the same in a replay.
import type { Reactor } from './reactor';

/** `expirations` is more than 1 when a repeating timer missed beats. */
export type TimerHandler = (timer: Timer, expirations: number) => void | Promise<void>;

export class Timer {
  readonly index: number;
  readonly generation: number;
  readonly repeats: boolean;
  readonly handler: TimerHandler;
  private readonly reactor: Reactor;

  constructor(
    reactor: Reactor,
    index: number,
    generation: number,
    repeats: boolean,
    handler: TimerHandler,
  ) {
    this.reactor = reactor;
    this.index = index;
    this.generation = generation;
    this.repeats = repeats;
    this.handler = handler;
  }

  /** It will not fire any more. Again, or after it fired: does nothing. */
  cancel(): void {
    this.reactor.cancelTimer(this);
  }

  unref(): this {
    this.reactor.reference(this, false);
    return this;
  }

  ref(): this {
    this.reactor.reference(this, true);
    return this;
  }
}
