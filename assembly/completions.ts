// Completions: what became of each submission. One function an operation; every one names what it
// does with success, with "not now", and with failure.

import * as arenas from './arenas';
import * as batches from './batches';
import * as datagrams from './datagrams';
import { deliver } from './deliveries';
import { fail, failSending } from './failure';
import { isFence, told, untold } from './fences';
import * as layout from './layout';
import * as listeners from './listeners';
import { count, setWord, submissions, word } from './memory';
import { completeMerged } from './merged';
import { METER_CONNECTIONS } from './meter-layout';
import * as meters from './meters';
import * as operations from './operations';
import * as pieces from './pieces';
import * as records from './records';
import * as sendingFiles from './sending-files';
import { abandonStreams } from './spawning';
import { exactnessOf, setAvailable, setEnded, setEof, setReadError, setSpace } from './updates';

export function ingestCompletions(): void {
  const total = word(layout.SUBMISSION_DONE);
  assert(total == word(layout.SUBMISSION_COUNT), 'the host left submissions undone');
  for (let place = 0; place < total; place++) {
    const entry = submissions + <u32>place * layout.SUBMISSION_SIZE;
    const record = load<i32>(entry, layout.SUBMISSION_RECORD);
    if (record == layout.NONE) {
      completeMerged(entry);
      continue;
    }
    if (!records.owns(record, load<u32>(entry, layout.SUBMISSION_GENERATION))) {
      count(layout.COUNTER_COMPLETIONS_STALE);
      continue;
    }
    complete(entry, record, load<i32>(entry, layout.SUBMISSION_RESULT));
    records.list(record);
  }
  setWord(layout.SUBMISSION_COUNT, 0);
  setWord(layout.SUBMISSION_DONE, 0);
}

function complete(entry: u32, record: i32, result: i32): void {
  switch (<i32>load<u8>(entry, layout.SUBMISSION_OPERATION)) {
    case layout.OPERATION_RECEIVE:
      return received(entry, record, result);
    case layout.OPERATION_SEND:
      return sent(entry, record, result);
    case layout.OPERATION_ACCEPT:
      return listeners.accepted(entry, record, result);
    case layout.OPERATION_LISTEN:
    case layout.OPERATION_CONNECT:
    case layout.OPERATION_OPEN:
      if (result == -layout.ERROR_CANCELED) return openAgain(record);
      if (result < 0 && result != -layout.ERROR_IN_PROGRESS) abandonStreams(record);
      releaseName(record);
      return opened(entry, record, result);
    case layout.OPERATION_TAKE:
      // Canceled: the process is asked for again, or it failed and nobody waits any more.
      if (result != -layout.ERROR_CANCELED) opened(entry, record, result);
      return;
    case layout.OPERATION_CONNECT_STATUS:
      if (result == -layout.ERROR_CANCELED) {
        records.clear(record, layout.WORK_CONTROLLING);
        return;
      }
      records.clear(record, layout.WORK_WANT_CONNECT_STATUS);
      return opened(entry, record, result);
    case layout.OPERATION_SHUTDOWN:
      return shutDown(record, result);
    case layout.OPERATION_CLOSE:
      return closed(record);
    case layout.OPERATION_SAMPLE:
      return sampled(entry, record, result);
    case layout.OPERATION_OPTION:
      return;
    case layout.OPERATION_OPERATE:
      return operations.answered(entry, record, result);
    case layout.OPERATION_SEND_FILE:
      return sentFile(entry, record, result);
    default:
      assert(false, 'a completion of no operation');
  }
}

