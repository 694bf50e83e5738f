// The calls from outside that a program replay expects. What was called for one connection has to
// be called again in the same order. Between connections the order is chance: Node's own timers and
// files have a time of their own, and the trace says where each call landed.
import * as layout from '../../assembly/layout';
import type { Call } from './calls';

export class OutsideCalls {
  /** Places that were not called yet, in order, by subject. */
  private readonly places = new Map<number, number[]>();
  private readonly open = new Set<number>();

  constructor(calls: readonly Call[]) {
    calls.forEach(({ operation, record, generation }, place) => {
      const subject = subjectOf(operation, record, generation);
      const known = this.places.get(subject);
      if (known) known.push(place);
      else this.places.set(subject, [place]);
      this.open.add(place);
    });
  }

  /** How many the program still has to make. */
  get left(): number {
    return this.open.size;
  }

  /** Was this one made? */
  taken(place: number): boolean {
    return !this.open.has(place);
  }

  /** The place of the next call for this subject. */
  next(operation: number, record: number, generation: number): number | undefined {
    return this.places.get(subjectOf(operation, record, generation))?.[0];
  }

  /** The call was made; returns its place. */
  take(call: Call | undefined): number | undefined {
    if (!call) return undefined;
    const { operation, record, generation } = call;
    const place = this.places.get(subjectOf(operation, record, generation))?.shift();
    if (place !== undefined) this.open.delete(place);
    return place;
  }
}

/** A connection; for calls that have none, what is called. */
function subjectOf(operation: number, record: number, generation: number): number {
  switch (operation) {
    case layout.CALL_LISTEN:
    case layout.CALL_CONNECT:
    case layout.CALL_OPEN:
    case layout.CALL_TIMER_START:
    case layout.CALL_IDLE_START:
    case layout.CALL_TIMER_CANCEL:
    case layout.CALL_RANDOM:
    case layout.CALL_STOP:
      return -operation;
    case layout.CALL_UNLEASE:
      return -(operation * 2 ** 21 + record);
    default:
      return (generation >>> 0) * 2 ** 21 + (record >>> 0);
  }
}
