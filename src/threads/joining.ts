// Waiting for another thread's end.
import type { Joiner, Outcome, Thread } from './thread';
import { Wait, type WaitKind } from './wait';

const THREAD: readonly WaitKind[] = ['thread'];

export class JoinWait<Result> extends Wait<Result> implements Joiner<Result> {
  private readonly other: Thread<Result>;

  constructor(thread: Thread, other: Thread<Result>) {
    super(thread);
    this.other = other;
  }

  get kinds(): readonly WaitKind[] {
    return THREAD;
  }

  attempt(): boolean {
    const { outcome } = this.other;
    if (outcome) this.ended(outcome);
    return outcome !== undefined;
  }

  enlist(): void {
    this.other.await(this);
  }

  withdraw(): void {
    this.other.leave(this);
  }

  ended(outcome: Outcome<Result>): void {
    if (outcome.failed) this.fail(outcome.error);
    else this.fulfil(outcome.value);
  }
}