function received(entry: u32, record: i32, result: i32): void {
  if (batches.batched(records.kind(record))) return receivedBatch(entry, record, result);
  records.clear(record, layout.WORK_READING | layout.WORK_COUNTED);
  const source = records.at(record);
  const state = records.state(record);
  if (result > 0) {
    const address = load<u32>(entry, layout.SUBMISSION_EXTRA);
    const limit = arenas.readLimitOf(address);
    const asked = min<u32>(load<u32>(entry, layout.SUBMISSION_LENGTH), limit - address);
    assert(<u32>result <= asked, 'read more than was asked for');
    arenas.arrived(address, result);
    count(layout.COUNTER_READS);
    count(layout.COUNTER_BYTES_IN, result);
    store<u64>(source, load<u64>(source, layout.RECORD_BYTES_IN) + result, layout.RECORD_BYTES_IN);
    store<u32>(source, result, layout.RECORD_READ_HINT);
    const drained = <u32>result < asked;
    if (drained && !records.has(record, layout.WORK_HANGUP | layout.WORK_URGENT_SEEN)) {
      records.clear(record, layout.WORK_READY);
      setAvailable(record, 0, layout.EXACTNESS_EXACT);
    } else {
      setAvailable(record, drained ? 0 : 1, layout.EXACTNESS_LOWER_BOUND);
    }
    if (state != layout.STATE_OPEN) return;
    const appetite = load<u32>(source, layout.RECORD_APPETITE);
    if (appetite != layout.APPETITE_UNLIMITED) {
      store<u32>(source, appetite - min<u32>(appetite, result), layout.RECORD_APPETITE);
    }
    deliver(layout.DELIVER_DATA, record, address, result, 0);
  } else if (result == 0) {
    records.clear(record, layout.WORK_READY);
    setAvailable(record, 0, layout.EXACTNESS_EXACT);
    setEof(record);
    if (records.has(record, layout.WORK_LINGERING)) records.set(record, layout.WORK_END_DELIVERED);
    if (state != layout.STATE_OPEN) return;
    const error = knownError(source);
    if (error != 0) {
      fail(record, error);
    } else if (!records.has(record, layout.WORK_END_DELIVERED)) {
      records.set(record, layout.WORK_END_DELIVERED);
      deliver(layout.DELIVER_END, record, 0, 0, 0);
      // Nobody would ever end the other direction: a program without `end` wants the connection
      // closed.
      if (!(load<u16>(source, layout.RECORD_WANTS) & layout.WANTS_END)) {
        records.set(record, layout.WORK_WANT_SHUTDOWN);
      }
    }
  } else if (result == -layout.ERROR_AGAIN) {
    count(layout.COUNTER_READS_EMPTY);
    records.clear(record, layout.WORK_READY);
    setAvailable(record, 0, layout.EXACTNESS_EXACT);
    // Nothing is left in front of the error of the send side, and no event will come for it.
    const error = knownError(source);
    if (error != 0) fail(record, error);
  } else if (result == -layout.ERROR_NO_BUFFERS) {
    // Every read segment is held by sends that are under way: the bytes stay in the kernel until
    // one is free.
    count(layout.COUNTER_READS_WAITING);
  } else if (records.has(record, layout.WORK_LINGERING)) {
    // All that the program wrote had left: a peer that resets instead of ending has what it wanted.
    records.set(record, layout.WORK_END_DELIVERED);
  } else {
    const error = load<i32>(source, layout.TX_ERROR);
    fail(record, error != 0 ? error : -result);
  }
}

/** What a send met, or what the kernel said in an event, and would not say again. */
function knownError(source: u32): i32 {
  const error = load<i32>(source, layout.TX_ERROR);
  return error != 0 ? error : load<i32>(source, layout.RX_ERROR);
}

