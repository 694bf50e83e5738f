// Datagrams: a queue of records in place of a queue of bytes. Each lies in the queue as it does in
// a batch (its destination, its length, its bytes), so that the rest of the core sees bytes only.
import { deliver } from './deliveries';
import { fail } from './failure';
import * as layout from './layout';
import { count } from './memory';
import * as pieces from './pieces';
import * as records from './records';
import { leaveOut } from './stream';
import { setWriteError } from './updates';

// <asm-generic/errno.h>: what the network, or the name of a peer, says about one datagram, and not
// about the socket.
const NOT_PERMITTED = 1;
const NO_ENTRY = 2;
const ACCESS_DENIED = 13;
const NO_DIRECTORY = 20;
const NAME_TOO_LONG = 36;
const LINK_LOOP = 40;
const DESTINATION_REQUIRED = 89;
const MESSAGE_SIZE = 90;
const PROTOTYPE = 91;
const FAMILY_NOT_SUPPORTED = 97;
const ADDRESS_NOT_AVAILABLE = 99;
const NETWORK_DOWN = 100;
const NETWORK_UNREACHABLE = 101;
const IS_CONNECTED = 106;
const NOT_CONNECTED = 107;
const TIMED_OUT = 110;
const REFUSED = 111;
const HOST_DOWN = 112;
const HOST_UNREACHABLE = 113;

/** Is this error about one datagram? The socket lives on then. */
export function passing(error: i32): bool {
  switch (error) {
    case NOT_PERMITTED:
    case NO_ENTRY:
    case ACCESS_DENIED:
    case NO_DIRECTORY:
    case layout.ERROR_INVALID:
    case NAME_TOO_LONG:
    case LINK_LOOP:
    case DESTINATION_REQUIRED:
    case MESSAGE_SIZE:
    case PROTOTYPE:
    case layout.ERROR_NOT_SUPPORTED:
    case layout.ERROR_CONNECTION_RESET:
    case IS_CONNECTED:
    case NOT_CONNECTED:
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

/** The program hears of it, and the socket lives on. */
export function tell(record: i32, error: i32): void {
  if (records.state(record) == layout.STATE_OPEN) {
    deliver(layout.DELIVER_ERROR, record, 0, 1, error);
  }
}

/**
 * A send that failed: so many bytes as extra says are dropped (the first datagram; none when an
 * earlier one was meant) and the program told. False when there is nothing to say about a single
 * datagram.
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
  assert(whole(record, size) == size, 'a part of a datagram was dropped');
  pieces.consume(record, size);
  if (size > 0) count(layout.COUNTER_RECORDS_REFUSED);
  setWriteError(record, -result);
  tell(record, -result);
  if (pieces.empty(record) && records.has(record, layout.WORK_DRAIN_OWED)) {
    records.clear(record, layout.WORK_DRAIN_OWED);
    if (records.state(record) == layout.STATE_OPEN) deliver(layout.DELIVER_DRAIN, record, 0, 0, 0);
  }
  return true;
}

/** So many bytes of the queue's front were sent: asserts that they are whole datagrams. */
export function left(record: i32, taken: u32): void {
  assert(whole(record, taken) == taken, 'a part of a datagram was sent');
  count(layout.COUNTER_RECORDS_OUT, walked);
  if (taken > 0 && load<i32>(records.at(record), layout.TX_ERROR) != 0) setWriteError(record, 0);
}

/** How many of the first `length` bytes in the queue are whole datagrams. */
export function whole(record: i32, length: u32): u32 {
  let piece = pieces.first(record);
  // Where the piece begins, and where the datagram: heads and pieces have a length that 8 divides,
  // so that no word lies in two pieces.
  let start: u32 = 0;
  let at: u32 = 0;
  walked = 0;
  while (at + <u32>layout.DATAGRAM_HEAD <= length) {
    const place = at + <u32>layout.DATAGRAM_LENGTH;
    while (place >= start + pieces.lengthOf(piece)) {
      start += pieces.lengthOf(piece);
      piece = pieces.next(piece);
    }
    const size = load<u32>(pieces.addressOf(piece) + (place - start));
    const end = at + <u32>layout.DATAGRAM_HEAD + ((size + 7) & ~7);
    if (end > length) break;
    at = end;
    walked++;
  }
  return at;
}

/** Datagrams that whole() has seen. */
let walked = 0;

/** Do the bytes of the last call hold whole datagrams, as in a batch? */
export function wellFormed(address: u32, length: u32): bool {
  let at = address;
  const end = address + length;
  while (at < end) {
    if (end - at < <u32>layout.DATAGRAM_HEAD) return false;
    const size = load<u32>(at, layout.DATAGRAM_LENGTH);
    if (size > <u32>layout.DATAGRAM_MAX) return false;
    const padded = <u32>layout.DATAGRAM_HEAD + ((size + 7) & ~7);
    if (padded > end - at) return false;
    leaveOut(at - address + layout.DATAGRAM_HEAD, padded - layout.DATAGRAM_HEAD);
    at += padded;
  }
  return true;
}
