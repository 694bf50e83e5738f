// Where the meters lie (meters.ts): behind METERS_SINCE, one a stage, u64 fields. As layout.ts this
// is valid as both TypeScript and AssemblyScript; no host has to know it.
import { METERS_SINCE } from './layout';

export const METERS_FIRST = METERS_SINCE + 8;
export const METERS = 4;
export const METER_SIZE = 48;
export const METER_ARRIVALS = 0;
export const METER_DEPARTURES = 8;
/** NOW when the length, arrivals less departures, was last added up. */
export const METER_CHANGED = 16;
/** Sum of length × nanoseconds: the low 32 bits, and what is above them. */
export const METER_AREA_LOW = 24;
export const METER_AREA_HIGH = 32;
/** Nanoseconds with a length above 0. */
export const METER_BUSY = 40;

/** Operations: asked for, not answered. */
export const METER_OPERATIONS = METERS_FIRST;
/** Bytes that were written and have not left; of datagrams with their heads. */
export const METER_QUEUE = METER_OPERATIONS + METER_SIZE;
/** Connections: dialled, accepted, adopted or of a process; not closed. */
export const METER_CONNECTIONS = METER_QUEUE + METER_SIZE;
/** Timers and idle watchers: set, not over. */
export const METER_TIMERS = METER_CONNECTIONS + METER_SIZE;
