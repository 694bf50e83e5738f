// Timers, modelled by a list that is sorted anew each turn: who is due is delivered, by deadline
// and then by order of creation, never early; a periodic one says how many beats there were.
import * as layout from '../../../assembly/layout';
import type { CoreHarness, Handle, Turn } from '../core-harness';
import { type Checker, nameOf, violated } from './checker';

interface Armed {
  readonly timer: Handle;
  readonly period: bigint;
  readonly order: number;
  /** While arming, the delay. */
  deadline: bigint;
  armed: boolean;
}

export class TimersChecker implements Checker {
  private readonly timers = new Map<string, Armed>();
  /** Indices of one-shot timers that this turn delivers. */
  private readonly pending = new Set<number>();
  private started = 0;

  start(timer: Handle, delay: number, repeat: boolean): void {
    if (this.timers.has(nameOf(timer))) violated('a timer has a name of its own', timer);
    if (this.pending.has(timer.record)) violated('a delivery keeps its index', timer);
    const order = this.started++;
    const deadline = BigInt(delay);
    const period = repeat ? deadline : 0n;
    this.timers.set(nameOf(timer), { timer, order, armed: false, deadline, period });
  }

  end(): void {
    this.pending.clear();
  }

  /** The result that cancelling it has to have. */
  cancel(timer: Handle): boolean {
    return this.timers.delete(nameOf(timer));
  }

  alive(): Handle[] {
    return [...this.timers.values()].map(({ timer }) => timer);
  }

  turn(harness: CoreHarness, { deliveries }: Turn): void {
    const { now } = harness;
    this.pending.clear();
    for (const timer of this.timers.values()) {
      if (!timer.armed) timer.deadline += now;
      timer.armed = true;
    }
    const due = [...this.timers.values()].filter(({ deadline }) => deadline <= now);
    due.sort((a, b) =>
      a.deadline === b.deadline ? a.order - b.order : a.deadline < b.deadline ? -1 : 1,
    );
    due.length = Math.min(due.length, layout.TIMERS_A_TURN);
    const fired = deliveries.filter(({ kind }) => kind === 'timer');
    const expected = due.map((each) => this.fire(each, now));
    const seen = fired.map((delivery) => `${nameOf(delivery)} ${delivery.value}`);
    if (expected.join() !== seen.join()) violated('due timers fire in order', { expected, seen });
  }

  private fire(due: Armed, now: bigint): string {
    let beats = 1n;
    if (due.period === 0n) {
      this.timers.delete(nameOf(due.timer));
      this.pending.add(due.timer.record);
    } else {
      beats = (now - due.deadline) / due.period + 1n;
      due.deadline += beats * due.period;
    }
    return `${nameOf(due.timer)} ${beats}`;
  }
}
