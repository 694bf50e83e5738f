// The core alone, with the test as both its host and its program: no kernel, no clock, nothing
// hidden.
//
// A turn here is what it is in the reactor: the submissions of the turn before are answered, events
// are put into the vector, time is written; turn(); the program's calls; end(). `step` does all of
// it at once.
import * as layout from '../../assembly/layout';
import { type CoreBuild, instantiateCore, type WasmCore } from '../../src/core/core';
import { completeLimits, type Limits } from '../../src/core/limits';
import { createMemory, long, type ReactorMemory, word } from '../../src/core/memory';
import { Arrivals } from './arrivals';
import { type Completed, encodeCompleted } from './completed';
import {
  type Delivery,
  type RecordView,
  readDeliveries,
  readRecord,
  readSubmissions,
  readUpdates,
  type Submission,
  type Update,
} from './core-views';

/** Names one owner of a record. */
export interface Handle {
  readonly record: number;
  readonly generation: number;
}

/** READY_… bits for a record; `available` only where the portable format is used. */
export interface Event extends Handle {
  readonly ready: number;
  readonly available?: number;
  /** Only in the format of rings: what completed, in place of readiness. */
  readonly completed?: Completed;
}

/** A result, or the bytes that a receive brings. */
export type Answer =
  | number
  | Uint8Array
  | { readonly result: number; readonly extra: number }
  | ((room: Arrivals) => number);
export type Answerer = (submission: Submission) => Answer | undefined;

export interface Step {
  readonly events?: readonly Event[];
  readonly answer?: Answerer;
  /** Nanoseconds to let pass before this turn. */
  readonly after?: number | bigint;
  /** Calls from outside a turn, after the host executed what the turn before asked for. */
  readonly outside?: () => void;
  /** What the handlers do. */
  readonly during?: (turn: Turn) => void;
}

export interface Turn {
  readonly deliveries: Delivery[];
  readonly updates: Update[];
}

export interface Stepped extends Turn {
  /** What the turn's end asked of the host. */
  readonly submissions: Submission[];
}

export interface HarnessOptions {
  readonly limits?: Partial<Limits>;
  readonly settings?: number;
  readonly seed?: bigint;
  readonly build?: CoreBuild;
  readonly format?: 'epoll12' | 'epoll16' | 'portable' | 'ring';
  /** In place of a built core: one that a test has changed. */
  readonly core?: (memory: ReactorMemory) => WasmCore;
}

const { READY_IN, READY_OUT, READY_END, READY_ERROR, READY_URGENT } = layout;
// <sys/epoll.h>
const EPOLL = new Map([
  [READY_IN, 0x001],
  [READY_OUT, 0x004],
  [READY_END, 0x2000],
  [READY_ERROR, 0x018],
  [READY_URGENT, 0x002],
]);

const FORMATS = {
  epoll12: layout.FORMAT_EPOLL,
  epoll16: layout.FORMAT_EPOLL,
  portable: layout.FORMAT_PORTABLE,
  ring: layout.FORMAT_RING,
};

/** As epoll(7) and poll(2) say it. */
function raisedBy(ready: number): number {
  let raised = 0;
  for (const [bit, flag] of EPOLL) if (ready & bit) raised |= flag;
  return raised;
}

export class CoreHarness {
  readonly memory: ReactorMemory;
  readonly core: WasmCore;
  readonly view: DataView;
  now = 1_000_000_000n;
  /** Where this turn's bytes and peer records lie. */
  arrived: readonly { readonly address: number; readonly length: number }[] = [];
  private readonly format: NonNullable<HarnessOptions['format']>;

  constructor(options: HarnessOptions = {}) {
    const { limits, settings = 0, seed = 1n, build = 'debug', format = 'epoll12' } = options;
    // Tests say more in one turn than hosts do.
    this.memory = createMemory(completeLimits({ events: 256, ...limits }), { settings, seed });
    this.core = options.core?.(this.memory) ?? instantiateCore(this.memory, build);
    this.view = new DataView(this.memory.buffer);
    this.format = format;
  }

  word(address: number): number {
    return word(this.memory, address);
  }

  long(address: number): bigint {
    return long(this.memory, address);
  }

  count(counter: number): number {
    return Number(this.long(counter));
  }

  // ── The host ──

  submissions(): Submission[] {
    return readSubmissions(this.memory);
  }

