// The submission queue: what the host is to do, in order. A full queue is not an error: the record
// stays in the work list and the next turn goes on with it.
import * as layout from './layout';
import { setWord, submissions, word } from './memory';
import * as records from './records';

/**
 * Submissions one source can need in one turn: send, a file's next part, receive, shutdown or
 * close, sample, two options.
 */
export const ENTRIES_A_SOURCE = 7;

export function roomFor(entries: i32): bool {
  return word(layout.SUBMISSION_COUNT) + entries <= word(layout.SUBMISSIONS_MAX);
}

/**
 * Appends an entry (the caller asked roomFor) and returns its address; result and extra are 0.
 * `record` is NONE for what concerns no source.
 */
export function submit(operation: i32, record: i32, address: u32, length: u32, argument: i32): u32 {
  const place = word(layout.SUBMISSION_COUNT);
  assert(place < word(layout.SUBMISSIONS_MAX), 'submitted past the queue');
  setWord(layout.SUBMISSION_COUNT, place + 1);
  const entry = submissions + <u32>place * layout.SUBMISSION_SIZE;
  const generation = record == layout.NONE ? 0 : records.generation(record);
  store<u32>(entry, operation, layout.SUBMISSION_OPERATION);
  store<i32>(entry, record, layout.SUBMISSION_RECORD);
  store<u32>(entry, generation, layout.SUBMISSION_GENERATION);
  store<u32>(entry, address, layout.SUBMISSION_ADDRESS);
  store<u32>(entry, length, layout.SUBMISSION_LENGTH);
  store<i32>(entry, argument, layout.SUBMISSION_ARGUMENT);
  store<u64>(entry, 0, layout.SUBMISSION_RESULT);
  return entry;
}

/** Its completion decides something: do not wait before it was looked at. */
export function again(): void {
  setWord(layout.TURN_AGAIN, layout.AGAIN);
}
