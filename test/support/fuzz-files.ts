// Files in the fuzz: a host that answers operations now, later, in parts or not at all for want of
// room, and a program that asks for any of them.
import * as layout from '../../assembly/layout';
import type { Arrivals, Completion } from './arrivals';
import { byteAt, type OperationsChecker } from './checkers/operations';
import type { Answer, CoreHarness, Event, Handle } from './core-harness';
import type { Submission } from './core-views';
import type { FuzzOptions } from './fuzz-options';
import type { Seeded } from './seeded';

const EIO = 5;
const ENOSPC = 28;

export class FuzzFiles {
  private readonly harness: CoreHarness;
  private readonly random: Seeded;
  private readonly checker: OperationsChecker;
  private options: FuzzOptions;
  private flying: Completion[] = [];
  private landed: Completion[] = [];
  private announced = 0;
  private edge = false;
  /** Files that this turn's sends found cold. */
  private cold = 0;
  private readonly files: Handle[] = [];

  constructor(
    harness: CoreHarness,
    random: Seeded,
    options: FuzzOptions,
    checker: OperationsChecker,
  ) {
    this.harness = harness;
    this.random = random;
    this.options = options;
    this.checker = checker;
  }

  /** Everything works from now on, and at once. */
  heal(): void {
    this.options = {
      ...this.options,
      later: 0,
      refused: 0,
      failure: 0,
      shortSend: 0,
      blockedSend: 0,
    };
  }

  // ── The host ──

  answer(submission: Submission): Answer {
    switch (submission.operation) {
      case 'announced':
        return this.announcements();
      case 'collect':
        return (room) => this.collect(room, submission);
      case 'sendFile':
        return this.sendFile(submission);
      default:
        return this.operate(submission);
    }
  }

  /** Some of what is under way completes, and is announced: the event, if there is one to tell. */
  news(): Event[] {
    this.cold = 0;
    const healed = this.options.later === 0;
    const landing = this.flying.filter(() => healed || this.random.chance(0.5));
    this.flying = this.flying.filter((each) => !landing.includes(each));
    this.landed.push(...landing);
    this.announced += landing.length;
    if (landing.length > 0) this.edge = true;
    // One for an entry that has another owner by now: a host's mistake, which must do no harm.
    if (this.edge && this.random.chance(0.05) && !healed) this.stray();
    if (!this.edge || (!healed && this.random.chance(0.2))) return [];
    this.edge = false;
    return [{ record: layout.RECORD_COMPLETIONS, generation: 0, ready: layout.READY_IN }];
  }

  private stray(): void {
    const operation = this.random.pick([0, 1, 70_000, this.random.bits() & 0x3fffffff]);
    this.landed.push({ operation, generation: this.random.bits(), result: 0 });
    this.announced++;
  }

  private announcements(): number {
    if (this.announced === 0) return -layout.ERROR_AGAIN;
    const one = (this.options.settings & layout.SETTING_SEMAPHORE) !== 0;
    const taken = one ? 1 : this.announced;
    this.announced -= taken;
    return taken;
  }

  private collect(room: Arrivals, submission: Submission): number {
    const { taken, length } = room.completions(submission, this.landed);
    this.landed.splice(0, taken);
    return length;
  }

  private operate(submission: Submission): Answer {
    const { random, options } = this;
    if (random.chance(options.refused)) return -layout.ERROR_AGAIN;
    const completion = this.result(submission);
    if (random.chance(options.later)) {
      this.flying.push(completion);
      return -layout.ERROR_IN_PROGRESS;
    }
    return completion.bytes ?? completion.result;
  }

