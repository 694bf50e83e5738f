// Fences: sources whose input is read behind everything else that a turn reads, and told before it.
//
// The kernel queues what such a source reports when it happens. Whoever sends afterwards is read
// afterwards, but not always by a read that an event brought about: bytes come with a read that
// was meant for earlier ones, and turns go by in which nobody looks for events. Read last, the
// fence has everything that happened before any of the bytes were sent; told first, it is known
// when they are handled:
//
//   end of turn n    RECEIVE connection … RECEIVE connection, RECEIVE fence
//   turn n + 1       DATA of the fence, DATA of connections
//
// Where it could not be read to its end it tells an empty batch: something may have happened.
import * as batches from './batches';
import { STATE_FENCE_FIRST, STATE_FENCES, STATE_READS } from './core-layout';
import { deliver, promote } from './deliveries';
import * as layout from './layout';
import { readSegmentSize, setWord, word } from './memory';
import * as records from './records';
import { again, ENTRIES_A_SOURCE, submit } from './submissions';

export function isFence(record: i32): bool {
  return (load<u16>(records.at(record), layout.RECORD_WANTS) & layout.WANTS_FENCE) != 0;
}

/** Is there room for one more, beside what a source and an operation need? */
export function roomForFence(): bool {
  return word(STATE_FENCES) + ENTRIES_A_SOURCE + 1 < word(layout.SUBMISSIONS_MAX);
}

export function addFence(record: i32): void {
  store<i32>(records.at(record), word(STATE_FENCE_FIRST), layout.RECORD_FILES);
  setWord(STATE_FENCE_FIRST, record + 1);
  setWord(STATE_FENCES, word(STATE_FENCES) + 1);
}

/** Entries that other sources leave for them. */
export function fenceEntries(): i32 {
  return word(STATE_FENCES);
}

/** When everything else was submitted. */
export function settleFences(): void {
  let before = layout.NONE;
  let record = word(STATE_FENCE_FIRST) - 1;
  while (record != layout.NONE) {
    const next = load<i32>(records.at(record), layout.RECORD_FILES) - 1;
    if (records.state(record) == layout.STATE_FREE) {
      if (before == layout.NONE) setWord(STATE_FENCE_FIRST, next + 1);
      else store<i32>(records.at(before), next + 1, layout.RECORD_FILES);
      setWord(STATE_FENCES, word(STATE_FENCES) - 1);
    } else {
      receive(record);
      before = record;
    }
    record = next;
  }
}

function receive(record: i32): void {
  if (records.state(record) != layout.STATE_OPEN) return;
  if (word(STATE_READS) == 0 && !records.has(record, layout.WORK_READY)) return;
  records.set(record, layout.WORK_READING);
  const room = batches.roomOf(records.kind(record));
  submit(layout.OPERATION_RECEIVE, record, 0, readSegmentSize, room);
  again();
}

/** It was read: what it brought was delivered as any batch, and comes first. */
export function told(record: i32, toItsEnd: bool): void {
  if (records.state(record) != layout.STATE_OPEN) return;
  promote();
  if (!toItsEnd) untold(record);
}

/** It could not be read, or not to its end: what is left is for the next turn. */
export function untold(record: i32): void {
  if (records.state(record) != layout.STATE_OPEN) return;
  records.set(record, layout.WORK_READY);
  deliver(layout.DELIVER_DATA, record, 0, 0, 0);
  promote();
}
