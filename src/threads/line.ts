// Lines: who waits for the same thing is served in the order in which they began to.
import { Wait } from './wait';

export class Line {
  private readonly waits: LineWait[] = [];

  get first(): LineWait | undefined {
    return this.waits[0];
  }

  get empty(): boolean {
    return this.waits.length === 0;
  }

  join(wait: LineWait): void {
    this.waits.push(wait);
  }

  leave(wait: LineWait): void {
    const place = this.waits.indexOf(wait);
    if (place >= 0) this.waits.splice(place, 1);
  }

  /** Something changed: serves those in front, until one has to wait on. */
  serve(): void {
    for (let first = this.first; first?.act(); first = this.first) this.leave(first);
  }
}

/** A wait for what one after another gets. */
export abstract class LineWait<Value = unknown> extends Wait<Value> {
  protected abstract readonly line: Line;
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
