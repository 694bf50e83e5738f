// A wait for something that answers by a promise: an operation on a file. Given up it goes on, and
// nobody hears of it.
import type { Thread } from './thread';
import { Wait, type WaitKind, WaitState } from './wait';

export const FILE: readonly WaitKind[] = ['file'];

export class OperationWait<Value> extends Wait<Value> {
  private readonly operation: () => Promise<Value>;
  private readonly unheard: ((value: Value) => void) | undefined;

  /** `unheard`: does away with what came when nobody waits any more. */
  constructor(thread: Thread, operation: () => Promise<Value>, unheard?: (value: Value) => void) {
    super(thread);
    this.operation = operation;
    this.unheard = unheard;
  }

  get kinds(): readonly WaitKind[] {
    return FILE;
  }

  attempt(): boolean {
    return false;
  }

  enlist(): void {
    this.operation().then(
      (value) => {
        if (this.state === WaitState.Over) this.unheard?.(value);
        else this.fulfil(value);
      },
      (error) => this.fail(error),
    );
  }

  withdraw(): void {}
}
