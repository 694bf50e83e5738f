// Waits for time: a timer of the reactor, or just a later turn.
import type { Timer } from '../reactor/timer';
import type { Thread } from './thread';
import { Wait, type WaitKind } from './wait';

const TIME: readonly WaitKind[] = ['time'];

export class SleepWait extends Wait<void> {
  private readonly milliseconds: number;
  private timer: Timer | undefined;

  constructor(thread: Thread, milliseconds: number) {
    super(thread);
    this.milliseconds = milliseconds;
  }

  get kinds(): readonly WaitKind[] {
    return TIME;
  }

  attempt(): boolean {
    return false;
  }

  enlist(): void {
    const { reactor } = this.thread.threads;
    this.timer = reactor.setTimer(this.milliseconds, () => this.fulfil());
  }

  withdraw(): void {
    this.timer?.cancel();
  }
}

/** A later turn is all it waits for, whether it was asked for or the thread's steps are used up. */
export class PauseWait extends Wait<void> {
  get kinds(): readonly WaitKind[] {
    return TIME;
  }

  attempt(): boolean {
    return false;
  }

  enlist(): void {
    this.thread.threads.pauses.add(this);
  }

  override goOn(): void {
    this.fulfil();
  }

  withdraw(): void {}
}
