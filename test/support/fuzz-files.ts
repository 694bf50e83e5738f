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
    this.options = { ...this.options, later: 0, refused: 0, failure: 0, shortSend: 0 };
  }

  // ── The host ──

  answer(submission: Submission): Answer {
    switch (submission.operation) {
      case 'announced':
        return this.announcements();
      case 'collect':
        return (room) => this.collect(room, submission);
      default:
        return this.operate(submission);
    }
  }

  /** Some of what is under way completes, and is announced: the event, if there is one to tell. */
  news(): Event[] {
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

  private result({ argument: operation, length }: Submission): Completion {
    const { random, options, harness } = this;
    const at = harness.word(layout.OPERATIONS_BASE) + operation * layout.TASK_SIZE;
    const generation = harness.word(at + layout.TASK_GENERATION) >>> 0;
    const name = { operation, generation };
    if (random.chance(options.failure)) return { ...name, result: -random.pick([EIO, ENOSPC]) };
    const task = harness.memory.bytes[at + layout.TASK_KIND];
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
}
