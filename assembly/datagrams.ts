// Datagrams: a queue of records in place of a queue of bytes. Each lies in the queue as it does in
// a batch (its destination, its length, its bytes), so that the rest of the core sees bytes only.
import { deliver } from './deliveries';
import { fail } from './failure';
import * as layout from './layout';
import { count } from './memory';
import * as pieces from './pieces';
import * as records from './records';
import { setWriteError } from './updates';

// <asm-generic/errno.h>: what the network says about one datagram, and not about the socket.
const NOT_PERMITTED = 1;
const ACCESS_DENIED = 13;
const MESSAGE_SIZE = 90;
const DESTINATION_REQUIRED = 89;
const FAMILY_NOT_SUPPORTED = 97;
const ADDRESS_NOT_AVAILABLE = 99;
const NETWORK_DOWN = 100;
const NETWORK_UNREACHABLE = 101;
const TIMED_OUT = 110;
const REFUSED = 111;
const HOST_DOWN = 112;
const HOST_UNREACHABLE = 113;

/** Is this error about one datagram? The socket lives on then. */
export function passing(error: i32): bool {
  switch (error) {
    case NOT_PERMITTED:
    case ACCESS_DENIED:
    case layout.ERROR_INVALID:
    case DESTINATION_REQUIRED:
    case MESSAGE_SIZE:
    case FAMILY_NOT_SUPPORTED:
    case ADDRESS_NOT_AVAILABLE:
    case NETWORK_DOWN:
    case NETWORK_UNREACHABLE:
    case layout.ERROR_NO_BUFFERS:
    case TIMED_OUT:
    case REFUSED:
    case HOST_DOWN:
    case HOST_UNREACHABLE:
      return true;
    default:
      return false;
  }
}

/**
 * A send that failed: the first datagram is dropped (its size is at extra) and the program told.
 * False when there is nothing to say about a single datagram.
 */
export function refused(entry: u32, record: i32, result: i32): bool {
  if (result >= 0 || result == -layout.ERROR_AGAIN) return false;
  if (!passing(-result)) {
    setWriteError(record, -result);
    fail(record, -result);
    return true;
  }
  const size = load<u32>(entry, layout.SUBMISSION_EXTRA);
  assert(size <= load<u32>(entry, layout.SUBMISSION_LENGTH), 'dropped more than was to be sent');
  pieces.consume(record, size);
  count(layout.COUNTER_RECORDS_REFUSED);
  setWriteError(record, -result);
  if (records.state(record) == layout.STATE_OPEN) {
    deliver(layout.DELIVER_ERROR, record, 0, 0, -result);
  }
  if (pieces.empty(record) && records.has(record, layout.WORK_DRAIN_OWED)) {
    records.clear(record, layout.WORK_DRAIN_OWED);
    if (records.state(record) == layout.STATE_OPEN) deliver(layout.DELIVER_DRAIN, record, 0, 0, 0);
  }
  return true;
}

/** Do these bytes hold whole datagrams, as in a batch? */
export function wellFormed(address: u32, length: u32): bool {
  let at = address;
  const end = address + length;
  while (at < end) {
    if (end - at < <u32>layout.DATAGRAM_HEAD) return false;
    const size = load<u32>(at, layout.DATAGRAM_LENGTH);
    if (size > <u32>layout.DATAGRAM_MAX) return false;
    const padded = <u32>layout.DATAGRAM_HEAD + ((size + 7) & ~7);
    if (padded > end - at) return false;
    at += padded;
  }
  return true;
}
