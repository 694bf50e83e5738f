// Iteration: `for await` over what a source tells, as a façade on its handlers. Bounded: with so
// many values waiting the source's appetite goes to 0, and comes back when they were taken.

/** How the source is told to wait, to go on, and that nobody listens any more. */
export interface Flow {
  pause(): void;
  resume(): void;
  stop(): void;
}

/** Values that may wait before the source has to; what one turn brings may come on top. */
const WAITING_MAX = 64;

interface Taker<Value> {
  resolve(result: IteratorResult<Value, undefined>): void;
  reject(error: unknown): void;
}

export class Iteration<Value> implements AsyncIterableIterator<Value, undefined> {
  private readonly flow: Flow;
  private readonly values: Value[] = [];
  private readonly takers: Taker<Value>[] = [];
  private paused = false;
  private over = false;
  private failure: { readonly error: unknown } | undefined;

  constructor(flow: Flow) {
    this.flow = flow;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  push(value: Value): void {
    if (this.over) return;
    const taker = this.takers.shift();
    if (taker) return taker.resolve({ value, done: false });
    this.values.push(value);
    if (this.paused || this.values.length < WAITING_MAX) return;
    this.paused = true;
    this.flow.pause();
  }

  /** No more will come; what waits can still be taken, and then the error, if there is one. */
  end(failure?: { readonly error: unknown }): void {
    if (this.over) return;
    this.over = true;
    this.failure = failure;
    for (const taker of this.takers.splice(0)) this.settle(taker);
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    return new Promise((resolve, reject) => {
      const [value] = this.values;
      if (this.values.length > 0) {
        this.values.shift();
        resolve({ value: value as Value, done: false });
        this.go();
      } else if (this.over) this.settle({ resolve, reject });
      else this.takers.push({ resolve, reject });
    });
  }

  /** The loop was left: nobody will take what waits. */
  return(): Promise<IteratorResult<Value, undefined>> {
    const running = !this.over;
    this.values.length = 0;
    this.failure = undefined;
    this.end();
    if (running) this.flow.stop();
    return Promise.resolve({ value: undefined, done: true });
  }

  private go(): void {
    if (!this.paused || this.values.length > 0) return;
    this.paused = false;
    if (!this.over) this.flow.resume();
  }

  private settle({ resolve, reject }: Taker<Value>): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure) reject(failure.error);
    else resolve({ value: undefined, done: true });
  }
}
