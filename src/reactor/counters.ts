// Counters: what happened, by name. The core's are the same in a replay; the host's say what the
// kernel was asked, and differ from run to run.
import * as layout from '../../assembly/layout';
import { long, type ReactorMemory } from '../core/memory';

const ADDRESSES = {
  /** Kernel records ingested. */
  events: layout.COUNTER_EVENTS,
  /** Of those, for an earlier owner of the record: dropped. */
  eventsStale: layout.COUNTER_EVENTS_STALE,
  /** Times that the kernel had lost some, and everything was looked at. */
  eventsOverflowed: layout.COUNTER_EVENTS_OVERFLOWED,
  completionsStale: layout.COUNTER_COMPLETIONS_STALE,
  /** Sides of records that changed: events merge into these. */
  updates: layout.COUNTER_UPDATES,
  deliveries: layout.COUNTER_DELIVERIES,
  accepted: layout.COUNTER_ACCEPTED,
  connected: layout.COUNTER_CONNECTED,
  closed: layout.COUNTER_CLOSED,
  /** Reads that brought bytes. */
  reads: layout.COUNTER_READS,
  /** Reads that ended in EAGAIN: wasted calls. */
  readsEmpty: layout.COUNTER_READS_EMPTY,
  /** Reads that had to wait because sends hold the whole read arena. */
  readsWaiting: layout.COUNTER_READS_WAITING,
  writes: layout.COUNTER_WRITES,
  /** Writes of which the kernel took only a part, or nothing. */
  writesShort: layout.COUNTER_WRITES_SHORT,
  writesBlocked: layout.COUNTER_WRITES_BLOCKED,
  bytesIn: layout.COUNTER_BYTES_IN,
  bytesOut: layout.COUNTER_BYTES_OUT,
  /** Bytes copied into queue blocks because they could not leave with their turn. */
  bytesMoved: layout.COUNTER_BYTES_MOVED,
  /** Bytes taken but never sent: the connection failed or was destroyed. */
  bytesDropped: layout.COUNTER_BYTES_DROPPED,
  /** Times that accepting paused for want of descriptors or records. */
  acceptsParked: layout.COUNTER_ACCEPTS_PARKED,
  timersFired: layout.COUNTER_TIMERS_FIRED,
  calls: layout.COUNTER_CALLS,
  /** Operations on files and their kin, and how they were served. */
  operations: layout.COUNTER_OPERATIONS,
  operationsAtOnce: layout.COUNTER_OPERATIONS_AT_ONCE,
  operationsKernel: layout.COUNTER_OPERATIONS_KERNEL,
  operationsPool: layout.COUNTER_OPERATIONS_POOL,
  /** Asked again for the rest, because less came than was asked for. */
  operationsShort: layout.COUNTER_OPERATIONS_SHORT,
  /** The host had no room for one more at the time. */
  operationsRefused: layout.COUNTER_OPERATIONS_REFUSED,
  announcements: layout.COUNTER_ANNOUNCEMENTS,
  collects: layout.COUNTER_COLLECTS,
  collectsEmpty: layout.COUNTER_COLLECTS_EMPTY,
  /** Datagrams, signals, changes, posts and the like. */
  recordsIn: layout.COUNTER_RECORDS_IN,
  recordsOut: layout.COUNTER_RECORDS_OUT,
  recordsRefused: layout.COUNTER_RECORDS_REFUSED,
  fileBytesOut: layout.COUNTER_FILE_BYTES_OUT,
  /** Times that the next part of a file was read while another was being sent. */
  fileOverlaps: layout.COUNTER_FILE_OVERLAPS,
  fileCold: layout.COUNTER_FILE_COLD,
  idlesFired: layout.COUNTER_IDLES_FIRED,
  idlesForced: layout.COUNTER_IDLES_FORCED,
  leases: layout.COUNTER_LEASES,
  leasesRefused: layout.COUNTER_LEASES_REFUSED,
  /** System calls, by kind. */
  hostWaits: layout.COUNTER_HOST_WAITS,
  hostControls: layout.COUNTER_HOST_CONTROLS,
  hostReceives: layout.COUNTER_HOST_RECEIVES,
  hostSends: layout.COUNTER_HOST_SENDS,
  hostAccepts: layout.COUNTER_HOST_ACCEPTS,
  hostOthers: layout.COUNTER_HOST_OTHERS,
  /** Registrations made, changed and removed, however many one call took. */
  hostChanges: layout.COUNTER_HOST_CHANGES,
  hostInterrupted: layout.COUNTER_HOST_INTERRUPTED,
  /** Entries of a ring: what one system call hands over together with others. */
  hostEntries: layout.COUNTER_HOST_ENTRIES,
  /** Times that the kernel kept completions back because their ring was full. */
  hostOverflows: layout.COUNTER_HOST_OVERFLOWS,
} as const;

export type Counters = { readonly [Name in keyof typeof ADDRESSES]: number };

export function readCounters(memory: ReactorMemory): Counters {
  const entries = Object.entries(ADDRESSES).map(([name, address]) => [
    name,
    Number(long(memory, address)),
  ]);
  return Object.fromEntries(entries) as Counters;
}
