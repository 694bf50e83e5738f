// The one linear memory: regions are laid out here, once, from the limits, and never move.

import { DIRTY_SIZE, LEASE_SIZE } from '../../assembly/core-layout';
import * as layout from '../../assembly/layout';
import { CalandriaError } from '../errors';
import type { Limits } from './limits';
import { WRITE_SEGMENT_BYTES } from './limits';

/**
 * Timers that one turn may deliver (assembly/timers.ts) and deliveries that no submission causes.
 */
const DELIVERIES_EXTRA = layout.TIMERS_A_TURN + 64;
/** Pieces for bytes that still lie in an arena; pieces for queue blocks come on top. */
const ARENA_PIECES = 65536;
/** Registrations that one submission may cause: both sides, added or removed. */
const CHANGES_A_SUBMISSION = 2;
const CALLS_SIZE = 1 << 20;
const MEMORY_MAX = 2 ** 31 - layout.PAGE_SIZE;

/** Room that the reactor keeps free in the call stream, so that one more call always fits. */
export const STREAM_MARGIN = 72 << 10;

export interface ReactorMemory {
  /** The WebAssembly.Memory. Not called so in a type that users see: it needs the browser's. */
  readonly wasm: object;
  readonly buffer: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly longs: BigUint64Array;
  readonly limits: Limits;
}

export interface MemorySettings {
  /** SETTING_… bits. */
  readonly settings: number;
  readonly seed: bigint;
  /** Bytes for rings that the kernel writes by itself. Default none. */
  readonly rings?: number;
}

/** Reads a word at a byte address. */
export function word(memory: ReactorMemory, address: number): number {
  return memory.words[address >> 2] as number;
}

/** Reads an unsigned 64-bit value at a byte address. */
export function long(memory: ReactorMemory, address: number): bigint {
  return memory.longs[address >> 3] as bigint;
}

/** The same as a number: exact up to 2^53, and without making a bigint. */
export function number({ words }: ReactorMemory, address: number): number {
  const low = words[address >> 2] as number;
  return (words[(address >> 2) + 1] as number) * 2 ** 32 + (low >>> 0);
}

