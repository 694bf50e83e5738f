// Deadlines of connections. All that wait for the same thing have the same time for it, so each
// list is in the order of its deadlines by itself: to wait anew is to go to the end of the list,
// and one timer looks at the fronts. Waiting costs a few pointers and no timer of its own.
import type { Reactor } from '../reactor/reactor';
import type { Timer } from '../reactor/timer';

/** Something that can wait in one list at a time. */
export interface Waiting {
  list: Deadline | undefined;
  before: Waiting | undefined;
  behind: Waiting | undefined;
  /** ms of the reactor's time. */
  since: number;
}

/** One list: who waits for the same thing. */
export class Deadline {
  readonly milliseconds: number;
  readonly expired: (waiting: Waiting) => void;
  first: Waiting | undefined;
  last: Waiting | undefined;
  size = 0;

  constructor(milliseconds: number, expired: (waiting: never) => void) {
    this.milliseconds = milliseconds;
    this.expired = expired as (waiting: Waiting) => void;
  }

  /** Puts it at the end, out of whichever list it was in. */
  enter(waiting: Waiting, now: number): void {
    leave(waiting);
    waiting.since = now;
    waiting.list = this;
    waiting.before = this.last;
    if (this.last) this.last.behind = waiting;
    else this.first = waiting;
    this.last = waiting;
    this.size++;
  }
}

/** It waits for nothing any more. */
export function leave(waiting: Waiting): void {
  const { list, before, behind } = waiting;
  if (!list) return;
  if (before) before.behind = behind;
  else list.first = behind;
  if (behind) behind.before = before;
  else list.last = before;
  waiting.list = undefined;
  waiting.before = undefined;
  waiting.behind = undefined;
  list.size--;
}

/** The timer behind the lists. It is set to the earliest deadline, and never keeps the process. */
export class Deadlines {
  private readonly reactor: Reactor;
  private readonly lists: readonly Deadline[];
  private timer: Timer | undefined;
  private due = Number.POSITIVE_INFINITY;

  constructor(reactor: Reactor, lists: readonly Deadline[]) {
    this.reactor = reactor;
    this.lists = lists;
  }

  /** Somebody entered a list: is the timer early enough? */
  watch(list: Deadline, now: number): void {
    const due = now + list.milliseconds;
    if (due < this.due) this.set(due, now);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.due = Number.POSITIVE_INFINITY;
  }

  private set(due: number, now: number): void {
    this.timer?.cancel();
    this.due = due;
    this.timer = this.reactor.setTimer(Math.max(0, due - now), () => this.look()).unref();
  }

  private look(): void {
    this.timer = undefined;
    this.due = Number.POSITIVE_INFINITY;
    const { now } = this.reactor;
    let next = Number.POSITIVE_INFINITY;
    for (const list of this.lists) {
      while (list.first && list.first.since + list.milliseconds <= now) {
        const { first } = list;
        leave(first);
        list.expired(first);
      }
      if (list.first) next = Math.min(next, list.first.since + list.milliseconds);
    }
    // Whoever expired may have set it anew.
    if (next < this.due) this.set(next, now);
  }
}