/** Records in place of a stream. */
function receivedBatch(entry: u32, record: i32, result: i32): void {
  records.clear(record, layout.WORK_READING | layout.WORK_COUNTED);
  if (result > 0) {
    const address = load<u32>(entry, layout.SUBMISSION_EXTRA);
    const left = arenas.readLimitOf(address) - address - result;
    arenas.arrived(address, result);
    const source = records.at(record);
    const kind = records.kind(record);
    const total = batches.total(kind, address, result);
    count(layout.COUNTER_READS);
    count(layout.COUNTER_BYTES_IN, result);
    count(layout.COUNTER_RECORDS_IN, total);
    store<u64>(source, load<u64>(source, layout.RECORD_BYTES_IN) + result, layout.RECORD_BYTES_IN);
    store<u32>(source, result, layout.RECORD_READ_HINT);
    if (load<i32>(source, layout.RX_ERROR) != 0) setReadError(record, 0);
    const appetite = load<u32>(source, layout.RECORD_APPETITE);
    // Room for another was left unused, so there is none.
    const drained = appetite == layout.APPETITE_UNLIMITED && left >= batches.roomOf(kind);
    if (drained) records.clear(record, layout.WORK_READY);
    setAvailable(
      record,
      drained ? 0 : 1,
      drained ? layout.EXACTNESS_EXACT : layout.EXACTNESS_LOWER_BOUND,
    );
    if (records.state(record) != layout.STATE_OPEN) return;
    if (appetite != layout.APPETITE_UNLIMITED) {
      store<u32>(source, appetite - min<u32>(appetite, total), layout.RECORD_APPETITE);
    }
    if (kind == layout.KIND_PROCESS) records.set(record, layout.WORK_END_DELIVERED);
    deliver(layout.DELIVER_DATA, record, address, result, total);
    if (isFence(record)) told(record, drained);
  } else if (result == 0 || result == -layout.ERROR_AGAIN) {
    count(layout.COUNTER_READS_EMPTY);
    records.clear(record, layout.WORK_READY);
    setAvailable(record, 0, layout.EXACTNESS_EXACT);
  } else if (result == -layout.ERROR_NO_BUFFERS) {
    count(layout.COUNTER_READS_WAITING);
    if (isFence(record)) untold(record);
  } else if (records.kind(record) == layout.KIND_DATAGRAM && datagrams.passing(-result)) {
    // About one datagram that this socket sent (ICMP, RFC 1122, section 4.1.3.3).
    setReadError(record, -result);
    datagrams.tell(record, -result);
  } else {
    if (isFence(record)) untold(record);
    fail(record, -result);
  }
}

function sent(entry: u32, record: i32, result: i32): void {
  records.clear(record, layout.WORK_SENDING | layout.WORK_COUNTED);
  const source = records.at(record);
  store<u32>(source, 0, layout.RECORD_IN_FLIGHT);
  const asked = load<i32>(entry, layout.SUBMISSION_LENGTH);
  const datagram = records.kind(record) == layout.KIND_DATAGRAM;
  if (datagram && datagrams.refused(entry, record, result)) return;
  if (result < 0 && result != -layout.ERROR_AGAIN) {
    failSending(record, -result);
    return;
  }
  count(layout.COUNTER_WRITES);
  const taken = result > 0 ? result : 0;
  assert(taken <= asked, 'sent more than was asked for');
  if (datagram) datagrams.left(record, taken);
  pieces.consume(record, taken);
  count(layout.COUNTER_BYTES_OUT, taken);
  store<u64>(source, load<u64>(source, layout.RECORD_BYTES_SENT) + taken, layout.RECORD_BYTES_SENT);
  // Of datagrams the host may have stopped in front of one that it has not tried.
  const how = datagram ? load<i32>(entry, layout.SUBMISSION_EXTRA) : 0;
  if (taken < asked && how == layout.SEND_NEXT) {
    count(layout.COUNTER_WRITES_SHORT);
  } else if (taken < asked) {
    count(taken > 0 ? layout.COUNTER_WRITES_SHORT : layout.COUNTER_WRITES_BLOCKED);
    records.set(record, layout.WORK_BLOCKED);
    setSpace(record, 0, layout.EXACTNESS_EXACT);
    if (how == layout.SEND_LATER) listeners.parkSending(record);
  } else if (load<i32>(source, layout.TX_SPACE) != layout.UNKNOWN) {
    // What was known is used up, and nothing says by how much.
    setSpace(record, layout.UNKNOWN, layout.EXACTNESS_UNKNOWN);
  }
  if (pieces.files(record) > 0) sendingFiles.settleRead(record);
  drained(record);
}

/** Nothing is queued any more: who was asked to wait may go on. */
function drained(record: i32): void {
  if (!pieces.empty(record) || !records.has(record, layout.WORK_DRAIN_OWED)) return;
  records.clear(record, layout.WORK_DRAIN_OWED);
  if (records.state(record) == layout.STATE_OPEN) deliver(layout.DELIVER_DRAIN, record, 0, 0, 0);
}

function sentFile(entry: u32, record: i32, result: i32): void {
  records.clear(record, layout.WORK_SENDING | layout.WORK_COUNTED);
  store<u32>(records.at(record), 0, layout.RECORD_IN_FLIGHT);
  sendingFiles.sent(entry, record, result);
  drained(record);
}

/**
 * The host put a peer record into the read arena, like bytes that arrived: so it is in the trace.
 */
