// How a source ends badly: the error is delivered after the data, once, and then the descriptor is
// closed.

import { deliver } from './deliveries';
import * as layout from './layout';
import { word } from './memory';
import * as pieces from './pieces';
import * as records from './records';
import { setReadError, setWriteError } from './updates';

/** Fatal for the whole source: what is queued cannot leave any more. */
export function fail(record: i32, error: i32): void {
  if (records.state(record) >= layout.STATE_CLOSED) return;
  setReadError(record, error);
  pieces.discard(record, error);
  records.setState(record, layout.STATE_FAILED);
  // Who destroyed it does not want to hear how it would have ended.
  if (!records.has(record, layout.WORK_ERROR_DELIVERED | layout.WORK_ABANDONED)) {
    records.set(record, layout.WORK_ERROR_DELIVERED);
    deliver(layout.DELIVER_ERROR, record, 0, 0, error);
  }
  records.list(record);
}

/**
 * The send side failed while the kernel may still hold unread bytes: the program gets those first,
 * then the error in place of the end. A program that waits for `drain` is told, so that it reads
 * on.
 */
export function failSending(record: i32, error: i32): void {
  setWriteError(record, error);
  if (records.state(record) != layout.STATE_OPEN) {
    fail(record, error);
    return;
  }
  pieces.discard(record, error);
  records.set(record, layout.WORK_READY | layout.WORK_HANGUP);
  if (records.has(record, layout.WORK_DRAIN_OWED)) {
    records.clear(record, layout.WORK_DRAIN_OWED);
    deliver(layout.DELIVER_DRAIN, record, 0, 0, 0);
  }
  if (records.has(record, layout.WORK_END_DELIVERED)) fail(record, error);
  records.list(record);
}

/** destroy() takes effect: at once, or when the send that is under way has been answered. */
export function settleAbandoned(record: i32): void {
  if (records.has(record, layout.WORK_SENDING)) return;
  pieces.discard(record, layout.ERROR_CANCELED);
  const state = records.state(record);
  if (state == layout.STATE_OPEN || state == layout.STATE_CLOSING) {
    records.setState(record, layout.STATE_FAILED);
  }
}

/** Drops what is queued and closes the descriptor: now, or when what is under way was answered. */
export function abandon(record: i32): void {
  if (records.state(record) >= layout.STATE_CLOSED) return;
  records.set(record, layout.WORK_WANT_CLOSE | layout.WORK_ABANDONED);
  if (records.kind(record) != layout.KIND_LISTENER) settleAbandoned(record);
  records.list(record);
}

export function abandonAll(): void {
  const touched = word(layout.RECORDS_TOUCHED);
  for (let record = 0; record < touched; record++) {
    if (records.state(record) != layout.STATE_FREE) abandon(record);
  }
}
