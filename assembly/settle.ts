// Decide: what one source needs next, looked at once a turn, when the handlers have had their say.
//
//   state       │ what the end of the turn does
//   ────────────┼──────────────────────────────────────────────────────────────────────────────
//   OPENING     │ submits the listen or connect (a close waits until it is answered)
//   CONNECTING  │ after the event that ends it, asks what became of it
//   OPEN        │ sends what is queued, shuts down when asked and flushed, reads what is wanted
//   CLOSING     │ sends what is queued, then closes (draining: after the peer's end)
//   FAILED      │ closes
//   CLOSED      │ nothing: the close is under way
//   DEAD        │ frees the record
import * as batches from './batches';
import { STATE_FILES_EXPECTED, STATE_READS } from './core-layout';
import * as datagrams from './datagrams';
import { settleAbandoned } from './failure';
import { fenceEntries, isFence, settleFences } from './fences';
import * as layout from './layout';
import * as listeners from './listeners';
import { readSegmentSize, settings, setWord, word } from './memory';
import * as pieces from './pieces';
import * as records from './records';
import { settleFile } from './sending-files';
import { submitTakes } from './spawning';
import { again, ENTRIES_A_SOURCE, roomFor, submit } from './submissions';

/**
 * Bytes that one turn's reads may bring, as far as the last ones tell. What is read is handled and
 * sent before more is read, while it is still in the cache; who has to wait is first in the next
 * turn.
 */
const READ_BUDGET: u32 = 256 << 10;
/** Room that a first read wants to see before it takes what is left of a segment. */
const FIRST_ROOM: u32 = 2048;

export function settleAll(): void {
  setWord(layout.STATE_READ_EXPECTED, 0);
  setWord(STATE_FILES_EXPECTED, 0);
  setWord(STATE_READS, 0);
  const total = word(layout.STATE_WORK_COUNT);
  for (let place = 0; place < total; place++) {
    if (!roomFor(ENTRIES_A_SOURCE + fenceEntries())) break;
    settle(records.takeListed());
  }
  settleFences();
  if (word(layout.STATE_WORK_COUNT) > 0) again();
}

function settle(record: i32): void {
  if (records.has(record, layout.WORK_ABANDONED) && records.kind(record) != layout.KIND_LISTENER) {
    settleAbandoned(record);
  }
  switch (records.state(record)) {
    case layout.STATE_OPENING: {
      if (records.has(record, layout.WORK_WANT_OPEN)) open(record);
      else if (asked(record, layout.WORK_WANT_CLOSE)) close(record);
      return;
    }
    case layout.STATE_CONNECTING: {
      // It may take minutes, and the arenas belong to everybody.
      pieces.stash(record);
      // With bytes to send, closing waits for the connection as they do.
      if (asked(record, layout.WORK_WANT_CLOSE) && pieces.empty(record)) close(record);
      else if (asked(record, layout.WORK_WANT_CONNECT_STATUS)) {
        records.set(record, layout.WORK_CONTROLLING);
        submit(layout.OPERATION_CONNECT_STATUS, record, 0, 0, 0);
        again();
      }
      return;
    }
    case layout.STATE_OPEN: {
      if (records.kind(record) == layout.KIND_LISTENER) settleListener(record);
      else if (records.kind(record) != layout.KIND_FILE) settleOpen(record);
      return;
    }
    case layout.STATE_CLOSING: {
      send(record);
      if (!pieces.empty(record)) return;
      if (records.has(record, layout.WORK_LINGERING)) linger(record);
      else close(record);
      return;
    }
    case layout.STATE_FAILED:
      return close(record);
    case layout.STATE_CLOSED:
      return;
    case layout.STATE_DEAD:
      return records.free(record);
    default:
      assert(false, 'settled a free record');
  }
}