function keepPeer(entry: u32, record: i32): u32 {
  const address = load<u32>(entry, layout.SUBMISSION_EXTRA);
  arenas.arrived(address, layout.PEER_SIZE);
  memory.copy(records.peerAt(record), address, layout.PEER_SIZE);
  return address;
}

/** What LISTEN, CONNECT, or CONNECT_STATUS after one that went on in the background, answered. */
function opened(entry: u32, record: i32, result: i32): void {
  records.clear(record, layout.WORK_CONTROLLING);
  const state = records.state(record);
  if (result == -layout.ERROR_IN_PROGRESS) {
    if (state == layout.STATE_OPENING) records.setState(record, layout.STATE_CONNECTING);
    return;
  }
  if (result < 0) return fail(record, -result);
  const told = load<i32>(records.at(record), layout.RX_ERROR);
  // The event had the error with it, and with that the kernel may have forgotten it.
  if (told != 0 && state == layout.STATE_CONNECTING) {
    arenas.arrived(load<u32>(entry, layout.SUBMISSION_EXTRA), layout.PEER_SIZE);
    return fail(record, told);
  }
  const address = keepPeer(entry, record);
  if (state != layout.STATE_OPENING && state != layout.STATE_CONNECTING) return;
  records.setState(record, layout.STATE_OPEN);
  if (records.kind(record) == layout.KIND_LISTENER) {
    deliver(layout.DELIVER_LISTENING, record, address, layout.PEER_SIZE, result);
    return;
  }
  if (result & layout.OPENED_DOUBTFUL) records.set(record, layout.WORK_URGENT_SEEN);
  // No event would ever say so.
  if (result & layout.OPENED_FILE) records.set(record, layout.WORK_READY);
  count(layout.COUNTER_CONNECTED);
  if (records.has(record, layout.WORK_WANT_CLOSE)) {
    // Closed before it was open: what was written goes out, and no handler but `close` hears of it.
    records.setState(record, layout.STATE_CLOSING);
  } else {
    deliver(layout.DELIVER_OPEN, record, address, layout.PEER_SIZE, 0);
  }
}

/** There was no room for the answer, and so nothing was done: the next turn asks again. */
function openAgain(record: i32): void {
  records.clear(record, layout.WORK_CONTROLLING);
  records.set(record, layout.WORK_WANT_OPEN);
}

/** The name of a listen or connect lay in the write arena until now. */
function releaseName(record: i32): void {
  const asked = records.peerAt(record);
  arenas.release(load<i32>(asked, layout.ASKED_SEGMENT));
  memory.fill(asked, 0, layout.PEER_SIZE);
}

function shutDown(record: i32, result: i32): void {
  records.clear(record, layout.WORK_CONTROLLING);
  records.set(record, layout.WORK_SHUT_DOWN);
  // Nothing can come from the other side: with its end sent, it is done.
  if (result == layout.SHUT_DOWN_ALL) records.set(record, layout.WORK_END_DELIVERED);
  setEnded(record);
}

function closed(record: i32): void {
  records.setState(record, layout.STATE_DEAD);
  count(layout.COUNTER_CLOSED);
  if (records.kind(record) == layout.KIND_LISTENER) listeners.gone(record);
  else if (records.kind(record) == layout.KIND_CONNECTION) {
    meters.depart(METER_CONNECTIONS);
    listeners.left(record);
  }
  deliver(layout.DELIVER_CLOSE, record, 0, 0, 0);
  listeners.unpark();
}

function sampled(entry: u32, record: i32, result: i32): void {
  records.clear(record, layout.WORK_CONTROLLING);
  if (records.kind(record) == layout.KIND_LISTENER) return listeners.counted(record, result);
  records.set(record, layout.WORK_COUNTED);
  if (result >= 0) {
    // FIONREAD stops at urgent data, and more may lie behind it.
    const urgent = records.has(record, layout.WORK_URGENT_SEEN);
    setAvailable(record, result, urgent ? layout.EXACTNESS_LOWER_BOUND : exactnessOf(result));
    if (result > 0) records.set(record, layout.WORK_READY);
  }
  const space = load<i32>(entry, layout.SUBMISSION_EXTRA);
  if (space != layout.UNKNOWN) setSpace(record, space, layout.EXACTNESS_LOWER_BOUND);
  if (result < 0 && result != -layout.ERROR_AGAIN) setReadError(record, -result);
}
