// Idle watchers: work that can wait for a quiet moment, but not for ever.
import { typeError } from '../errors';
import { checkOptions } from './arguments';
import type { Opening } from './opening';
import { startTimer, Timer } from './timer';

export interface IdleOptions {
  /** Milliseconds: the length of a period, and so the longest wait. */
  readonly within: number;
  /** Once in each period, in place of once. Default false. */
  readonly repeat?: boolean;
}

export interface IdleOccasion {
  /** It was never idle, and the period is over. */
  readonly forced: boolean;
}

export type IdleHandler = (watcher: IdleWatcher, occasion: IdleOccasion) => void | Promise<void>;

/** cancel(), ref() and unref() are those of a timer. */
export class IdleWatcher extends Timer {}

/** Watchers come from reactor.idle(). */
export function watchIdle(
  opening: Opening,
  options: IdleOptions,
  handler: IdleHandler,
): IdleWatcher {
  checkOptions('options', options);
  if (typeof handler !== 'function') throw typeError('handler', 'a function', handler);
  const { within, repeat } = options;
  const beat = (timer: Timer, forced: number): void | Promise<void> =>
    handler(timer, { forced: forced !== 0 });
  return startTimer(opening, { within, repeat }, beat, IdleWatcher);
}
