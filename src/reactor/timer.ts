// A timer of the reactor's own time: never early, in order, and the same in a replay.
import { CalandriaError, typeError } from '../errors';
import { checkFlag, checkOptions } from './arguments';
import { type Calls, ownerKey } from './calls';
import type { Opening } from './opening';

export interface TimerOptions {
  readonly repeat?: boolean | undefined;
}

/** The largest delay of a timer: 2^53 - 1 ns, about 104 days. */
const DELAY_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 1e6);

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

  /** Timers come from reactor.setTimer(), idle watchers from reactor.idle(). */
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

/** Timers come from reactor.setTimer(). */
export function setTimer(
  opening: Opening,
  milliseconds: number,
  handler: TimerHandler,
  options: TimerOptions,
): Timer {
  checkOptions('options', options);
  if (typeof handler !== 'function') throw typeError('handler', 'a function', handler);
  return startTimer(opening, { milliseconds, repeat: options.repeat }, handler, Timer);
}

interface Beat extends TimerOptions {
  readonly milliseconds?: number;
  readonly within?: number;
}

/** Starts a timer, or with `within` an idle watcher. */
export function startTimer<Kind extends Timer>(
  opening: Opening,
  beat: Beat,
  handler: TimerHandler,
  kind: new (...made: ConstructorParameters<typeof Timer>) => Kind,
): Kind {
  const { within, milliseconds = within, repeat = false } = beat;
  checkFlag('repeat', repeat);
  if (typeof milliseconds !== 'number' || !(milliseconds >= 0 && milliseconds <= DELAY_MAX)) {
    const name = 'within' in beat ? 'within' : 'milliseconds';
    throw typeError(name, `a number from 0 to ${DELAY_MAX}`, milliseconds);
  }
  opening.refuseWhenClosed();
  const { calls, deliverer } = opening;
  // A period of 0 would be due for ever.
  const delay = Math.max(repeat ? 1 : 0, Math.round(milliseconds * 1e6));
  const low = (delay % 2 ** 32) | 0;
  const high = Math.floor(delay / 2 ** 32);
  const start = within === undefined ? 'timerStart' : 'idleStart';
  const index = calls.make((core) => core[start](low, high, repeat ? 1 : 0));
  if (index < 0) {
    throw new CalandriaError(
      'ERR_CALANDRIA_LIMIT',
      `All ${calls.memory.limits.timers} timers are in use (limits.timers).`,
    );
  }
  return new kind(calls, deliverer.timers, index, { repeats: repeat, handler });
}
