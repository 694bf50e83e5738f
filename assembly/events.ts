// Event vectors: raw records of one notifier, decoded by the format that the host names. What an
// event means for a record is decided once, in apply(), whatever the kernel interface.
import { ingestKevents, ownerOffset } from './kqueue';
import * as layout from './layout';
import { count, events, word } from './memory';
import { announce, heard } from './merged';
import * as records from './records';
import * as rings from './rings';
import { setAvailable, setEof, setSpace } from './updates';

// <sys/epoll.h>, epoll_ctl(2)
const EPOLLIN = 0x001;
const EPOLLPRI = 0x002;
const EPOLLOUT = 0x004;
const EPOLLERR = 0x008;
const EPOLLHUP = 0x010;
const EPOLLRDHUP = 0x2000;
// <poll.h>: the same numbers, and one more for a descriptor that is not open.
const POLLNVAL = 0x020;

/** Behind the name: i32 descriptor, u16 what was asked, u16 what was answered. */
const POLL_ANSWERED = 8 + 6;
const SELECT_ANSWERED = 8 + 4;
/** Behind the name: u32 signal at 0, u32 poll(2)'s bits at 28. */
const SIGNAL_NUMBER = 8;
const SIGNAL_BAND = 8 + 28;

/** Does the vector hold anything but wake-ups? */
export function bringsNews(): bool {
  const total = word(layout.EVENT_COUNT);
  const size = word(layout.EVENT_RECORD_SIZE);
  const format = word(layout.EVENT_FORMAT);
  let index = 0;
  if (format == layout.FORMAT_RING) rings.checkRing();
  if (format == layout.FORMAT_EPOLL) index = size - 8;
  else if (isKqueue(format)) index = ownerOffset(format);
  for (let place = 0; place < total; place++) {
    if (format == layout.FORMAT_RING) {
      if (rings.tells(rings.entryAt(place))) return true;
    } else if (load<i32>(events + place * size + index) != layout.RECORD_WAKE) return true;
  }
  return false;
}

export function ingestEvents(): void {
  const total = word(layout.EVENT_COUNT);
  const size = word(layout.EVENT_RECORD_SIZE);
  assert(<u32>total <= <u32>word(layout.EVENTS_MAX), 'more events than the vector holds');
  if (total == 0) return;
  count(layout.COUNTER_EVENTS, total);
  heard();
  const format = word(layout.EVENT_FORMAT);
  let entry = events;
  if (format == layout.FORMAT_EPOLL) {
    assert(size == 12 || size == 16, 'struct epoll_event has 12 or 16 bytes');
    const data = size - 8;
    for (let place = 0; place < total; place++) {
      const bits = epollBits(load<i32>(entry));
      apply(load<i32>(entry + data), load<u32>(entry + data + 4), bits, layout.UNKNOWN);
      entry += size;
    }
  } else if (format == layout.FORMAT_POLL) {
    assert(size == layout.POLL_SIZE, 'a name and struct pollfd have 16 bytes');
    for (let place = 0; place < total; place++) {
      const raised = <i32>load<u16>(entry, POLL_ANSWERED);
      const closed = raised & POLLNVAL ? layout.READY_ERROR : 0;
      const bits = epollBits(raised) | closed;
      apply(load<i32>(entry), load<u32>(entry, 4), bits, layout.UNKNOWN);
      entry += size;
    }
  } else if (format == layout.FORMAT_SELECT) {
    assert(size == layout.SELECT_SIZE, 'a name, a descriptor and its bits have 16 bytes');
    for (let place = 0; place < total; place++) {
      const bits = selectBits(load<i32>(entry, SELECT_ANSWERED));
      apply(load<i32>(entry), load<u32>(entry, 4), bits, layout.UNKNOWN);
      entry += size;
    }
  } else if (format == layout.FORMAT_SIGNAL) {
    assert(size == layout.SIGNAL_EVENT_SIZE, 'a name and struct signalfd_siginfo have 136 bytes');
    for (let place = 0; place < total; place++) {
      signalled(entry);
      entry += size;
    }
  } else if (format == layout.FORMAT_RING) {
    assert(size == layout.RING_SIZE, 'struct io_uring_cqe has 16 bytes');
    rings.checkRing();
    for (let place = 0; place < total; place++) rings.completed(rings.entryAt(place));
  } else if (isKqueue(format)) {
    ingestKevents(entry, total, size, format);
  } else {
    assert(format == layout.FORMAT_PORTABLE, 'unknown event format');
    assert(size == layout.PORTABLE_SIZE, 'portable events have 16 bytes');
    for (let place = 0; place < total; place++) {
      apply(load<i32>(entry), load<u32>(entry, 4), load<i32>(entry, 8), load<i32>(entry, 12));
      entry += size;
    }
  }
}

