// Metrics: the core's meters as queueing theory has them. They are sums that the core keeps in its
// memory, over the time of its turns, so a core replay ends with the same.
import * as layout from '../../assembly/layout';
import * as meters from '../../assembly/meter-layout';
import { long, type ReactorMemory } from '../core/memory';

const METERS = {
  /** Operations: asked for → answered. */
  operations: meters.METER_OPERATIONS,
  /** Bytes: written → taken by the kernel, or dropped. Of datagrams with 40 bytes of head each. */
  queue: meters.METER_QUEUE,
  /** Connections: accepted, dialled, adopted or a stream of a process → closed. */
  connections: meters.METER_CONNECTIONS,
  /** Timers and idle watchers: set → over. */
  timers: meters.METER_TIMERS,
} as const;

/** What is counted is operations, bytes, connections or timers. */
export interface StageMetrics {
  readonly arrivals: number;
  readonly departures: number;
  /** In the stage now: arrivals - departures. */
  readonly length: number;
  /** L: the length, on average over the time so far. */
  readonly meanLength: number;
  /** λ: arrivals a second. */
  readonly arrivalRate: number;
  /** W, milliseconds: in the stage, for each that has left it; 0 while none has. */
  readonly meanTime: number;
  /** Milliseconds with something in the stage, for each that has left it; 0 while none has. */
  readonly serviceTime: number;
  /** 0 to 1: share of the time with something in the stage. */
  readonly utilisation: number;
}

export type Metrics = { readonly [Stage in keyof typeof METERS]: StageMetrics };

function ratio(dividend: number, divisor: number): number {
  return divisor === 0 ? 0 : dividend / divisor;
}

function readMeter(memory: ReactorMemory, meter: number): StageMetrics {
  const field = (offset: number): bigint => long(memory, meter + offset);
  const now = long(memory, layout.NOW);
  const since = long(memory, layout.METERS_SINCE);
  const arrivals = field(meters.METER_ARRIVALS);
  const departures = field(meters.METER_DEPARTURES);
  const length = arrivals - departures;
  // Since the length last changed, nothing was added up.
  const pending = since === 0n ? 0n : now - field(meters.METER_CHANGED);
  const area =
    (field(meters.METER_AREA_HIGH) << 32n) + field(meters.METER_AREA_LOW) + length * pending;
  const busy = field(meters.METER_BUSY) + (length > 0n ? pending : 0n);
  const time = since === 0n ? 0 : Number(now - since);
  const left = Number(departures);
  return {
    arrivals: Number(arrivals),
    departures: left,
    length: Number(length),
    meanLength: ratio(Number(area), time),
    arrivalRate: ratio(Number(arrivals) * 1e9, time),
    meanTime: ratio(Number(area), left) / 1e6,
    serviceTime: ratio(Number(busy), left) / 1e6,
    utilisation: ratio(Number(busy), time),
  };
}

export function readMetrics(memory: ReactorMemory): Metrics {
  const entries = Object.entries(METERS).map(([stage, meter]) => [stage, readMeter(memory, meter)]);
  return Object.fromEntries(entries) as Metrics;
}
