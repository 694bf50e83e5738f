// any(): several waits of which the first that is ready is done, and the others are given up.
import type { Thread } from './thread';
import { type Claim, freshWait, Wait, type WaitKind, WaitState } from './wait';

export interface First<Value> {
  /** Which of them it was. */
  readonly index: number;
  readonly value: Value;
}

export class AnyWait<Value> extends Wait<First<Value>> implements Claim {
  /** Calls of the thread that have not begun, or promises of others, which cannot be given up. */
  private readonly cases: readonly (Wait | Promise<unknown>)[];

  constructor(thread: Thread, cases: readonly unknown[]) {
    super(thread);
    this.cases = cases.map((each) => {
      const wait = freshWait(each);
      if (!wait) return Promise.resolve(each);
      wait.state = WaitState.Claimed;
      wait.claim = this;
      return wait;
    });
  }

  get kinds(): WaitKind[] {
    return this.cases.flatMap((each) => (each instanceof Wait ? each.kinds : []));
  }

  /** In their order: the first that can be done is. */
  attempt(): boolean {
    return this.cases.some((each) => each instanceof Wait && each.attempt());
  }

  enlist(): void {
    this.cases.forEach((each, index) => {
      if (this.state === WaitState.Over) return;
      if (each instanceof Wait) {
        each.state = WaitState.Waiting;
        each.enlist();
      } else {
        each.then(
          (value) => this.take(index, false, value),
          (error) => this.take(index, true, error),
        );
      }
    });
  }

  withdraw(): void {
    for (const each of this.cases) if (each instanceof Wait) each.giveUp();
  }

  over(wait: Wait, failed: boolean, outcome: unknown): void {
    this.take(this.cases.indexOf(wait), failed, outcome);
  }

  private take(index: number, failed: boolean, outcome: unknown): void {
    if (this.state === WaitState.Over) return;
    this.withdraw();
    if (failed) this.fail(outcome);
    else this.fulfil({ index, value: outcome as Value });
  }
}
