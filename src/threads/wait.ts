// A wait: one call of a thread that looks blocking. It begins when the thread gives way, in the
// order of the calls, unless any() takes it before that: so of several only the one that wins is
// ever done.
//
//   fresh ── any() ──▶ claimed: begun, done and given up by that any()
//     │
//   begin() ◀── a later turn ── paused: the thread has no steps left in this one
//     ├── attempt() can do it ──▶ over
//     └── enlist() ──▶ waiting ── fulfil(), fail() or giveUp() ──▶ over
import type { Thread } from './thread';

/** What it waits for. A strict thread waits for a file or for the network, not for both. */
export type WaitKind = 'network' | 'file' | 'time' | 'thread';

export enum WaitState {
  Fresh,
  Claimed,
  Paused,
  Waiting,
  Over,
}

/** Who began several waits and takes the first. */
export interface Claim {
  over(wait: Wait, failed: boolean, outcome: unknown): void;
}

/** As a method, so that a wait for something is a wait, whatever for. */
type Resolve<Value> = { resolve(value: Value): void }['resolve'];

const WAIT = Symbol('wait');

interface Marked {
  [WAIT]?: Wait;
}

export abstract class Wait<Value = unknown> {
  // Declared here and set in the constructor, for there are many classes of waits: defining a field
  // in an object of each kind costs V8 80 ns.
  declare readonly thread: Thread;
  declare readonly promise: Promise<Value>;
  declare state: WaitState;
  declare claim: Claim | undefined;
  /** Internal: neighbours among the waits of its thread. */
  declare before: Wait | undefined;
  declare behind: Wait | undefined;
  declare private resolve: Resolve<Value>;
  declare private reject: (error: unknown) => void;

  constructor(thread: Thread) {
    this.thread = thread;
    this.state = WaitState.Fresh;
    this.claim = undefined;
    this.before = undefined;
    this.behind = undefined;
    this.promise = new Promise<Value>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    (this.promise as Marked)[WAIT] = this as Wait;
  }

  abstract get kinds(): readonly WaitKind[];
  /** Does it when it can be done now: calls fulfil() or fail(), and answers true. */
  abstract attempt(): boolean;
  /** Stands in line: somebody will call fulfil() or fail(). */
  abstract enlist(): void;
  /** Leaves the line. Nothing was taken, and nothing is lost. */
  abstract withdraw(): void;

  /** Goes on when its thread is over, and nobody waits for it. */
  get outlives(): boolean {
    return false;
  }

  /** Its thread gives way, and has steps left. */
  begin(): void {
    if (this.attempt()) return;
    if (this.state === WaitState.Fresh) this.thread.waits.add(this);
    this.state = WaitState.Waiting;
    this.enlist();
  }

  /** For a later turn. */
  postpone(): void {
    if (this.state === WaitState.Fresh) this.thread.waits.add(this);
    this.state = WaitState.Paused;
  }

  /** That turn has come. */
  goOn(): void {
    if (this.state === WaitState.Paused) this.thread.threads.begin(this);
  }

  fulfil(value: Value): void {
    if (this.state === WaitState.Over) return;
    this.leave(false, value);
    this.resolve(value);
  }

  fail(error: unknown): void {
    if (this.state === WaitState.Over) return;
    this.leave(true, error);
    // Its any() tells; a thread that is aborted, or did not wait for its writes, overlooks nothing.
    if (this.claim || this.outlives || this.thread.isAborted) this.promise.catch(() => {});
    this.reject(error);
  }

  /** Its thread was aborted. */
  cancel(error: unknown): void {
    if (this.state === WaitState.Waiting) this.withdraw();
    this.fail(error);
  }

  /** Another one won, or its thread is over: it never settles. */
  giveUp(): void {
    const { state } = this;
    this.state = WaitState.Over;
    if (state === WaitState.Waiting) this.withdraw();
  }

  private leave(failed: boolean, outcome: unknown): void {
    const { state, claim } = this;
    this.state = WaitState.Over;
    if (claim) claim.over(this, failed, outcome);
    else if (state !== WaitState.Fresh) this.thread.waits.remove(this);
  }
}

/** The wait behind the promise that a call of a thread gave, while it has not begun. */
export function freshWait(promise: unknown): Wait | undefined {
  const wait = (promise as Marked | null | undefined)?.[WAIT];
  return wait?.state === WaitState.Fresh ? wait : undefined;
}