function isKqueue(format: i32): bool {
  return format >= layout.FORMAT_KQUEUE && format <= layout.FORMAT_KQUEUE_LIBRARY;
}

/** Of epoll's bits, which are poll(2)'s too. */
export function epollBits(raised: i32): i32 {
  let bits = 0;
  if (raised & EPOLLIN) bits |= layout.READY_IN;
  if (raised & EPOLLOUT) bits |= layout.READY_OUT;
  if (raised & EPOLLRDHUP) bits |= layout.READY_END;
  if (raised & (EPOLLERR | EPOLLHUP)) bits |= layout.READY_ERROR;
  if (raised & EPOLLPRI) bits |= layout.READY_URGENT;
  return bits;
}

/**
 * select(2): an end and an error are "readable", an error also "writable"; which it is shows
 * when that is tried.
 */
function selectBits(raised: i32): i32 {
  let bits = 0;
  if (raised & layout.SELECT_READ) bits |= layout.READY_IN;
  if (raised & layout.SELECT_WRITE) bits |= layout.READY_OUT;
  if (raised & layout.SELECT_EXCEPT) bits |= layout.READY_URGENT;
  if (raised & layout.SELECT_CLOSED) bits |= layout.READY_ERROR;
  return bits;
}

/** One signal of a descriptor; or SIGIO, which is nobody's: the host asks them all. */
function signalled(entry: u32): void {
  if (load<u32>(entry, SIGNAL_NUMBER) < <u32>layout.SIGNALS_REALTIME) {
    count(layout.COUNTER_EVENTS_OVERFLOWED);
    return;
  }
  const bits = epollBits(load<i32>(entry, SIGNAL_BAND));
  apply(load<i32>(entry), load<u32>(entry, 4), bits, layout.UNKNOWN);
}

/** READY_ bits for a record, and how much is there, where the report says so. */
export function apply(record: i32, generation: u32, bits: i32, available: i32): void {
  if (!records.owns(record, generation)) {
    if (record == layout.RECORD_WAKE) return;
    if (record == layout.RECORD_COMPLETIONS) return announce();
    count(layout.COUNTER_EVENTS_STALE);
    return;
  }
  const state = records.state(record);
  if (state >= layout.STATE_FAILED && state != layout.STATE_CLOSING) return;
  const listener = records.kind(record) == layout.KIND_LISTENER;
  if (state == layout.STATE_CONNECTING) records.set(record, layout.WORK_WANT_CONNECT_STATUS);
  records.clear(record, layout.WORK_COUNTED);
  if (bits & (layout.READY_IN | layout.READY_END | layout.READY_ERROR | layout.READY_URGENT)) {
    records.set(record, layout.WORK_READY);
  }
  if (bits & layout.READY_IN) {
    if (available >= 0) setAvailable(record, available, layout.EXACTNESS_EXACT);
    else {
      // More may have come to what an earlier sample found.
      const known = load<i32>(records.at(record), layout.RX_AVAILABLE);
      setAvailable(record, max<i32>(known, 1), layout.EXACTNESS_LOWER_BOUND);
    }
  }
  if (bits & layout.READY_URGENT) records.set(record, layout.WORK_URGENT_SEEN);
  if (bits & (layout.READY_END | layout.READY_ERROR)) {
    records.set(record, layout.WORK_HANGUP);
    // Of a socket for messages it is an error about some of them.
    const kind = records.kind(record);
    const ends = !listener && kind != layout.KIND_DATAGRAM && kind != layout.KIND_NETWORK;
    if (ends && state != layout.STATE_CONNECTING) setEof(record);
  }
  // A failed socket answers a send at once, so a blocked one must try again to learn its error.
  const unblocking = bits & (layout.READY_OUT | layout.READY_ERROR);
  if (unblocking && records.has(record, layout.WORK_BLOCKED)) {
    records.clear(record, layout.WORK_BLOCKED);
    // There is room again; how much, nobody said.
    setSpace(record, layout.UNKNOWN, layout.EXACTNESS_UNKNOWN);
  }
  records.list(record);
}