  /**
   * Executes the queue in order, as a host does; what `answer` leaves open gets a peaceful result.
   */
  execute(answer: Answerer = () => undefined): Submission[] {
    const submissions = this.submissions();
    const room = new Arrivals(this.memory);
    this.arrived = room.ranges;
    let before = 0;
    for (const submission of submissions) {
      if (submission.linked && before < 0) before = -layout.ERROR_CANCELED;
      else before = this.executeOne(submission, answer(submission) ?? peaceful(submission), room);
      this.view.setInt32(submission.at + layout.SUBMISSION_RESULT, before, true);
    }
    this.view.setInt32(layout.SUBMISSION_DONE, submissions.length, true);
    return submissions;
  }

  protected executeOne(submission: Submission, answer: Answer, room: Arrivals): number {
    // A host looks for room before it asks the kernel.
    if (submission.operation === 'receive') {
      const full = room.ensure(submission);
      if (full < 0) return full;
    }
    if (typeof answer === 'function') return answer(room);
    if (answer instanceof Uint8Array) {
      return submission.operation === 'operate'
        ? room.brought(submission, answer)
        : room.receive(submission, answer);
    }
    const result = typeof answer === 'number' ? answer : answer.result;
    const answersPeer = /^(listen|connect|connectStatus|accept|open|take)$/.test(
      submission.operation,
    );
    if (answersPeer && result >= 0) return room.peer(submission);
    if (typeof answer !== 'number') {
      this.view.setInt32(submission.at + layout.SUBMISSION_EXTRA, answer.extra, true);
    }
    return result;
  }

  putEvents(events: readonly Event[]): void {
    const size = this.format === 'epoll12' ? 12 : 16;
    let at = this.word(layout.EVENTS_BASE);
    for (const event of events) {
      const { record, generation, ready, available } = event;
      if (this.format === 'ring') {
        this.memory.bytes.set(encodeCompleted(event, event.completed, raisedBy(ready)), at);
      } else if (this.format === 'portable') {
        this.view.setInt32(at, record, true);
        this.view.setUint32(at + 4, generation, true);
        this.view.setInt32(at + 8, ready, true);
        this.view.setInt32(at + 12, available ?? layout.UNKNOWN, true);
      } else {
        this.view.setInt32(at, raisedBy(ready), true);
        this.view.setInt32(at + size - 8, record, true);
        this.view.setUint32(at + size - 4, generation, true);
      }
      at += size;
    }
    this.view.setInt32(layout.EVENT_FORMAT, FORMATS[this.format], true);
    this.view.setInt32(layout.EVENT_RECORD_SIZE, size, true);
    this.view.setInt32(layout.EVENT_COUNT, events.length, true);
    this.view.setInt32(layout.WAIT_RESULT, events.length, true);
  }

  // ── The turn ──

  begin({ events = [], answer, after = 0, outside }: Step = {}): Turn {
    this.execute(answer);
    outside?.();
    this.putEvents(events);
    this.now += BigInt(after);
    this.view.setBigUint64(layout.NOW, this.now, true);
    this.core.turn();
    return { deliveries: readDeliveries(this.memory), updates: readUpdates(this.memory) };
  }

  end(): Submission[] {
    this.core.end();
    return this.submissions();
  }

  step(options: Step = {}): Stepped {
    const turn = this.begin(options);
    options.during?.(turn);
    return { ...turn, submissions: this.end() };
  }

  /** Turns until nothing asks for another; fails after `most`. */
  quiesce(options: Step = {}, most = 50): Stepped[] {
    const steps: Stepped[] = [];
    do {
      if (steps.length === most) throw new Error(`still busy after ${most} turns`);
      steps.push(this.step(options));
    } while (this.busy);
    return steps;
  }

  /** The core wants another turn without waiting. */
  get busy(): boolean {
    return this.word(layout.TURN_AGAIN) !== 0 || this.word(layout.SUBMISSION_COUNT) > 0;
  }

  // ── The program ──

  record(handle: Handle): RecordView {
    return readRecord(this.memory, handle.record);
  }

  bytes(delivery: { readonly address: number; readonly length: number }): Buffer {
    return Buffer.from(this.memory.buffer, delivery.address, delivery.length);
  }

  open(dial: boolean, { handlers = 0, wants = 0, name = '127.0.0.1' } = {}): Handle {
    const address = this.core.reserve(name.length);
    this.memory.bytes.set(Buffer.from(name), address);
    const record = this.core.open(dial ? 1 : 0, address, name.length, 80, 0, 5, handlers, wants);
    if (record < 0) return { record, generation: 0 };
    return { record, generation: this.record({ record, generation: 0 }).generation };
  }

