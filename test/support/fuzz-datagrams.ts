// Datagrams in the fuzz: a host that sends some of them, refuses any, and brings batches; and a
// program that sends as many as it likes.
import * as layout from '../../assembly/layout';
import type { BytesChecker } from './checkers/bytes';
import { violated } from './checkers/checker';
import type { Answer, CoreHarness, Handle } from './core-harness';
import { type Submission, sendBytes } from './core-views';
import { datagram, sendTo, wholeOf } from './datagram-bytes';
import type { FuzzOptions } from './fuzz-options';
import type { Seeded } from './seeded';

// <asm-generic/errno.h>: about one datagram, and about the socket.
const PASSING = [1, 2, 13, 22, 90, 99, 101, 105, 111, 113];
const EBADF = 9;
/** As much as a batch may be in the smallest room. */
const BATCH_MOST = 60_000;

export class FuzzDatagrams {
  private readonly harness: CoreHarness;
  private readonly random: Seeded;
  private readonly options: FuzzOptions;
  private readonly bytes: BytesChecker;

  constructor(harness: CoreHarness, random: Seeded, options: FuzzOptions, bytes: BytesChecker) {
    this.harness = harness;
    this.random = random;
    this.options = options;
    this.bytes = bytes;
  }

  owns({ record, generation, operation }: Submission): boolean {
    if (operation !== 'send' && operation !== 'receive') return false;
    return this.harness.record({ record, generation }).kind === layout.KIND_DATAGRAM;
  }

  // ── The host ──

  answer(submission: Submission): Answer {
    return submission.operation === 'send'
      ? this.answerSend(submission)
      : this.answerReceive(submission);
  }

  private answerReceive(submission: Submission): Answer {
    const { random, options } = this;
    if (random.chance(options.failure)) return -this.error();
    if (random.chance(options.emptyRead)) return random.pick([0, -layout.ERROR_AGAIN]);
    const asked = this.harness.word(submission.at + layout.SUBMISSION_EXTRA);
    const most = asked === 0 ? 40 : Math.min(asked, 40);
    const records: Buffer[] = [];
    let left = BATCH_MOST;
    for (let total = random.between(1, most); total > 0; total--) {
      const record = datagram(random.bytes(random.size(options.messageMost)));
      if (record.length > left) break;
      left -= record.length;
      records.push(record);
    }
    return records.length === 0 ? -layout.ERROR_AGAIN : Buffer.concat(records);
  }

  private answerSend(submission: Submission): Answer {
    const { random, options, harness } = this;
    const bytes = sendBytes(harness.memory, submission);
    if (random.chance(options.failure)) {
      // Of an error about an earlier datagram nothing is dropped.
      const first = layout.DATAGRAM_HEAD + ((bytes.readUInt32LE(layout.DATAGRAM_LENGTH) + 7) & ~7);
      return { result: -this.error(), extra: random.chance(0.2) ? 0 : first };
    }
    if (random.chance(options.blockedSend)) return random.pick([0, -layout.ERROR_AGAIN]);
    if (!random.chance(options.shortSend)) return bytes.length;
    const taken = wholeOf(bytes, random.between(0, bytes.length));
    return { result: taken, extra: taken < bytes.length ? random.between(0, 1) : 0 };
  }

  private error(): number {
    return this.random.chance(0.05) ? EBADF : this.random.pick(PASSING);
  }

  // ── The program ──

  open(): Handle {
    return this.harness.openSource(layout.KIND_DATAGRAM);
  }

  /** Sends to it, whoever it is. */
  send(handle: Handle): void {
    const { random, harness } = this;
    const record = datagram(random.bytes(Math.min(65_535, random.size(this.options.messageMost))));
    const broken = random.chance(0.05);
    const bytes = broken ? record.subarray(0, random.between(1, record.length - 1)) : record;
    const taken = (): number => (this.live(handle) ? harness.record(handle).bytesTaken : 0);
    const before = taken();
    const result = sendTo(harness, handle, bytes);
    const more = taken() - before;
    if (more !== 0 && (broken || result < 0 || more !== bytes.length)) {
      violated('a datagram is taken whole or not at all', { handle, result, more });
    }
    if (more > 0) this.bytes.took(handle, bytes);
  }

  private live({ record, generation }: Handle): boolean {
    if (record < 0 || record >= this.harness.memory.limits.connections) return false;
    return this.harness.record({ record, generation }).generation === generation;
  }
}
