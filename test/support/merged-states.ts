// States of the core for a search: what its future depends on, saved, restored and named. Lists
// that a turn leaves behind, and most of the arenas, are left out.
import { createHash } from 'node:crypto';
import * as layout from '../../assembly/layout';
import { word } from '../../src/core/memory';
import type { CoreHarness } from './core-harness';

/** The control block with the submissions, the records, the operations, and the arrivals. */
export type SavedCore = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

/** More than all arrivals of one turn take. */
const ARRIVING_MAX = 1024;

/** Words of the control block that count, or are the last turn's, and decide nothing. */
const COUNTING: readonly (readonly [address: number, size: number])[] = [
  [layout.TURN, 8],
  [layout.DIGEST, 8],
  [layout.WAIT_RESULT, 4],
  [layout.DELIVERY_COUNT, 4],
  [layout.UPDATE_COUNT, 4],
  [layout.STATE_READ_EXPECTED, 4],
  [layout.COUNTER_EVENTS, layout.CONTROL + layout.CONTROL_SIZE - layout.COUNTER_EVENTS],
];

/** Words of a record that count, and decide nothing. */
const FORGOTTEN: readonly (readonly [offset: number, size: number])[] = [
  [layout.RX_SEQUENCE, 4],
  [layout.RX_TURN, 8],
  [layout.TX_SEQUENCE, 4],
  [layout.TX_TURN, 8],
  [layout.RECORD_BYTES_IN, 8],
];

function ranges({ memory }: CoreHarness): readonly (readonly [from: number, to: number])[] {
  const at = (base: number): number => word(memory, base);
  return [
    [layout.CONTROL, at(layout.EVENTS_BASE)],
    [at(layout.RECORDS_BASE), at(layout.PEERS_BASE)],
    [at(layout.OPERATIONS_BASE), at(layout.PIECES_BASE)],
    [at(layout.SEGMENTS_BASE), at(layout.READ_ARENA_BASE) + ARRIVING_MAX],
  ];
}

export function saveCore(harness: CoreHarness): SavedCore {
  const { bytes } = harness.memory;
  return ranges(harness).map(([from, to]) => bytes.slice(from, to)) as unknown as SavedCore;
}

export function restoreCore(harness: CoreHarness, saved: SavedCore): void {
  ranges(harness).forEach(([from], place) => {
    harness.memory.bytes.set(saved[place] as Uint8Array, from);
  });
}

/** Two states with the same name have the same future: what only counts is left out. */
export function nameOfState(harness: CoreHarness, saved: SavedCore, kernel: object): string {
  const control = Buffer.from(saved[0]);
  const records = Buffer.from(saved[1]);
  const tasks = Buffer.from(saved[2]);
  const at = (address: number): number => address - layout.CONTROL;
  const parity = (control[at(layout.TURN)] as number) & 1;
  for (const [address, size] of COUNTING) control.fill(0, at(address), at(address) + size);
  const used = control.readInt32LE(at(layout.SUBMISSION_COUNT)) * layout.SUBMISSION_SIZE;
  control.fill(0, at(word(harness.memory, layout.SUBMISSIONS_BASE)) + used);
  for (let record = 0; record < records.length; record += layout.RECORD_SIZE) {
    for (const [offset, size] of FORGOTTEN)
      records.fill(0, record + offset, record + offset + size);
  }
  for (let task = 0; task < tasks.length; task += layout.TASK_SIZE) tasks.fill(0, task, task + 4);
  const hash = createHash('sha1').update(JSON.stringify({ ...kernel, parity }));
  return hash.update(control).update(records).update(tasks).digest('base64');
}