  /** Opens a source of another kind. */
  openSource(kind: number, { name = 'a', argument = 0, value = 0, wants = 0 } = {}): Handle {
    const bytes = Buffer.from(name);
    const address = this.core.reserve(bytes.length);
    this.memory.bytes.set(bytes, address);
    const { length } = bytes;
    const { NONE } = layout;
    const record = this.core.openSource(kind, address, length, argument, value, NONE, wants);
    if (record < 0) return { record, generation: 0 };
    return { record, generation: this.record({ record, generation: 0 }).generation };
  }

  /** A file that is open. */
  file(): Handle {
    const handle = this.openSource(layout.KIND_FILE);
    this.quiesce();
    return handle;
  }

  /** Asks for an operation: bytes to write, or how many to read. */
  operate(handle: Handle, task: number, offset: number, what: Uint8Array | number): Handle {
    const { record, generation } = handle;
    const high = Math.floor(offset / 2 ** 32);
    let address = 0;
    if (typeof what !== 'number') {
      address = this.core.reserve(what.length);
      this.memory.bytes.set(what, address);
    }
    const length = typeof what === 'number' ? what : what.length;
    const operation = this.core.operate(
      record,
      generation,
      task,
      offset | 0,
      high,
      address,
      length,
    );
    if (operation < 0) return { record: operation, generation: 0 };
    return { record: operation, generation: this.core.operationGeneration(operation) >>> 0 };
  }

  /** A connection that is open, and about which nothing is left to do. */
  connection(options: { handlers?: number; wants?: number } = {}): Handle {
    const handle = this.open(true, options);
    this.quiesce();
    return handle;
  }

  listener(options: { handlers?: number; wants?: number } = {}): Handle {
    const handle = this.open(false, options);
    this.quiesce();
    return handle;
  }

  /** A write of bytes from outside the arena: copied, in chunks, as the reactor does. */
  write(handle: Handle, bytes: Uint8Array | string): number {
    const all = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    let result: number = layout.CALL_TAKEN;
    let from = 0;
    do {
      const part = all.subarray(from, from + layout.WRITE_CHUNK);
      const address = this.core.reserve(part.length);
      this.memory.bytes.set(part, address);
      result = this.writeAt(handle, address, part.length, all.length - from);
      from += part.length;
    } while (from < all.length && result >= 0);
    return result;
  }

  /** A write of bytes that lie in memory, such as a delivery. */
  writeAt(handle: Handle, address: number, length: number, total = length): number {
    return this.core.write(handle.record, handle.generation, address, length, total);
  }

  read(handle: Handle, appetite: number): number {
    return this.core.read(handle.record, handle.generation, appetite);
  }

  finish(handle: Handle): number {
    return this.core.finish(handle.record, handle.generation);
  }

  close(handle: Handle): number {
    return this.core.close(handle.record, handle.generation);
  }

  destroy(handle: Handle): number {
    return this.core.destroy(handle.record, handle.generation);
  }

  sample(handle: Handle): number {
    return this.core.sample(handle.record, handle.generation);
  }

  trigger(handle: Handle, mode: number): number {
    return this.core.trigger(handle.record, handle.generation, mode);
  }

  enable(handle: Handle): number {
    return this.core.enable(handle.record, handle.generation);
  }

  /** Starts an idle watcher; its period is in nanoseconds. */
  idle(within: number, repeat = false): Handle {
    const record = this.core.idleStart(within | 0, Math.floor(within / 2 ** 32), repeat ? 1 : 0);
    return { record, generation: record < 0 ? 0 : this.core.timerGeneration(record) >>> 0 };
  }

  /** Starts a timer; the delay is in nanoseconds. */
  timer(delay: number, repeat = false): Handle {
    const high = Math.floor(delay / 2 ** 32);
    const record = this.core.timerStart(delay | 0, high, repeat ? 1 : 0);
    return { record, generation: record < 0 ? 0 : this.core.timerGeneration(record) >>> 0 };
  }
}

/** What a host says when all is well and nothing new arrived. */
function peaceful(submission: Submission): Answer {
  switch (submission.operation) {
    case 'receive':
    case 'accept':
      return -layout.ERROR_AGAIN;
    case 'send':
    case 'operate':
      return submission.length;
    case 'collect':
    case 'announced':
      return 0;
    case 'sample':
      return { result: 0, extra: layout.UNKNOWN };
    default:
      return 0;
  }
}
