// The queue of those who have to wait for a later turn: they paused, or used up their steps. One
// timer of the reactor's own, of 0 ms, stands for all of them: it is in the trace, it comes behind
// the turn's other news, and with nobody in the queue there is none.
import type { Reactor } from '../reactor/reactor';
import { Meter } from './meter';

export interface Paused {
  /** The later turn has come. Whoever does not wait any more ignores it. */
  goOn(): void;
}

export class Pauses {
  readonly meter: Meter;
  private readonly reactor: Reactor;
  private queue: Paused[] = [];
  private armed = false;

  constructor(reactor: Reactor) {
    this.reactor = reactor;
    this.meter = new Meter(reactor);
  }

  /**
   * To the end of the queue.
   * @throws ERR_CALANDRIA_LIMIT no timer is left; ERR_CALANDRIA_CLOSED the reactor is closed.
   */
  add(paused: Paused): void {
    if (!this.armed) this.reactor.setTimer(0, () => this.run());
    this.armed = true;
    this.meter.arrive();
    this.queue.push(paused);
  }

  /** Those who came before this turn, in order; who pauses again is behind them. */
  private run(): void {
    this.armed = false;
    const queue = this.queue;
    this.queue = [];
    for (const paused of queue) {
      this.meter.depart();
      paused.goOn();
    }
  }
}