function open(record: i32): void {
  const asked = records.peerAt(record);
  const entry = submit(
    load<i32>(asked, layout.ASKED_OPERATION),
    record,
    load<u32>(asked, layout.ASKED_ADDRESS),
    load<u32>(asked, layout.ASKED_LENGTH),
    load<i32>(asked, layout.ASKED_ARGUMENT),
  );
  store<u8>(entry, <u8>records.kind(record), layout.SUBMISSION_DETAIL);
  store<i32>(entry, load<i32>(asked, layout.ASKED_BACKLOG), layout.SUBMISSION_EXTRA);
  records.clear(record, layout.WORK_WANT_OPEN);
  records.set(record, layout.WORK_CONTROLLING);
  if (records.kind(record) == layout.KIND_PROCESS) submitTakes(record);
  again();
}

/** Is the work wanted, and no control operation under way? */
function asked(record: i32, bit: i32): bool {
  return records.has(record, bit) && !records.has(record, layout.WORK_CONTROLLING);
}

function settleListener(record: i32): void {
  if (records.has(record, layout.WORK_WANT_CLOSE)) {
    if (load<u32>(records.at(record), layout.RECORD_IN_FLIGHT) == 0) close(record);
  } else {
    listeners.settle(record);
  }
}

function settleOpen(record: i32): void {
  if (records.has(record, layout.WORK_WANT_NO_DELAY | layout.WORK_WANT_KEEP_ALIVE))
    setOptions(record);
  send(record);
  if (asked(record, layout.WORK_WANT_SHUTDOWN) && pieces.empty(record)) {
    // The peer is done too: closing ends our direction and spares the shutdown.
    if (records.has(record, layout.WORK_END_DELIVERED)) return close(record);
    shutDown(record);
  }
  receive(record);
  // A process that has ended has nothing more to say.
  if (
    records.kind(record) == layout.KIND_PROCESS &&
    records.has(record, layout.WORK_END_DELIVERED)
  ) {
    return close(record);
  }
  // Figures that are still fresh are not asked for again: the answer would bring about the next
  // question.
  const sampling =
    settings & layout.SETTING_SAMPLE_TURN &&
    !records.has(record, layout.WORK_READING | layout.WORK_COUNTED);
  if (sampling || records.has(record, layout.WORK_WANT_SAMPLE)) sample(record);
}

function shutDown(record: i32): void {
  if (records.has(record, layout.WORK_SHUT_DOWN)) return;
  records.set(record, layout.WORK_CONTROLLING);
  submit(layout.OPERATION_SHUTDOWN, record, 0, 0, 0);
  again();
}

/** Our end, then the peer's (draining.ts). */
function linger(record: i32): void {
  if (records.has(record, layout.WORK_END_DELIVERED)) return close(record);
  if (!records.has(record, layout.WORK_CONTROLLING)) shutDown(record);
  receive(record);
}

function setOptions(record: i32): void {
  if (records.has(record, layout.WORK_WANT_NO_DELAY)) {
    const on = records.has(record, layout.WORK_NO_DELAY) ? 1 : 0;
    submit(layout.OPERATION_OPTION, record, 0, on, layout.SOCKET_NO_DELAY);
  }
  if (records.has(record, layout.WORK_WANT_KEEP_ALIVE)) {
    const on = records.has(record, layout.WORK_KEEP_ALIVE) ? 1 : 0;
    submit(layout.OPERATION_OPTION, record, 0, on, layout.SOCKET_KEEP_ALIVE);
  }
  records.clear(record, layout.WORK_WANT_NO_DELAY | layout.WORK_WANT_KEEP_ALIVE);
}

function send(record: i32): void {
  if (pieces.empty(record) || records.has(record, layout.WORK_SENDING)) return;
  if (pieces.files(record) > 0 && settleFile(record)) return;
  if (records.has(record, layout.WORK_BLOCKED)) return pieces.stash(record);
  const longer = records.has(record, layout.WORK_AUTO_DELAY) && overNetwork(record);
  const total = pieces.gather(record, longer ? layout.PIECES_A_LONG_SEND : layout.PIECES_A_SEND);
  let length = pieces.gatheredLength;
  if (records.kind(record) == layout.KIND_DATAGRAM && length < pieces.queued(record)) {
    length = datagrams.whole(record, length);
  }
  records.set(record, layout.WORK_SENDING);
  store<u32>(records.at(record), length, layout.RECORD_IN_FLIGHT);
  submit(layout.OPERATION_SEND, record, pieces.first(record), length, total);
  if (records.has(record, layout.WORK_DRAIN_OWED | layout.WORK_WANT_SHUTDOWN)) again();
  if (records.state(record) == layout.STATE_CLOSING || word(layout.STATE_DRAINING)) again();
  if (pieces.gatheredToFile || length < pieces.queued(record)) again();
}