export function createMemory(
  limits: Limits,
  { settings, seed, rings = 0 }: MemorySettings,
): ReactorMemory {
  const records = limits.connections;
  // On both sides of a file, and between the parts that are read of it, a block need not be full.
  const blocks =
    Math.ceil(limits.queueBytesTotal / layout.BLOCK_SIZE) + 2 * records + 4 * limits.tasks;
  const pieces = blocks + limits.tasks + ARENA_PIECES;
  const deliveries =
    2 * limits.operations + records + limits.tasks + limits.completions + DELIVERIES_EXTRA;
  const changes = CHANGES_A_SUBMISSION * limits.operations + layout.CHANGES_LEAST;
  const segments = limits.readSegments + limits.writeSegments;
  const readSegmentSize = Math.ceil(limits.readBytes / layout.PAGE_SIZE) * layout.PAGE_SIZE;

  const values = new Map<number, number>([
    [layout.CONTROL_MAGIC, layout.LAYOUT_MAGIC],
    [layout.CONTROL_VERSION, layout.LAYOUT_VERSION],
    [layout.RECORDS_MAX, records],
    [layout.SUBMISSIONS_MAX, limits.operations],
    [layout.EVENTS_MAX, limits.events],
    [layout.DELIVERIES_MAX, deliveries],
    [layout.CHANGES_MAX, changes],
    [layout.UPDATES_MAX, 2 * records],
    [layout.CALLS_SIZE_MAX, CALLS_SIZE],
    [layout.TIMERS_MAX, limits.timers],
    [layout.PIECES_MAX, pieces],
    [layout.BLOCKS_MAX, blocks],
    [layout.OPERATIONS_MAX, limits.tasks],
    [layout.OPERATIONS_FLYING_MAX, limits.tasksInFlight],
    [layout.COLLECT_MAX, limits.completions],
    [layout.LEASES_MAX, limits.leases],
    [layout.READ_SEGMENTS_MAX, limits.readSegments],
    [layout.READ_SEGMENT_SIZE, readSegmentSize],
    [layout.WRITE_SEGMENTS_MAX, limits.writeSegments],
    [layout.WRITE_SEGMENT_SIZE, WRITE_SEGMENT_BYTES],
    [layout.QUEUE_SIZE_MAX, limits.queueBytes],
    [layout.QUEUE_TOTAL_MAX, limits.queueBytesTotal],
    [layout.QUEUE_HIGH_WATER, limits.queueHighWater],
    [layout.READ_SIZE_MAX, limits.readBytes],
    [layout.SETTINGS, settings],
    [layout.RINGS_SIZE, rings],
    [layout.SEED_LOW, Number(seed & 0xffffffffn) | 0],
    [layout.SEED_HIGH, Number((seed >> 32n) & 0xffffffffn) | 0],
  ]);

  let end = layout.CONTROL + layout.CONTROL_SIZE;
  const region = (base: number, size: number, alignment = 64): void => {
    end = Math.ceil(end / alignment) * alignment;
    values.set(base, end);
    end += size;
  };
  region(layout.SUBMISSIONS_BASE, limits.operations * layout.SUBMISSION_SIZE);
  region(layout.EVENTS_BASE, limits.events * layout.EVENT_SIZE_MAX);
  region(layout.CHANGES_BASE, changes * layout.EVENT_SIZE_MAX);
  region(layout.DELIVERIES_BASE, deliveries * layout.DELIVERY_SIZE);
  region(layout.UPDATES_BASE, 2 * records * layout.UPDATE_SIZE);
  region(layout.DIRTY_BASE, records * DIRTY_SIZE);
  region(layout.CALLS_BASE, CALLS_SIZE);
  region(layout.RECORDS_BASE, records * layout.RECORD_SIZE, layout.RECORD_SIZE);
  region(layout.PEERS_BASE, records * layout.PEER_SIZE);
  region(layout.TIMERS_BASE, (limits.timers + layout.TIMERS_A_TURN) * layout.TIMER_SIZE);
  region(layout.TIMER_HEAP_BASE, limits.timers * 4);
  region(layout.OPERATIONS_BASE, limits.tasks * layout.TASK_SIZE);
  region(layout.LEASES_BASE, limits.leases * LEASE_SIZE);
  region(layout.PIECES_BASE, pieces * layout.PIECE_SIZE);
  region(layout.BLOCK_LINKS_BASE, blocks * 4);
  region(layout.BLOCKS_BASE, blocks * layout.BLOCK_SIZE, layout.BLOCK_SIZE);
  region(layout.BOUNCE_BASE, layout.DATAGRAM_ROOM, layout.BLOCK_SIZE);
  region(layout.SEGMENTS_BASE, segments * layout.SEGMENT_SIZE);
  region(layout.READ_ARENA_BASE, limits.readSegments * readSegmentSize, layout.PAGE_SIZE);
  region(layout.WRITE_ARENA_BASE, limits.writeSegments * WRITE_SEGMENT_BYTES, layout.PAGE_SIZE);
  // Last, so that all else lies where it does without them, in a replay, say.
  region(layout.RINGS_BASE, rings, layout.PAGE_SIZE);

  // All three languages read addresses as signed words.
  if (end > MEMORY_MAX) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      `These limits need ${Math.ceil(end / 2 ** 20)} MiB of memory, and there are 2,047 at the most:` +
        ' lower connections, queueBytesTotal, readBytes × readSegments or writeSegments.',
    );
  }
  const pages = Math.ceil(end / layout.PAGE_SIZE);
  values.set(layout.MEMORY_SIZE, pages * layout.PAGE_SIZE);
  const wasm = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { buffer } = wasm;
  const memory = {
    wasm,
    buffer,
    bytes: new Uint8Array(buffer),
    words: new Int32Array(buffer),
    longs: new BigUint64Array(buffer),
    limits,
  };
  for (const [address, value] of values) memory.words[address >> 2] = value;
  return memory;
}
