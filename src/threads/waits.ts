// The calls of one thread that are under way: seldom more than one, but it may be ten thousand.
import type { Wait } from './wait';

export class Waits {
  private last: Wait | undefined;

  add(wait: Wait): void {
    wait.before = this.last;
    if (this.last) this.last.behind = wait;
    this.last = wait;
  }

  remove(wait: Wait): void {
    const { before, behind } = wait;
    if (before) before.behind = behind;
    if (behind) behind.before = before;
    else this.last = before;
    wait.before = undefined;
    wait.behind = undefined;
  }

  /** All, oldest first; what changes meanwhile does not matter. */
  list(): Wait[] {
    const all: Wait[] = [];
    for (let wait = this.last; wait; wait = wait.before) all.push(wait);
    return all.reverse();
  }
}
