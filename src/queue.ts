// A queue of values: first in, first out, at the same cost however many there are. An array that is
// shifted moves all that remain.

/** Taken values in front of the others, before those are moved over them. */
const TAKEN_MAX = 1024;

export class Queue<Value> {
  private values: (Value | undefined)[] = [];
  private taken = 0;

  get length(): number {
    return this.values.length - this.taken;
  }

  /** The oldest; there has to be one. */
  get first(): Value {
    return this.values[this.taken] as Value;
  }

  set first(value: Value) {
    this.values[this.taken] = value;
  }

  push(value: Value): void {
    this.values.push(value);
  }

  /** Takes the oldest; there has to be one. */
  take(): Value {
    const value = this.first;
    this.values[this.taken++] = undefined;
    if (this.taken === this.values.length) {
      this.values = [];
      this.taken = 0;
    } else if (this.taken >= TAKEN_MAX && 2 * this.taken >= this.values.length) {
      // Not more are moved than were taken since the last time.
      this.values = this.values.slice(this.taken);
      this.taken = 0;
    }
    return value;
  }
}
