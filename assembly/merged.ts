// The merged loop: readiness and completions in one wait, and neither starves the other.
//
// The host keeps what it was asked to do (a kernel queue, threads) and announces each completion on
// a descriptor that its notifier watches. An announcement can only be read once, while its
// completions may be more than one batch, so the core counts: announced minus collected is what may
// still be there, and as long as that is more than nothing nobody sleeps.
//
//   event for RECORD_COMPLETIONS  →  ANNOUNCED, COLLECT   at this turn's end
//   ANNOUNCED answers n           →  expected += n
//   an operation's own completion →  expected += 1    (a ring announces each by itself)
//   COLLECT answers records       →  expected -= records
//   expected > 0                  →  COLLECT again, after the sockets had their turn
//
// A batch and one look at the sockets alternate, so each side moves in every second turn. Nothing
// here knows which kernel interface completes: it is the same for aio, threads and rings.
import * as arenas from './arenas';
import { MERGED_ANNOUNCED, MERGED_INPUT, STATE_MERGED } from './core-layout';
import { apply } from './events';
import * as layout from './layout';
import { count, long, settings, setWord, word } from './memory';
import { completed } from './operations';
import { again, roomFor, submit } from './submissions';

/** What the completion of a record's own request says: look again at both of its sides. */
const READY = layout.READY_IN | layout.READY_OUT;

/** The descriptor that announces completions became readable. */
export function announce(): void {
  setWord(STATE_MERGED, word(STATE_MERGED) | MERGED_ANNOUNCED);
}

/** One more to collect, and no announcement of it comes. */
export function landed(): void {
  setWord(layout.STATE_EXPECTED, word(layout.STATE_EXPECTED) + 1);
}

/** The kernel reported something: a turn that comes anyway may look at completions too. */
export function heard(): void {
  setWord(STATE_MERGED, word(STATE_MERGED) | MERGED_INPUT);
}

/** What the end of a turn asks for: the news, and the completions themselves. */
export function settleMerged(): void {
  const news = (word(STATE_MERGED) & MERGED_ANNOUNCED) != 0;
  const busy = (word(STATE_MERGED) & MERGED_INPUT) != 0;
  setWord(STATE_MERGED, word(STATE_MERGED) & ~MERGED_INPUT);
  const beside =
    busy && (settings & layout.SETTING_COLLECT_ALWAYS) != 0 && word(layout.OPERATIONS_FLYING) > 0;
  if (!news && !beside && word(layout.STATE_EXPECTED) <= 0) return;
  again();
  if (!roomFor(2)) return;
  if (news) {
    setWord(STATE_MERGED, word(STATE_MERGED) & ~MERGED_ANNOUNCED);
    submit(layout.OPERATION_ANNOUNCED, layout.NONE, 0, 0, 0);
  }
  submit(layout.OPERATION_COLLECT, layout.NONE, 0, word(layout.COLLECT_MAX), 0);
}

/**
 * A busy host spares most looks at the kernel. With operations under way it may not spare two in a
 * row: an announcement, and the sockets beside one, are heard of in every second turn.
 */
export function alternate(): void {
  if (!word(layout.TURN_AGAIN) || word(layout.OPERATIONS_FLYING) == 0) return;
  if (long(layout.TURN) & 1) setWord(layout.TURN_AGAIN, layout.AGAIN_LOOK);
}

/** ANNOUNCED and COLLECT: they concern no one source. */
export function completeMerged(entry: u32): void {
  const result = load<i32>(entry, layout.SUBMISSION_RESULT);
  const operation = <i32>load<u8>(entry, layout.SUBMISSION_OPERATION);
  if (operation == layout.OPERATION_ANNOUNCED) {
    if (result <= 0) return;
    count(layout.COUNTER_ANNOUNCEMENTS);
    setWord(layout.STATE_EXPECTED, word(layout.STATE_EXPECTED) + result);
    // Counted down one by one, there may be more where this came from.
    if (settings & layout.SETTING_SEMAPHORE) announce();
    return;
  }
  assert(operation == layout.OPERATION_COLLECT, 'a completion for no record');
  count(layout.COUNTER_COLLECTS);
  if (result <= 0) {
    count(layout.COUNTER_COLLECTS_EMPTY);
    return;
  }
  collect(load<u32>(entry, layout.SUBMISSION_EXTRA), result);
}

function collect(address: u32, length: u32): void {
  arenas.arrived(address, length);
  const end = address + length;
  let at = address;
  let total = 0;
  while (at < end) {
    assert(end - at >= <u32>layout.COMPLETION_SIZE, 'a completion is cut');
    const operation = load<i32>(at, layout.COMPLETION_OPERATION);
    const generation = load<u32>(at, layout.COMPLETION_GENERATION);
    const bytes = load<u32>(at, layout.COMPLETION_ADDRESS);
    const via = load<i32>(at, layout.COMPLETION_VIA);
    const result = <i32>load<i64>(at, layout.COMPLETION_RESULT);
    at += layout.COMPLETION_SIZE;
    if (bytes != 0) {
      assert(bytes == at && result > 0 && <u32>result <= end - at, 'its bytes lie elsewhere');
      at += (result + 7) & ~7;
    }
    total++;
    if (operation >= 0 && operation & layout.COMPLETION_OF_RECORD) {
      apply(operation & ~layout.COMPLETION_OF_RECORD, generation, READY, layout.UNKNOWN);
    } else {
      completed(operation, generation, result, bytes, via);
    }
  }
  setWord(layout.STATE_EXPECTED, word(layout.STATE_EXPECTED) - total);
}
