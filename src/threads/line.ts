// Lines: who waits for the same thing is served in the order in which they began to.
import type { Thread } from './thread';
import { Wait } from './wait';

/** Linked, so that joining, serving and leaving from the middle cost the same in a long line. */
export class Line {
  private front: LineWait | undefined;
  private back: LineWait | undefined;

  get first(): LineWait | undefined {
    return this.front;
  }

  get empty(): boolean {
    return this.front === undefined;
  }

  join(wait: LineWait): void {
    wait.preceding = this.back;
    if (this.back) this.back.following = wait;
    else this.front = wait;
    this.back = wait;
  }

  /** Does nothing for one that is not in it. */
  leave(wait: LineWait): void {
    const { preceding, following } = wait;
    if (!preceding && this.front !== wait) return;
    if (preceding) preceding.following = following;
    else this.front = following;
    if (following) following.preceding = preceding;
    else this.back = preceding;
    wait.preceding = undefined;
    wait.following = undefined;
  }

  /** Something changed: serves those in front, until one has to wait on. */
  serve(): void {
    for (let first = this.first; first?.act(); first = this.first) this.leave(first);
  }
}

/** A wait for what one after another gets. */
export abstract class LineWait<Value = unknown> extends Wait<Value> {
  /** Internal: its neighbours in the line. */
  declare preceding: LineWait | undefined;
  declare following: LineWait | undefined;
  protected abstract readonly line: Line;

  constructor(thread: Thread) {
    super(thread);
    this.preceding = undefined;
    this.following = undefined;
  }

  /** Does it if it can be done now, and answers whether it is over. */
  abstract act(): boolean;

  /** Nobody overtakes those who wait. */
  attempt(): boolean {
    return this.line.empty && this.act();
  }

  enlist(): void {
    this.line.join(this);
  }

  withdraw(): void {
    this.line.leave(this);
  }
}
