// The core's own bookkeeping: references of segments, free lists, the work list, the dirty list.
// Everything that is counted is counted again here, from the other end.

import {
  DIRTY_RECORD,
  DIRTY_SIZE,
  LEASE_LENGTH,
  LEASE_SEGMENT,
  LEASE_SIZE,
  LEASES_USED,
  STATE_FREE_LEASE,
  STATE_LEASED_SEGMENTS,
  STATE_LEASES_TOUCHED,
} from '../../../assembly/core-layout';
import * as layout from '../../../assembly/layout';
import type { CoreHarness } from '../core-harness';
import { queuedPieces, recordAddress, type Submission } from '../core-views';
import { type Checker, violated } from './checker';

/** Write segments that hold the bytes of operations. */
function heldByTasks(harness: CoreHarness): number[] {
  const base = harness.word(layout.OPERATIONS_BASE);
  const held: number[] = [];
  for (let task = 0; task < harness.word(layout.STATE_OPERATIONS_TOUCHED); task++) {
    const at = base + task * layout.TASK_SIZE;
    if (harness.memory.bytes[at + layout.TASK_STATE] === layout.TASK_STATE_FREE) continue;
    const segment = harness.word(at + layout.TASK_SEGMENT);
    if (segment !== layout.NONE) held.push(segment);
  }
  return held;
}

/** Segments that leases hold; the free ones are in their list. */
function heldByLeases(harness: CoreHarness): number[] {
  const base = harness.word(layout.LEASES_BASE);
  const touched = harness.word(STATE_LEASES_TOUCHED);
  const held: number[] = [];
  for (let lease = 0; lease < touched; lease++) {
    const at = base + lease * LEASE_SIZE;
    if (harness.word(at + LEASE_LENGTH) === 0) continue;
    held.push(harness.word(at + LEASE_SEGMENT));
  }
  let free = 0;
  for (let lease = harness.word(STATE_FREE_LEASE); lease !== layout.NONE; free++) {
    lease = harness.word(base + lease * LEASE_SIZE + LEASE_SEGMENT);
  }
  if (held.length + free !== touched) violated('no lease leaks', { held, free, touched });
  if (held.length !== harness.word(LEASES_USED)) violated('leases are counted', held);
  if (new Set(held).size !== harness.word(STATE_LEASED_SEGMENTS)) {
    violated('leased segments are counted', held);
  }
  return held;
}

export class MemoryChecker implements Checker {
  turn(harness: CoreHarness): void {
    this.check(harness, []);
    this.dirtyList(harness);
  }

  /** Only sources that repeat themselves are looked at in the next turn anyhow. */
  private dirtyList(harness: CoreHarness): void {
    const base = harness.word(layout.DIRTY_BASE);
    for (let place = 0; place < harness.word(layout.STATE_DIRTY_COUNT); place++) {
      const record = harness.word(base + place * DIRTY_SIZE + DIRTY_RECORD);
      const { work } = harness.record({ record, generation: 0 });
      if (!(work & layout.WORK_LEVEL)) violated('the dirty list is settled', record);
    }
  }

  end(harness: CoreHarness, submissions: readonly Submission[]): void {
    this.check(harness, submissions);
    this.readRoom(harness);
  }

  private check(harness: CoreHarness, submissions: readonly Submission[]): void {
    const used = this.records(harness);
    if (used !== harness.word(layout.RECORDS_USED)) violated('records used', used);
    this.workList(harness);
    this.segments(harness, submissions);
  }

  private records(harness: CoreHarness): number {
    const touched = harness.word(layout.RECORDS_TOUCHED);
    const free = new Set<number>();
    let record = harness.word(layout.STATE_FREE_RECORD);
    while (record !== layout.NONE) {
      if (free.has(record) || record >= touched) violated('the free list has no loop', record);
      if (harness.record({ record, generation: 0 }).state !== layout.STATE_FREE) {
        violated('free records are free', record);
      }
      free.add(record);
      record = harness.word(recordAddress(harness.memory, record) + layout.RECORD_NEXT);
    }
    let used = 0;
    for (let each = 0; each < touched; each++) {
      if (harness.record({ record: each, generation: 0 }).state === layout.STATE_FREE) {
        if (!free.has(each)) violated('a free record can be had again', each);
      } else used++;
    }
    return used;
  }

