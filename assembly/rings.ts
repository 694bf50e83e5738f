// Completion queue entries of io_uring(7), as the kernel wrote them: told apart by what they answer
// (RING_ of the layout), and read where the kernel wrote them if its rings lie in this memory. A
// receive or an accept that the host made ahead is no more than readiness
// here: what it brought waits in the host until it is asked for, in an order that the core decides.
import { apply, epollBits } from './events';
import { fail } from './failure';
import * as layout from './layout';
import { events, rings, ringsSize, word } from './memory';
import { landed } from './merged';
import * as records from './records';

// <linux/io_uring.h>
const IORING_CQE_F_SOCK_NONEMPTY: u32 = 4;

const AT_GENERATION = 4;
const AT_RESULT = 8;
const AT_FLAGS = 12;

const RECORD_SHIFT = 32 - layout.RING_RECORD_BITS;

/** With its sign: the host's own have negative ones. */
function recordOf(entry: u32): i32 {
  return (load<i32>(entry) << RECORD_SHIFT) >> RECORD_SHIFT;
}

function kindOf(entry: u32): i32 {
  return <i32>(load<u32>(entry) >> layout.RING_RECORD_BITS);
}

/** Completions that are this turn's events are in the vector, or where the kernel wrote them. */
export function checkRing(): void {
  const ring = <u32>word(layout.EVENT_RING);
  if (ring == 0) return;
  const total = <u64>(<u32>word(layout.EVENT_RING_MASK)) + 1;
  const end = <u64>ring + total * layout.RING_SIZE;
  assert(ring >= rings && end <= <u64>rings + ringsSize, 'a ring outside of its room');
  assert((total & (total - 1)) == 0, 'a ring of no power of two');
  assert(<u64>word(layout.EVENT_COUNT) <= total, 'more events than the ring holds');
}

/** The address of an event of this turn. */
export function entryAt(place: i32): u32 {
  const ring = <u32>word(layout.EVENT_RING);
  if (ring == 0) return events + place * layout.RING_SIZE;
  const at = (word(layout.EVENT_FIRST) + place) & word(layout.EVENT_RING_MASK);
  return ring + at * layout.RING_SIZE;
}

/** Is it about more than the host's own affairs? */
export function tells(entry: u32): bool {
  return kindOf(entry) < layout.RING_WAKE && load<i32>(entry, AT_RESULT) != -layout.ERROR_CANCELED;
}

export function completed(entry: u32): void {
  const record = recordOf(entry);
  const generation = load<u32>(entry, AT_GENERATION);
  const result = load<i32>(entry, AT_RESULT);
  // The host took it back, and says nothing about the source.
  if (result == -layout.ERROR_CANCELED) return;
  switch (kindOf(entry)) {
    case layout.RING_READINESS:
    case layout.RING_ROOM:
      return result < 0
        ? unwatched(record, generation, -result)
        : apply(record, generation, epollBits(result), layout.UNKNOWN);
    case layout.RING_RECEIVE:
      return received(record, generation, result, load<u32>(entry, AT_FLAGS));
    case layout.RING_ACCEPT:
      return accepted(record, generation, result, load<u32>(entry, AT_FLAGS));
    case layout.RING_OPERATION:
      return landed();
    case layout.RING_WAKE:
    case layout.RING_ANSWER:
      return;
    default:
      assert(false, 'a completion of no kind');
  }
}

/** What nobody watches has failed: nothing would ever be heard of it. */
function unwatched(record: i32, generation: u32, error: i32): void {
  if (records.owns(record, generation)) fail(record, error);
  else apply(record, generation, 0, layout.UNKNOWN);
}

function received(record: i32, generation: u32, result: i32, flags: u32): void {
  if (result > 0) {
    const known = records.owns(record, generation)
      ? load<i32>(records.at(record), layout.RX_AVAILABLE)
      : layout.UNKNOWN;
    const all = known == 0 && !(flags & IORING_CQE_F_SOCK_NONEMPTY);
    return apply(record, generation, layout.READY_IN, all ? result : layout.UNKNOWN);
  }
  if (result == 0) {
    // The end, if the kernel says a word to it; else a receive has to find out.
    const ended = (flags & IORING_CQE_F_SOCK_NONEMPTY) != 0;
    const bits = ended ? layout.READY_END : layout.READY_IN;
    return apply(record, generation, bits, layout.UNKNOWN);
  }
  // Without a buffer nothing was received, and nothing has failed: RECEIVE does it.
  const failed = result == -layout.ERROR_NO_BUFFERS ? 0 : layout.READY_ERROR;
  apply(record, generation, layout.READY_IN | failed, layout.UNKNOWN);
}

/**
 * A failed accept (no descriptors, say) is tried again by ACCEPT, which is told the reason; one
 * that ended without a word brought nobody.
 */
function accepted(record: i32, generation: u32, result: i32, flags: u32): void {
  const nobody = result < 0 || (result == 0 && flags == 0);
  if (nobody || !records.owns(record, generation)) {
    return apply(record, generation, layout.READY_IN, layout.UNKNOWN);
  }
  const known = load<i32>(records.at(record), layout.RX_AVAILABLE);
  apply(record, generation, layout.READY_IN, max<i32>(known, 0) + 1);
  records.set(record, layout.WORK_COUNTED);
}
