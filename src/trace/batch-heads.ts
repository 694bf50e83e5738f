// The words of what arrived that the core itself reads: how long each record of a batch is, what
// completed, and of which family a peer is. A trace with digests in place of the bytes keeps these,
// or its core could not run again.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';

/** A word with a length, the bytes that it does not count, and the padding. */
interface Shape {
  readonly at: number;
  readonly head: number;
  readonly padding: number;
}

/** By KIND_; records of the other kinds are all of one size. */
const SHAPES: Readonly<Record<number, Shape>> = {
  [layout.KIND_DATAGRAM]: { at: layout.DATAGRAM_LENGTH, head: layout.DATAGRAM_HEAD, padding: 7 },
  [layout.KIND_PATH]: { at: layout.PATH_LENGTH, head: layout.PATH_HEAD, padding: 0 },
  // struct nlmsghdr counts itself.
  [layout.KIND_NETWORK]: { at: 0, head: 0, padding: 3 },
  [layout.KIND_INBOX]: { at: 0, head: layout.POST_HEAD, padding: 7 },
};

const WORD_SIZE = 4;
const FAMILY_SIZE = 2;

/** Operations whose success brings a name record. */
const NAMING: ReadonlySet<number> = new Set([
  layout.OPERATION_ACCEPT,
  layout.OPERATION_LISTEN,
  layout.OPERATION_CONNECT,
  layout.OPERATION_CONNECT_STATUS,
  layout.OPERATION_OPEN,
  layout.OPERATION_TAKE,
]);

/** Address and length of each run of bytes that the core reads of what completions brought. */
export function* headsOf(
  memory: ReactorMemory,
  completions: number,
): Generator<readonly [address: number, length: number]> {
  const view = new DataView(memory.buffer);
  let entry = word(memory, layout.SUBMISSIONS_BASE);
  for (let place = 0; place < completions; place++, entry += layout.SUBMISSION_SIZE) {
    const result = word(memory, entry + layout.SUBMISSION_RESULT);
    const start = word(memory, entry + layout.SUBMISSION_EXTRA);
    const operation = memory.bytes[entry + layout.SUBMISSION_OPERATION] as number;
    if (result >= 0 && NAMING.has(operation)) yield [start + layout.PEER_FAMILY, FAMILY_SIZE];
    if (result <= 0) continue;
    if (operation === layout.OPERATION_COLLECT) yield* completed(view, start, start + result);
    if (operation !== layout.OPERATION_RECEIVE) continue;
    const record = word(memory, entry + layout.SUBMISSION_RECORD);
    const source = word(memory, layout.RECORDS_BASE) + record * layout.RECORD_SIZE;
    const shape = SHAPES[memory.bytes[source + layout.RECORD_KIND] as number];
    // Of an earlier owner the core reads nothing.
    const owner = word(memory, entry + layout.SUBMISSION_GENERATION);
    if (!shape || word(memory, source + layout.RECORD_GENERATION) !== owner) continue;
    for (let at = start; at < start + result; ) {
      yield [at + shape.at, WORD_SIZE];
      const length = view.getUint32(at + shape.at, true);
      at += shape.head + ((length + shape.padding) & ~shape.padding);
    }
  }
}

function* completed(
  view: DataView,
  start: number,
  end: number,
): Generator<readonly [address: number, length: number]> {
  for (let at = start; at < end; ) {
    yield [at, layout.COMPLETION_SIZE];
    const brought = view.getUint32(at + layout.COMPLETION_ADDRESS, true) !== 0;
    const result = Number(view.getBigInt64(at + layout.COMPLETION_RESULT, true));
    at += layout.COMPLETION_SIZE + (brought && result > 0 ? (result + 7) & ~7 : 0);
  }
}