  private workList(harness: CoreHarness): void {
    const listed = new Set<number>();
    let last: number = layout.NONE;
    let record = harness.word(layout.STATE_WORK_HEAD);
    while (record !== layout.NONE) {
      const { state, work } = harness.record({ record, generation: 0 });
      if (listed.has(record)) violated('the work list holds a record once', record);
      if (!(work & layout.WORK_LISTED)) violated('what is in the work list knows it', record);
      if (state === layout.STATE_FREE) violated('no free record has work', record);
      listed.add(record);
      last = record;
      record = harness.word(recordAddress(harness.memory, record) + layout.RECORD_NEXT);
    }
    if (last !== harness.word(layout.STATE_WORK_TAIL)) violated('the work list has an end', last);
    if (listed.size !== harness.word(layout.STATE_WORK_COUNT)) {
      violated('the work list is counted', listed.size);
    }
    for (let each = 0; each < harness.word(layout.RECORDS_TOUCHED); each++) {
      const { state, work } = harness.record({ record: each, generation: 0 });
      const marked = state !== layout.STATE_FREE && (work & layout.WORK_LISTED) !== 0;
      if (marked && !listed.has(each)) violated('marked records are in the list', each);
    }
  }

  /** References: pieces, names that a listen or connect still needs, and nothing else. */
  private segments(harness: CoreHarness, submissions: readonly Submission[]): void {
    const { readSegments, writeSegments } = harness.memory.limits;
    const references = new Array<number>(readSegments + writeSegments).fill(0);
    const blocks = new Set<number>();
    let arenaPieces = 0;
    const nameAt = (address: number): void => {
      const segment = this.segmentOf(harness, address);
      references[segment] = (references[segment] as number) + 1;
    };
    for (let record = 0; record < harness.word(layout.RECORDS_TOUCHED); record++) {
      const { state, work } = harness.record({ record, generation: 0 });
      if (state === layout.STATE_FREE) continue;
      if (work & layout.WORK_WANT_OPEN) {
        const peer = harness.word(layout.PEERS_BASE) + record * layout.PEER_SIZE;
        nameAt(harness.word(peer + layout.ASKED_ADDRESS));
      }
      for (const piece of queuedPieces(harness.memory, record)) {
        // A file stands there, and no bytes.
        if ((piece.home & layout.HOME_FILE) !== 0 && piece.length === 0) continue;
        if (piece.length === 0) violated('no piece is empty', { record, piece });
        if (piece.home & layout.HOME_BLOCK) {
          const block = piece.home & ~layout.HOME_BLOCK;
          if (blocks.has(block)) violated('a block has one owner', { record, piece });
          const start = harness.word(layout.BLOCKS_BASE) + block * layout.BLOCK_SIZE;
          const end = start + layout.BLOCK_SIZE;
          if (piece.address < start || piece.address + piece.length > end) {
            violated('a piece lies in its block', { record, piece });
          }
          blocks.add(block);
        } else {
          if (this.segmentOf(harness, piece.address) !== piece.home) {
            violated('a piece lies in its segment', { record, piece });
          }
          references[piece.home] = (references[piece.home] as number) + 1;
          arenaPieces++;
        }
      }
    }
    for (const { operation, address } of submissions) {
      if (/^(listen|connect|open)$/.test(operation)) nameAt(address);
    }
    for (const segment of [...heldByTasks(harness), ...heldByLeases(harness)]) {
      references[segment] = (references[segment] as number) + 1;
    }
    const base = harness.word(layout.SEGMENTS_BASE);
    const counted = references.map((_, segment) =>
      harness.word(base + segment * layout.SEGMENT_SIZE + layout.SEGMENT_REFERENCES),
    );
    if (references.some((total, segment) => total !== counted[segment])) {
      violated('a segment counts who refers to it', { references, counted });
    }
    if (arenaPieces !== harness.word(layout.STATE_PIECES_ARENA)) {
      violated('pieces in the arenas are counted', arenaPieces);
    }
  }

