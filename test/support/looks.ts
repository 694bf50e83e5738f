// What each look at the kernel brought, as a trace tells it.
import { openTrace } from '../../src/index';

export interface Look {
  readonly notifier: number;
  readonly events: number;
}

/** Those of the recorded turns that had events, in order. */
export function looksOf(file: string): Look[] {
  const looks: Look[] = [];
  for (const { notifier, events, eventSize } of openTrace(file).turns()) {
    if (events.length > 0) looks.push({ notifier, events: events.length / eventSize });
  }
  return looks;
}
