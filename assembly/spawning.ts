// Spawning: one call makes a record for the process and one for each of its streams that is a pipe.
// The host makes all of them in one go, so they are submitted together: OPEN for the process, and
// behind it, linked, a TAKE for each stream. Until then the name record of each leads to the next.
import { ask } from './calls';
import { abandon } from './failure';
import * as layout from './layout';
import { bounce, setWord, word } from './memory';
import { METER_CONNECTIONS } from './meter-layout';
import * as meters from './meters';
import * as records from './records';
import { logged, loggedBytes, named, result } from './stream';
import { submit } from './submissions';

const STREAMS = 3;

function isPipe(streams: i32, which: i32): bool {
  const how = (streams >> (which * layout.STREAM_SHIFT)) & layout.STREAM_MASK;
  return how == layout.STREAM_PIPE;
}

/**
 * A command that lies where reserve() said. `streams` says of standard input, output and error what
 * they are (STREAM_). Returns the record of the process.
 */
export function spawn(
  address: u32,
  length: u32,
  streams: i32,
  ofStreams: i32,
  streamWants: i32,
  handlers: i32,
  wants: i32,
): i32 {
  const owner = wants | (streamWants << 16);
  loggedBytes(layout.CALL_SPAWN, handlers, owner, streams, ofStreams, address, length, false);
  setWord(layout.STATE_SPAWNED, layout.NONE);
  if (word(layout.STATE_DRAINING)) return result(layout.CALL_DRAINING);
  if (address == bounce) return result(layout.CALL_TOTAL_FULL);
  let wanted = 1;
  for (let which = 0; which < STREAMS; which++) if (isPipe(streams, which)) wanted++;
  const left = word(layout.RECORDS_MAX) - word(layout.RECORDS_USED);
  if (left < wanted) return result(layout.CALL_NO_RECORD);
  const process = records.allocate(layout.KIND_PROCESS, handlers, wants);
  ask(process, layout.OPERATION_OPEN, address, length, streams, 0);
  let last = process;
  for (let which = 0; which < STREAMS; which++) {
    if (!isPipe(streams, which)) continue;
    const stream = records.allocate(layout.KIND_CONNECTION, ofStreams, streamWants);
    meters.arrive(METER_CONNECTIONS);
    store<i32>(records.peerAt(stream), which, layout.ASKED_ARGUMENT);
    // A close waits until the TAKE is answered.
    records.set(stream, layout.WORK_CONTROLLING);
    store<i32>(records.peerAt(last), stream + 1, layout.ASKED_STREAM);
    last = stream;
  }
  setWord(layout.STATE_SPAWNED, process);
  return result(process);
}

/** The record behind this one, or NONE. */
function next(record: i32): i32 {
  return load<i32>(records.peerAt(record), layout.ASKED_STREAM) - 1;
}

/** The record of a stream of the process that was spawned by the call before. */
export function takenStream(which: i32): i32 {
  logged(layout.CALL_TAKEN_STREAM, which, 0, 0, 0);
  const process = word(layout.STATE_SPAWNED);
  if (process == layout.NONE) return result(layout.CALL_STALE);
  let stream = next(process);
  while (stream != layout.NONE) {
    if (load<i32>(records.peerAt(stream), layout.ASKED_ARGUMENT) == which) {
      named(records.generation(stream));
      return result(stream);
    }
    stream = next(stream);
  }
  return result(layout.CALL_STALE);
}

/** Behind the OPEN of a process: its streams. */
export function submitTakes(process: i32): void {
  for (let stream = next(process); stream != layout.NONE; stream = next(stream)) {
    const which = load<i32>(records.peerAt(stream), layout.ASKED_ARGUMENT);
    const entry = submit(layout.OPERATION_TAKE, stream, 0, 0, which);
    store<u8>(entry, layout.SUBMISSION_LINKED, layout.SUBMISSION_FLAGS);
  }
}

/** No process came about, so there is nobody at the other ends. */
export function abandonStreams(process: i32): void {
  if (records.kind(process) != layout.KIND_PROCESS) return;
  let stream = next(process);
  while (stream != layout.NONE) {
    const following = next(stream);
    records.clear(stream, layout.WORK_CONTROLLING);
    abandon(stream);
    stream = following;
  }
}
