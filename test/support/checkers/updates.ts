// One update a side a turn, if and only if the tuple differs from what it was when the last turn
// settled.
import * as layout from '../../../assembly/layout';
import type { CoreHarness, Turn } from '../core-harness';
import { type Checker, violated } from './checker';

interface Seen {
  readonly generation: number;
  readonly rx: string;
  readonly tx: string;
  readonly sequences: { rx: number; tx: number };
}

/** What a record says before anything happened to it. */
const FRESH = {
  rx: JSON.stringify([0, 0, false, 0]),
  tx: JSON.stringify([layout.UNKNOWN, 0, 0, false, 0]),
};

export class UpdatesChecker implements Checker {
  private readonly seen = new Map<number, Seen>();

  turn(harness: CoreHarness, { updates }: Turn): void {
    const told = new Map<string, number>();
    for (const { record, side, sequence } of updates) {
      const key = `${record} ${side}`;
      if (told.has(key)) violated('at most one update a side a turn', { record, side });
      told.set(key, sequence);
    }
    for (let record = 0; record < harness.word(layout.RECORDS_TOUCHED); record++) {
      this.compare(harness, record, told);
    }
  }

  private compare(harness: CoreHarness, record: number, told: Map<string, number>): void {
    const view = harness.record({ record, generation: 0 });
    if (view.state === layout.STATE_FREE) return;
    const known = this.seen.get(record);
    const fresh = { generation: view.generation, ...FRESH, sequences: { rx: 0, tx: 0 } };
    const before = known?.generation === view.generation ? known : fresh;
    const { rx, tx } = view;
    const now: Seen = {
      generation: view.generation,
      rx: JSON.stringify([rx.available, rx.error, rx.eof, rx.exactness]),
      tx: JSON.stringify([tx.space, tx.queued, tx.error, tx.ended, tx.exactness]),
      sequences: { rx: rx.sequence, tx: tx.sequence },
    };
    for (const side of ['rx', 'tx'] as const) {
      const changed = before[side] !== now[side];
      const sequence = told.get(`${record} ${side}`);
      if (changed !== (sequence !== undefined)) {
        violated('an update if and only if the tuple changed', { record, side, before, now });
      }
      const expected = before.sequences[side] + (changed ? 1 : 0);
      if (now.sequences[side] !== expected || (changed && sequence !== expected)) {
        violated('the sequence counts the updates', { record, side, sequence, expected });
      }
    }
    this.seen.set(record, now);
  }
}
