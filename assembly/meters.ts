// Meters: how much comes into a stage, how long it stays there, and how much of the time the stage
// has anything to do. What is in a stage is not stamped one by one. The meter keeps the area under
// the length over time, and the mean length and the mean time follow from it (Little, "A proof for
// the queuing formula L = λW", 1961). Time is NOW, so within one turn none passes.
import * as layout from './layout';
import { long, setLong } from './memory';
import {
  METER_AREA_HIGH,
  METER_AREA_LOW,
  METER_ARRIVALS,
  METER_BUSY,
  METER_CHANGED,
  METER_DEPARTURES,
  METER_SIZE,
  METERS,
  METERS_FIRST,
} from './meter-layout';

const LOW: u64 = 0xffffffff;
const METERS_END = METERS_FIRST + METERS * METER_SIZE;

/** In each turn: the clock's origin means nothing, so the first one is where time begins. */
export function begin(): void {
  if (long(layout.METERS_SINCE) != 0) return;
  const now = long(layout.NOW);
  setLong(layout.METERS_SINCE, now);
  for (let meter = METERS_FIRST; meter < METERS_END; meter += METER_SIZE) {
    store<u64>(meter, now, METER_CHANGED);
  }
}

/** `by` more in the stage. */
export function arrive(meter: u32, by: u64 = 1): void {
  pass(meter);
  store<u64>(meter, load<u64>(meter, METER_ARRIVALS) + by, METER_ARRIVALS);
}

/** `by` less. */
export function depart(meter: u32, by: u64 = 1): void {
  pass(meter);
  const departures = load<u64>(meter, METER_DEPARTURES) + by;
  assert(departures <= load<u64>(meter, METER_ARRIVALS), 'more left a stage than came');
  store<u64>(meter, departures, METER_DEPARTURES);
}

/** Adds what passed since the length last changed. */
function pass(meter: u32): void {
  const now = long(layout.NOW);
  const before = load<u64>(meter, METER_CHANGED);
  if (now <= before) return;
  store<u64>(meter, now, METER_CHANGED);
  const length = load<u64>(meter, METER_ARRIVALS) - load<u64>(meter, METER_DEPARTURES);
  if (length == 0 || long(layout.METERS_SINCE) == 0) return;
  const time = now - before;
  store<u64>(meter, load<u64>(meter, METER_BUSY) + time, METER_BUSY);
  // A gigabyte for a day does not fit 64 bits, so there are 96; a length has 32.
  const low = load<u64>(meter, METER_AREA_LOW) + length * (time & LOW);
  store<u64>(meter, low & LOW, METER_AREA_LOW);
  const high = load<u64>(meter, METER_AREA_HIGH) + length * (time >> 32) + (low >> 32);
  store<u64>(meter, high, METER_AREA_HIGH);
}