/** Has it segments at all? */
function overNetwork(record: i32): bool {
  const family = <i32>load<u16>(records.peerAt(record), layout.PEER_FAMILY);
  return family == layout.FAMILY_IPV4 || family == layout.FAMILY_IPV6;
}

function receive(record: i32): void {
  const source = records.at(record);
  const appetite = load<u32>(source, layout.RECORD_APPETITE);
  if (appetite == 0 || !records.has(record, layout.WORK_READY)) return;
  if (records.has(record, layout.WORK_READING | layout.WORK_END_DELIVERED)) return;
  if (isFence(record)) return;
  const expected = <u32>word(layout.STATE_READ_EXPECTED);
  if (expected >= READ_BUDGET) {
    records.list(record);
    return again();
  }
  if (batches.batched(records.kind(record))) return receiveBatch(record, appetite);
  const want = min<u32>(appetite, word(layout.READ_SIZE_MAX));
  // A read that fills its room exactly costs a second one, so ask for more than the last one
  // brought.
  const hint = load<u32>(source, layout.RECORD_READ_HINT);
  const room = min<u32>(min<u32>(want, readSegmentSize), max<u32>(FIRST_ROOM, hint + (hint >> 1)));
  setWord(layout.STATE_READ_EXPECTED, expected + min<u32>(want, hint));
  records.set(record, layout.WORK_READING);
  setWord(STATE_READS, word(STATE_READS) + 1);
  const entry = submit(layout.OPERATION_RECEIVE, record, 0, want, room);
  if (appetite == layout.APPETITE_UNLIMITED) {
    store<u8>(entry, layout.SUBMISSION_AHEAD, layout.SUBMISSION_FLAGS);
  }
  again();
}

/** Records, as many as there are: the appetite counts them. */
function receiveBatch(record: i32, appetite: u32): void {
  const room = batches.roomOf(records.kind(record));
  const expected = <u32>word(layout.STATE_READ_EXPECTED);
  const hint = load<u32>(records.at(record), layout.RECORD_READ_HINT);
  setWord(layout.STATE_READ_EXPECTED, expected + min<u32>(readSegmentSize, hint));
  records.set(record, layout.WORK_READING);
  const entry = submit(layout.OPERATION_RECEIVE, record, 0, readSegmentSize, room);
  const most = appetite == layout.APPETITE_UNLIMITED ? 0 : appetite;
  store<u32>(entry, most, layout.SUBMISSION_EXTRA);
  again();
}

/** The kernel's own figures, taken after this turn's reads and writes. */
function sample(record: i32): void {
  if (records.has(record, layout.WORK_CONTROLLING)) return;
  records.clear(record, layout.WORK_WANT_SAMPLE);
  records.set(record, layout.WORK_CONTROLLING);
  submit(layout.OPERATION_SAMPLE, record, 0, 0, 0);
  again();
}

function close(record: i32): void {
  if (records.has(record, layout.WORK_SENDING | layout.WORK_READING | layout.WORK_CONTROLLING))
    return;
  // What was asked of a file is answered before it goes.
  if (
    records.kind(record) == layout.KIND_FILE &&
    load<u32>(records.at(record), layout.RECORD_IN_FLIGHT) > 0
  ) {
    return;
  }
  assert(pieces.empty(record), 'closing with bytes queued');
  records.setState(record, layout.STATE_CLOSED);
  const reset = load<u16>(records.at(record), layout.RECORD_WANTS) & layout.WANTS_RESET;
  const listener = records.kind(record) == layout.KIND_LISTENER;
  const how = listener ? layout.CLOSE_LISTENER : reset ? layout.CLOSE_RESET : 0;
  submit(layout.OPERATION_CLOSE, record, 0, 0, how);
  again();
}
