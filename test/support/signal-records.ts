// The records of real-time signals in a trace, as the kernel wrote them (signalfd(2)).
import { SIGNAL_EVENT_SIZE } from '../../assembly/layout';
import { openTrace } from '../../src/index';

export interface SignalRecord {
  readonly turn: number;
  /** For which it was taken. */
  readonly record: number;
  readonly signal: number;
  readonly fd: number;
  /** What came, as poll(2) says it. */
  readonly band: number;
}

export function signalsOf(file: string): SignalRecord[] {
  const found = [];
  for (const { turn, events, eventSize } of openTrace(file).turns()) {
    if (eventSize !== SIGNAL_EVENT_SIZE) continue;
    for (let at = 0; at < events.length; at += eventSize) {
      found.push({
        turn,
        record: events.readInt32LE(at),
        signal: events.readUInt32LE(at + 8),
        fd: events.readInt32LE(at + 28),
        band: events.readUInt32LE(at + 36),
      });
    }
  }
  return found;
}
