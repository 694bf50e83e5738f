// Limits: everything in the reactor is bounded, and these are the bounds. Memory for all of them is
// set aside at the start; pages that are never touched cost nothing.
import { CalandriaError, typeError } from '../errors';

export interface Limits {
  /** Listeners and connections together. Default 16,384. */
  readonly connections: number;
  /** Operations handed to the host in one turn. Default 4,096. */
  readonly operations: number;
  /** Kernel records taken in one turn. Default 32; docs/hosts.md says why not more. */
  readonly events: number;
  /** Timers at once. Default 65,536. */
  readonly timers: number;
  /** Bytes that one connection may hold unsent; a write past it is refused. Default 1 MiB. */
  readonly queueBytes: number;
  /** Bytes that all connections together may hold unsent. Default 64 MiB. */
  readonly queueBytesTotal: number;
  /** From this many unsent bytes on `write` answers false. Default: a quarter of queueBytes. */
  readonly queueHighWater: number;
  /** Bytes that one read takes at the most. Default 256 KiB. */
  readonly readBytes: number;
  /** Segments of the read arena, each of readBytes. Default 16 (4 MiB). */
  readonly readSegments: number;
  /** Segments of the write arena, 64 KiB each. Default 64 (4 MiB). */
  readonly writeSegments: number;
  /** Operations on files that may be asked for and not answered. Default 4,096. */
  readonly tasks: number;
  /** Of those, at once with the kernel or a thread; the others wait their turn. Default 128. */
  readonly tasksInFlight: number;
  /** Completions of operations taken in one turn. Default 64. */
  readonly completions: number;
  /** Leases of delivered bytes at once. Default 256. */
  readonly leases: number;
}

export const WRITE_SEGMENT_BYTES = 65536;

const RANGES: Record<keyof Limits, readonly [standard: number, least: number, most: number]> = {
  connections: [16384, 2, 1 << 20],
  operations: [4096, 8, 65536],
  events: [32, 1, 65536],
  timers: [65536, 1, 1 << 22],
  queueBytes: [1 << 20, 1, 1 << 28],
  queueBytesTotal: [64 << 20, 1, 1 << 30],
  queueHighWater: [0, 1, 1 << 28],
  readBytes: [256 << 10, 4096, 16 << 20],
  readSegments: [16, 2, 64],
  writeSegments: [64, 1, 1024],
  tasks: [4096, 1, 65536],
  tasksInFlight: [128, 1, 4096],
  completions: [64, 1, 4096],
  leases: [256, 1, 4096],
};

/** Fills in the defaults; a value out of range is an error that names it. */
export function completeLimits(given: Partial<Limits> = {}): Limits {
  if (typeof given !== 'object' || given === null) throw typeError('limits', 'an object', given);
  for (const name of Object.keys(given)) {
    if (!(name in RANGES)) {
      throw new CalandriaError(
        'ERR_CALANDRIA_BAD_OPTION',
        `There is no limit "${name}"; the limits are ${Object.keys(RANGES).join(', ')}.`,
      );
    }
  }
  const limits: Record<string, number> = {};
  for (const [name, [standard, least, most]] of Object.entries(RANGES)) {
    const value = given[name as keyof Limits] ?? standard;
    if (typeof value !== 'number') throw typeError(`limits.${name}`, 'a number', value);
    if (value !== standard && (!Number.isInteger(value) || value < least || value > most)) {
      throw new CalandriaError(
        'ERR_CALANDRIA_BAD_OPTION',
        `Limit ${name} is a whole number from ${least} to ${most}, not ${String(value)}.`,
      );
    }
    limits[name] = value;
  }
  limits.queueHighWater ||= Math.max(1, Math.floor((limits.queueBytes as number) / 4));
  return limits as unknown as Limits;
}