  /** Any answer that a kernel, a disk or a host without sendfile(2) could give. */
  private sendFile({ at: entry, length }: Submission): Answer {
    const { random, options, harness } = this;
    const operation = harness.word(entry + layout.SUBMISSION_EXTRA);
    const at = harness.word(layout.OPERATIONS_BASE) + operation * layout.TASK_SIZE;
    if (random.chance(options.failure)) {
      const { ERROR_BROKEN_PIPE, ERROR_INVALID, ERROR_NO_DATA, ERROR_NOT_IMPLEMENTED } = layout;
      const errors = [EIO, ERROR_BROKEN_PIPE, ERROR_INVALID, ERROR_NO_DATA, ERROR_NOT_IMPLEMENTED];
      return -random.pick(errors);
    }
    if (random.chance(options.refused)) return -layout.ERROR_BUSY;
    if (random.chance(options.later)) {
      const flying = harness.word(layout.OPERATIONS_FLYING) + ++this.cold;
      if (flying > harness.memory.limits.tasksInFlight) return -layout.ERROR_BUSY;
      const generation = harness.word(at + layout.TASK_GENERATION) >>> 0;
      const result = random.chance(options.failure) ? -EIO : random.size(1 << 20);
      this.flying.push({ operation, generation, result, via: layout.VIA_SEND_FILE });
      return -layout.ERROR_IN_PROGRESS;
    }
    const total = length + harness.word(at + layout.TASK_LENGTH);
    if (random.chance(options.blockedSend)) return -layout.ERROR_AGAIN;
    if (!random.chance(options.shortSend)) return { result: total, extra: layout.SENT_AHEAD };
    return { result: random.between(1, total), extra: random.pick([0, layout.SENT_BLOCKED]) };
  }

  private result({ at: entry, argument: operation, length }: Submission): Completion {
    const { random, options, harness } = this;
    const at = harness.word(layout.OPERATIONS_BASE) + operation * layout.TASK_SIZE;
    const generation = harness.word(at + layout.TASK_GENERATION) >>> 0;
    const name = { operation, generation };
    if (random.chance(options.failure)) return { ...name, result: -random.pick([EIO, ENOSPC]) };
    const task = harness.memory.bytes[entry + layout.SUBMISSION_DETAIL];
    const short = random.chance(options.shortSend) ? random.between(0, length) : length;
    if (task === layout.TASK_WRITE) return { ...name, result: short };
    if (task !== layout.TASK_READ) return { ...name, result: 0 };
    // A segment holds no more, with the completion beside it.
    const most = Math.min(short, 30_000);
    const offset = harness.word(at + layout.TASK_OFFSET) >>> 0;
    const bytes = Buffer.from(Array.from({ length: most }, (_, place) => byteAt(offset + place)));
    return { ...name, result: most, ...(most > 0 ? { bytes } : {}) };
  }

  // ── The program ──

  opened(file: Handle): void {
    this.files.push(file);
    if (this.files.length > 8) this.files.shift();
  }

  /** Of a file, mostly; of `other`, which may be anything, now and then. */
  ask(other: Handle): void {
    const { random, harness } = this;
    const known = this.files.length > 0 && random.chance(0.9);
    const file = known ? random.pick(this.files) : other;
    const task = random.between(layout.TASK_READ, layout.TASK_LIST);
    const offset = random.size(1 << 20);
    const bytes = random.bytes(random.size(Math.min(this.options.messageMost, 3000)));
    const what = task === layout.TASK_WRITE ? bytes : random.size(60_000);
    const operation = harness.operate(file, task, offset, what);
    if (operation.record < 0) return;
    const length = typeof what === 'number' ? what : what.length;
    this.checker.asks(operation, task, offset, length);
  }

  /** Sends a range of a file to anybody; true when it was taken. */
  send(to: Handle): boolean {
    const { random, harness } = this;
    const file = this.files.length > 0 && random.chance(0.9) ? random.pick(this.files) : to;
    const offset = random.size(1 << 30);
    // Read in parts that find room, it must not take for ever.
    const length = random.size(Math.min(20_000, 4 * harness.memory.limits.queueBytesTotal));
    const address = harness.core.reserve(16);
    harness.view.setBigUint64(address, BigInt(offset), true);
    harness.view.setBigUint64(address + 8, BigInt(length), true);
    const via = random.pick([0, 0, layout.VIA_MAP, layout.VIA_READ]);
    const { record, generation } = to;
    const { core } = harness;
    const operation = core.sendFile(record, generation, file.record, file.generation, address, via);
    if (operation < 0) return false;
    const name = { record: operation, generation: core.operationGeneration(operation) >>> 0 };
    this.checker.asks(name, layout.TASK_SEND_FILE, offset, length);
    return true;
  }
}
