// Vectors of kqueue(2): struct kevent as the kernel writes it, in the two layouts that there are.
// One record is one filter of one source; what both have to say is put together in the source's
// record.
//
// What holds on every system is believed and nothing else: `data` of READ is a hint of how much is
// there, `data` of WRITE is not to be trusted (free space on one, bytes queued on another), EV_EOF
// of WRITE may be our own end, and an error stands in `fflags` beside EV_EOF.
import * as datagrams from './datagrams';
import { linuxError } from './error-numbers';
import { apply } from './events';
import { fail } from './failure';
import * as layout from './layout';
import * as records from './records';
import { setAvailable, setReadError } from './updates';

// <sys/event.h>; NetBSD counts the filters from 0 upwards.
const EVFILT_READ = -1;
const EVFILT_WRITE = -2;
const EVFILT_PROC = -5;
const EVFILT_SIGNAL = -6;
const EV_EOF = 0x8000;
const EV_ERROR = 0x4000;

const ENOENT = 2;
const ESRCH = 3;
const EPIPE = 32;

/** Where struct kevent has its udata. */
export function ownerOffset(format: i32): i32 {
  return format == layout.FORMAT_KQUEUE_WIDE ? 32 : 24;
}

export function ingestKevents(from: u32, total: i32, size: i32, format: i32): void {
  const wide = format == layout.FORMAT_KQUEUE_WIDE;
  const library = format == layout.FORMAT_KQUEUE_LIBRARY;
  if (wide) assert(size == 40, 'struct kevent of NetBSD has 40 bytes');
  else assert(size == 32 || size == 64, 'struct kevent has 32 or 64 bytes');
  let at = from;
  for (let place = 0; place < total; place++) {
    if (wide) {
      const filter = -1 - load<i32>(at, 8);
      const owner = load<u64>(at, 32);
      ingest(filter, load<i32>(at, 12), load<i32>(at, 16), load<i64>(at, 24), owner, library);
    } else {
      const filter = <i32>load<i16>(at, 8);
      const flags = <i32>load<u16>(at, 10);
      ingest(filter, flags, load<i32>(at, 12), load<i64>(at, 16), load<u64>(at, 24), library);
    }
    at += size;
  }
}

function ingest(filter: i32, flags: i32, notes: i32, data: i64, owner: u64, library: bool): void {
  const record = <i32>owner;
  const generation = <u32>(owner >> 32);
  if (flags & EV_ERROR) {
    const error = <i32>data;
    return refused(record, generation, filter, library ? error : linuxError(error));
  }
  let bits = 0;
  let error = 0;
  if (flags & EV_EOF && (filter == EVFILT_READ || filter == EVFILT_WRITE)) {
    error = library ? notes : linuxError(notes);
  }
  if (filter == EVFILT_READ) {
    // A library calls an end what only has nothing left: reading tells which it is.
    const doubtful = library && data == 0 && error == 0;
    const ended = (flags & EV_EOF) != 0 && !doubtful;
    if (data > 0 || !ended) bits |= layout.READY_IN;
    if (ended) bits |= layout.READY_END;
  } else if (filter == EVFILT_WRITE) {
    bits |= layout.READY_OUT;
    // Of a pipe: the readers are gone. Of a socket it may be our own end.
    if (flags & EV_EOF && streamOfDescriptor(record, generation)) bits |= layout.READY_ERROR;
  } else {
    bits |= layout.READY_IN;
  }
  if (error != 0) bits |= layout.READY_ERROR;
  apply(record, generation, bits, layout.UNKNOWN);
  if (!records.owns(record, generation)) return;
  if (error != 0) keepError(record, error, library);
  // Nor does a library tell of every end: a short read does not mean that nothing is left.
  if (library && records.kind(record) == layout.KIND_CONNECTION) {
    records.set(record, layout.WORK_URGENT_SEEN);
  }
  if (bits & layout.READY_IN) tellAvailable(record, filter, data, library);
}

/** How much is there, as far as `data` says so for this kind of source. */
function tellAvailable(record: i32, filter: i32, data: i64, library: bool): void {
  if (records.state(record) >= layout.STATE_FAILED) return;
  const kind = records.kind(record);
  const available = <i32>min<i64>(max<i64>(data, 0), i32.MAX_VALUE);
  if (kind == layout.KIND_LISTENER && filter == EVFILT_READ && !library) {
    // The length of the queue, so it need not be asked for.
    setAvailable(record, available, layout.EXACTNESS_EXACT);
    records.set(record, layout.WORK_COUNTED);
    if (available == 0) records.clear(record, layout.WORK_READY);
  } else if (kind == layout.KIND_CONNECTION && filter == EVFILT_READ && available > 0) {
    setAvailable(record, available, layout.EXACTNESS_LOWER_BOUND);
  } else if (kind == layout.KIND_SIGNAL && filter == EVFILT_SIGNAL && available > 0) {
    setAvailable(record, available, layout.EXACTNESS_LOWER_BOUND);
  }
}

/** The kernel may tell of an error once and then no more: reading must not take it for an end. */
function keepError(record: i32, error: i32, library: bool): void {
  const state = records.state(record);
  // Of messages that were sent; a library has taken it from the socket.
  if (library && records.kind(record) == layout.KIND_DATAGRAM) {
    setReadError(record, error);
    return datagrams.tell(record, error);
  }
  if (records.kind(record) != layout.KIND_CONNECTION || state >= layout.STATE_FAILED) return;
  if (load<i32>(records.at(record), layout.RX_ERROR) == 0) setReadError(record, error);
}

function streamOfDescriptor(record: i32, generation: u32): bool {
  if (!records.owns(record, generation)) return false;
  return load<u16>(records.peerAt(record), layout.PEER_FAMILY) == layout.FAMILY_DESCRIPTOR;
}

/** What became of a change; 0: a receipt. */
function refused(record: i32, generation: u32, filter: i32, error: i32): void {
  // Nothing was there to be deleted, which was the wish.
  if (error == 0 || error == ENOENT) return;
  // It has ended already.
  if (filter == EVFILT_PROC && error == ESRCH) {
    return apply(record, generation, layout.READY_IN, layout.UNKNOWN);
  }
  if (filter == EVFILT_WRITE && error == EPIPE) {
    return apply(record, generation, layout.READY_ERROR, layout.UNKNOWN);
  }
  if (records.owns(record, generation)) fail(record, error);
  else apply(record, generation, 0, layout.UNKNOWN);
}
