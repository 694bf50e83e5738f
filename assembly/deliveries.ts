// The delivery list: what the handlers are to be told, in order. Its size follows from the other
// limits (the reactor computes it), so that running past it is a mistake in the core and not a
// condition of load.
import * as layout from './layout';
import { count, deliveries, setWord, tasks, word } from './memory';
import * as records from './records';

export function deliver(kind: i32, record: i32, address: u32, length: u32, value: i32): void {
  const entry = next();
  const source = records.at(record);
  store<u32>(entry, kind, layout.DELIVERY_KIND);
  store<i32>(entry, record, layout.DELIVERY_RECORD);
  store<u32>(entry, load<u32>(source, layout.RECORD_GENERATION), layout.DELIVERY_GENERATION);
  store<u32>(entry, address, layout.DELIVERY_ADDRESS);
  store<u32>(entry, length, layout.DELIVERY_LENGTH);
  store<i32>(entry, value, layout.DELIVERY_VALUE);
  store<i32>(entry, load<i32>(source, layout.RECORD_HANDLERS), layout.DELIVERY_HANDLERS);
  store<i32>(entry, load<i32>(source, layout.RECORD_LISTENER), layout.DELIVERY_LISTENER);
}

/** A timer's expirations, or whether an idle watcher was forced. */
export function deliverTimer(kind: i32, timer: i32, generation: u32, value: i32): void {
  const entry = next();
  memory.fill(entry, 0, layout.DELIVERY_SIZE);
  store<u32>(entry, kind, layout.DELIVERY_KIND);
  store<i32>(entry, timer, layout.DELIVERY_RECORD);
  store<u32>(entry, generation, layout.DELIVERY_GENERATION);
  store<i32>(entry, value, layout.DELIVERY_VALUE);
}

/** What became of an operation, or of a part of it. Its source may be gone already. */
export function deliverOperation(
  kind: i32,
  operation: i32,
  address: u32,
  length: u32,
  error: i32,
  via: i32,
): void {
  const task = tasks + ((<u32>operation) << layout.TASK_SHIFT);
  const entry = next();
  store<u32>(entry, kind | (via << 8), layout.DELIVERY_KIND);
  store<i32>(entry, load<i32>(task, layout.TASK_RECORD), layout.DELIVERY_RECORD);
  store<u32>(entry, load<u32>(task, layout.TASK_RECORD_GENERATION), layout.DELIVERY_GENERATION);
  store<u32>(entry, address, layout.DELIVERY_ADDRESS);
  store<u32>(entry, length, layout.DELIVERY_LENGTH);
  store<i32>(entry, error, layout.DELIVERY_VALUE);
  store<i32>(entry, operation, layout.DELIVERY_HANDLERS);
  store<u32>(entry, load<u32>(task, layout.TASK_GENERATION), layout.DELIVERY_LISTENER);
}

/** Puts the last delivery in front of the others. */
export function promote(): void {
  const last = deliveries + <u32>(word(layout.DELIVERY_COUNT) - 1) * layout.DELIVERY_SIZE;
  const first = load<u64>(last);
  const second = load<u64>(last, 8);
  const third = load<u64>(last, 16);
  const fourth = load<u64>(last, 24);
  memory.copy(deliveries + layout.DELIVERY_SIZE, deliveries, last - deliveries);
  store<u64>(deliveries, first);
  store<u64>(deliveries, second, 8);
  store<u64>(deliveries, third, 16);
  store<u64>(deliveries, fourth, 24);
}

function next(): u32 {
  const place = word(layout.DELIVERY_COUNT);
  assert(place < word(layout.DELIVERIES_MAX), 'more deliveries than the limits allow');
  setWord(layout.DELIVERY_COUNT, place + 1);
  count(layout.COUNTER_DELIVERIES);
  return deliveries + <u32>place * layout.DELIVERY_SIZE;
}
