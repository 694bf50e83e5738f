// A timer of the reactor's own time: never early, in order, and the same in a replay.
import { type Calls, ownerKey } from './calls';

/** `expirations` is more than 1 when a repeating timer missed beats. */
export type TimerHandler = (timer: Timer, expirations: number) => void | Promise<void>;

/** Timers that may still fire, by place and generation. */
export type TimerRegistry = Map<number, Timer>;

export class Timer {
  readonly index: number;
  readonly generation: number;
  readonly repeats: boolean;
  readonly handler: TimerHandler;
  private readonly calls: Calls;
  private readonly registry: TimerRegistry;

  /** Timers come from reactor.setTimer(). */
  constructor(
    calls: Calls,
    registry: TimerRegistry,
    index: number,
    { repeats, handler }: { repeats: boolean; handler: TimerHandler },
  ) {
    this.calls = calls;
    this.registry = registry;
    this.index = index;
    this.generation = calls.core.timerGeneration(index);
    this.repeats = repeats;
    this.handler = handler;
    registry.set(this.key, this);
  }

  private get key(): number {
    return ownerKey(this.index, this.generation);
  }

  private get alive(): boolean {
    return this.registry.get(this.key) === this;
  }

  /** It will not fire any more. Again, or after it fired: does nothing. */
  cancel(): void {
    if (!this.alive || this.calls.closed) return;
    this.finish();
    this.calls.make((core) => core.timerCancel(this.index, this.generation));
  }

  unref(): this {
    if (this.alive) this.calls.reference(this, false);
    return this;
  }

  ref(): this {
    if (this.alive) this.calls.reference(this, true);
    return this;
  }

  /** Internal: it fired for the last time, or was cancelled. */
  finish(): void {
    this.registry.delete(this.key);
    this.calls.forget(this);
  }
}