  private segmentOf(harness: CoreHarness, address: number): number {
    const { readSegments } = harness.memory.limits;
    const read = harness.word(layout.READ_ARENA_BASE);
    const write = harness.word(layout.WRITE_ARENA_BASE);
    if (address >= write) {
      const size = harness.word(layout.WRITE_SEGMENT_SIZE);
      return readSegments + Math.floor((address - write) / size);
    }
    return Math.floor((address - read) / harness.word(layout.READ_SEGMENT_SIZE));
  }

  /** Nobody refers to bytes that lie where the next reads go. */
  private readRoom(harness: CoreHarness): void {
    const size = harness.word(layout.READ_SEGMENT_SIZE);
    const arena = harness.word(layout.READ_ARENA_BASE);
    const rooms = [[harness.word(layout.READ_CURSOR), harness.word(layout.READ_LIMIT)]];
    for (let spare = 0; spare < harness.word(layout.SPARE_COUNT); spare++) {
      const start = arena + harness.word(layout.SPARE_LIST + 4 * spare) * size;
      rooms.push([start, start + size]);
    }
    for (let record = 0; record < harness.word(layout.RECORDS_TOUCHED); record++) {
      if (harness.record({ record, generation: 0 }).state === layout.STATE_FREE) continue;
      for (const piece of queuedPieces(harness.memory, record)) {
        for (const [start, end] of rooms as [number, number][]) {
          if (piece.address < end && piece.address + piece.length > start) {
            violated('no segment is reused while a piece refers to it', { record, piece, start });
          }
        }
      }
    }
  }

  finish(harness: CoreHarness): void {
    if (harness.word(layout.RECORDS_USED) !== 0) violated('no record is left', {});
    if (harness.word(layout.TIMERS_USED) !== 0) violated('no timer is left', {});
    this.check(harness, []);
    const chain = (head: number, next: (place: number) => number): number => {
      let total = 0;
      for (let place = harness.word(head); place !== layout.NONE; place = next(place)) total++;
      return total;
    };
    const pieces = chain(layout.STATE_FREE_PIECE, (piece) =>
      harness.word(
        harness.word(layout.PIECES_BASE) + piece * layout.PIECE_SIZE + layout.PIECE_NEXT,
      ),
    );
    const blocks = chain(layout.STATE_FREE_BLOCK, (block) =>
      harness.word(harness.word(layout.BLOCK_LINKS_BASE) + block * 4),
    );
    const timers = chain(layout.STATE_FREE_TIMER, (timer) =>
      harness.word(
        harness.word(layout.TIMERS_BASE) + timer * layout.TIMER_SIZE + layout.TIMER_NEXT,
      ),
    );
    const tasks = chain(layout.STATE_FREE_OPERATION, (task) =>
      harness.word(
        harness.word(layout.OPERATIONS_BASE) + task * layout.TASK_SIZE + layout.TASK_NEXT,
      ),
    );
    if (tasks !== harness.word(layout.STATE_OPERATIONS_TOUCHED)) {
      violated('no operation leaks', tasks);
    }
    if (timers !== harness.word(layout.STATE_TIMERS_TOUCHED)) violated('no timer leaks', timers);
    if (pieces !== harness.word(layout.STATE_PIECES_TOUCHED)) violated('no piece leaks', pieces);
    if (blocks !== harness.word(layout.STATE_BLOCKS_TOUCHED)) violated('no block leaks', blocks);
  }
}
