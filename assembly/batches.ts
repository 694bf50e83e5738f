// Batches: sources whose input is records and not a stream of bytes. A RECEIVE brings as many as
// there are; the handlers hear of each. Here they are only counted: what a record says is the
// façade's affair, which reads the same bytes in a replay.
import * as layout from './layout';
import { readSegmentSize } from './memory';

export function batched(kind: i32): bool {
  return kind >= layout.KIND_DATAGRAM && kind <= layout.KIND_INBOX;
}

/** Least room that a RECEIVE has; a host that leaves so much unused has nothing left. */
export function roomOf(kind: i32): u32 {
  const room = kind == layout.KIND_DATAGRAM ? layout.DATAGRAM_ROOM : layout.BATCH_ROOM;
  return min<u32>(room, readSegmentSize);
}

/** Records in a batch; asserts that they fill it. */
export function total(kind: i32, address: u32, length: u32): i32 {
  const end = address + length;
  let at = address;
  let records = 0;
  while (at < end) {
    at += sizeOf(kind, at, end - at);
    records++;
  }
  assert(at == end, 'a batch does not end with its last record');
  return records;
}

function sizeOf(kind: i32, at: u32, left: u32): u32 {
  switch (kind) {
    case layout.KIND_DATAGRAM:
      return withBytes(at, left, layout.DATAGRAM_HEAD, layout.DATAGRAM_LENGTH, 7);
    case layout.KIND_SIGNAL:
      return layout.SIGNAL_RECORD;
    case layout.KIND_PROCESS:
      return layout.PROCESS_RECORD;
    case layout.KIND_PATH:
      return withBytes(at, left, layout.PATH_HEAD, layout.PATH_LENGTH, 0);
    case layout.KIND_NETWORK: {
      // struct nlmsghdr: its length counts the head, and is padded to 4.
      assert(left >= <u32>layout.NETWORK_HEAD, 'a record is cut');
      const size = (load<u32>(at) + 3) & ~3;
      assert(size >= <u32>layout.NETWORK_HEAD && size <= left, 'a record overruns its batch');
      return size;
    }
    default:
      return withBytes(at, left, layout.POST_HEAD, 0, 7);
  }
}

/** A head that says how many bytes follow it, padded. */
function withBytes(at: u32, left: u32, head: u32, place: u32, padding: u32): u32 {
  assert(left >= head, 'a record is cut');
  const length = load<u32>(at + place);
  assert(length <= left - head, 'a record overruns its batch');
  return head + ((length + padding) & ~padding);
}
