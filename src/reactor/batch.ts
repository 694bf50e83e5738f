// Batches: what the handlers of one batch's records return.
import type { Result } from './source';

/** Both are awaited, where they are promises, and a rejection of either counts. */
export function both(first: Result, second: Result): Result {
  if (first === undefined) return second;
  if (second === undefined) return first;
  return Promise.all([first, second]).then(() => {});
}
