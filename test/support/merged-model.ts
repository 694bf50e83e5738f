// A model of the merged loop around the real core: a kernel with one file and one socket, a host
// that waits on an edge-triggered set, and every order in which their steps can fall.
//
// States are snapshots of the core's memory beside a few numbers for the kernel. The search visits
// every state that can be reached, the nearest first, and in each asks three questions: would the
// host now sleep over something, has somebody waited for more than two turns, and does it spin?
import * as layout from '../../assembly/layout';
import type { WasmCore } from '../../src/core/core';
import { type ReactorMemory, word } from '../../src/core/memory';
import { ReadRoom } from '../../src/host/read-room';
import { encodeCompletion } from './arrivals';
import { CoreHarness, type Handle } from './core-harness';
import type { Submission } from './core-views';
import { nameOfState, restoreCore, type SavedCore, saveCore } from './merged-states';

/** What may happen next: the kernel's doing, or the host's next step (wait and turn, or submit). */
export type Action = 'land' | 'signal' | 'edge' | 'submit' | 'wait' | 'skip';

interface Kernel {
  /** Operations under way, completed and not collected, completed and not announced. */
  readonly flying: readonly number[];
  readonly landed: readonly number[];
  readonly unsignalled: number;
  /** The announcing descriptor: its count, and whether its edge waits in the set. */
  readonly announced: number;
  readonly announceEdge: boolean;
  readonly socketEdge: boolean;
  readonly unread: boolean;
  /** Submissions executed of this turn's; -1 while the turn is the next step. */
  readonly submitted: number;
  readonly skipped: number;
  /** Turns for which each side had something that the host could have known of. */
  readonly filesWaited: number;
  readonly socketWaited: number;
  /** Turns in a row for which there was nothing to do. */
  readonly idle: number;
}

interface State {
  readonly kernel: Kernel;
  readonly memory: SavedCore;
  readonly path: readonly Action[];
}

export interface ModelOptions {
  /** Operations that the program keeps under way. */
  readonly operations: number;
  /** Most completions in a COLLECT. */
  readonly batch: number;
  /** Most steps. Default: until no new state is found. */
  readonly depth?: number;
  readonly settings?: number;
  /** In place of the built core. */
  readonly core?: (memory: ReactorMemory) => WasmCore;
}

export interface ModelResult {
  /** States reached, and how many steps it takes to the farthest. */
  readonly states: number;
  readonly depth: number;
  /** The first thing that went wrong, and how to get there. */
  readonly fault?: { readonly what: string; readonly path: readonly Action[] };
}

const STATES_MAX = 100_000;
/** Looks at the kernel that a busy host spares in a row, at the most. */
const SKIPS_MAX = 2;
/** Turns that coming to rest may take: what was read is handled, what was asked is submitted. */
const IDLE_MAX = 4;
/** Completions that are in the ring before the first of them was announced. */
const UNSIGNALLED_MAX = 2;
const SEMAPHORE = layout.SETTING_SEMAPHORE;

export function checkMergedLoop(options: ModelOptions): ModelResult {
  return new MergedModel(options).run();
}

class MergedModel {
  private readonly options: ModelOptions;
  private readonly harness: CoreHarness;
  private readonly core: WasmCore;
  private readonly socket: Handle;
  private readonly file: Handle;
  private kernel: Kernel;

  constructor(options: ModelOptions) {
    this.options = options;
    this.harness = new CoreHarness({
      settings: options.settings ?? 0,
      limits: {
        connections: 2,
        operations: 16,
        events: 4,
        timers: 1,
        queueBytes: 4096,
        queueBytesTotal: 4096,
        readBytes: 4096,
        readSegments: 2,
        writeSegments: 1,
        tasks: 8,
        completions: options.batch,
      },
      ...(options.core ? { core: options.core } : {}),
    });
    this.core = this.harness.core;
    this.socket = this.harness.connection();
    this.file = this.harness.file();
    this.kernel = {
      flying: [],
      landed: [],
      unsignalled: 0,
      announced: 0,
      announceEdge: false,
      socketEdge: false,
      unread: false,
      submitted: -1,
      skipped: 0,
      filesWaited: 0,
      socketWaited: 0,
      idle: 0,
    };
    for (let each = 0; each < options.operations; each++) this.ask();
  }

  private ask(): void {
    const asked = this.harness.operate(this.file, layout.TASK_READ, 0, 8);
    if (asked.record < 0) throw new Error(`the core refused an operation: ${asked.record}`);
  }

  run(): ModelResult {
    const start = this.snapshot([]);
    const seen = new Set([this.name(start)]);
    const queue: State[] = [start];
    for (const state of queue) {
      const depth = state.path.length;
      this.restore(state);
      const what = this.fault();
      if (what) return { states: seen.size, depth, fault: { what, path: state.path } };
      if (depth === this.options.depth) return { states: seen.size, depth };
      for (const action of this.actions()) {
        this.restore(state);
        this.act(action);
        const next = this.snapshot([...state.path, action]);
        const name = this.name(next);
        if (seen.has(name)) continue;
        if (seen.size === STATES_MAX) throw new Error('there is no end to the states');
        seen.add(name);
        queue.push(next);
      }
    }
    return { states: seen.size, depth: (queue.at(-1) as State).path.length };
  }

  // ── Is it well? ──

  private get again(): boolean {
    return word(this.harness.memory, layout.TURN_AGAIN) !== 0;
  }

  private fault(): string | undefined {
    const { submitted, announceEdge, socketEdge, landed, unsignalled, unread } = this.kernel;
    if (this.kernel.filesWaited > 2) return 'completions were not collected for two turns';
    if (this.kernel.socketWaited > 2) return 'the socket was not read for two turns';
    if (this.kernel.idle > IDLE_MAX) return 'it spins, with nothing to do';
    // What is not announced yet will wake the host; everything else must not be slept over.
    const sleeping = submitted === -1 && !this.again && !announceEdge && !socketEdge;
    if (!sleeping || unsignalled > 0) return undefined;
    if (landed.length > 0) return 'asleep, with a completion that nobody collects';
    if (unread) return 'asleep, with bytes that nobody reads';
    return undefined;
  }

  // ── What can happen ──

  private actions(): Action[] {
    const { flying, unsignalled, submitted, skipped, unread } = this.kernel;
    const actions: Action[] = [];
    if (flying.length > 0 && unsignalled < UNSIGNALLED_MAX) actions.push('land');
    if (unsignalled > 0) actions.push('signal');
    if (!unread) actions.push('edge');
    if (submitted >= 0) actions.push('submit');
    else {
      const again = word(this.harness.memory, layout.TURN_AGAIN);
      const { announceEdge, socketEdge } = this.kernel;
      if (again !== 0 || announceEdge || socketEdge) actions.push('wait');
      if (again === layout.AGAIN && skipped < SKIPS_MAX) actions.push('skip');
    }
    return actions;
  }

  private act(action: Action): void {
    const { kernel } = this;
    switch (action) {
      case 'land':
        // aio_complete(): into the ring first, then the eventfd.
        this.kernel = {
          ...kernel,
          flying: kernel.flying.slice(1),
          landed: [...kernel.landed, kernel.flying[0] as number],
          unsignalled: kernel.unsignalled + 1,
        };
        return;
      case 'signal':
        this.kernel = {
          ...kernel,
          unsignalled: kernel.unsignalled - 1,
          announced: kernel.announced + 1,
          announceEdge: true,
        };
        return;
      case 'edge':
        this.kernel = { ...kernel, unread: true, socketEdge: true };
        return;
      case 'submit':
        return this.submit();
      case 'wait':
        return this.turn(true);
      case 'skip':
        return this.turn(false);
    }
  }

  private turn(look: boolean): void {
    const { kernel, harness } = this;
    const events = [];
    if (look && kernel.announceEdge) {
      events.push({ record: layout.RECORD_COMPLETIONS, generation: 0, ready: layout.READY_IN });
    }
    if (look && kernel.socketEdge) events.push({ ...this.socket, ready: layout.READY_IN });
    harness.putEvents(events);
    this.core.turn();
    for (let done = this.done(); done > 0; done--) this.ask();
    this.core.end();
    const submissions = word(harness.memory, layout.SUBMISSION_COUNT);
    const signalled = kernel.landed.length > kernel.unsignalled;
    // The rule holds while files are under way; without, sockets have the host to themselves.
    const both = kernel.flying.length + kernel.landed.length > 0;
    this.kernel = {
      ...kernel,
      announceEdge: look ? false : kernel.announceEdge,
      socketEdge: look ? false : kernel.socketEdge,
      skipped: look ? 0 : kernel.skipped + 1,
      submitted: submissions > 0 ? 0 : -1,
      filesWaited: signalled ? kernel.filesWaited + 1 : 0,
      socketWaited: kernel.unread && both ? kernel.socketWaited + 1 : 0,
      idle: this.nothing ? kernel.idle + 1 : 0,
    };
    if (submissions === 0) this.finish(0);
  }

  private get nothing(): boolean {
    const { landed, unsignalled, announced, announceEdge, socketEdge, unread } = this.kernel;
    const news = landed.length + unsignalled + announced > 0;
    return !news && !announceEdge && !socketEdge && !unread;
  }

  private done(): number {
    const total = word(this.harness.memory, layout.DELIVERY_COUNT);
    const base = word(this.harness.memory, layout.DELIVERIES_BASE);
    let found = 0;
    for (let each = 0; each < total; each++) {
      const at = base + each * layout.DELIVERY_SIZE;
      if (this.harness.memory.bytes[at + layout.DELIVERY_KIND] === layout.DELIVER_DONE) found++;
    }
    return found;
  }

  private finish(submissions: number): void {
    this.harness.memory.words[layout.SUBMISSION_DONE >> 2] = submissions;
  }

  /** The host executes the next entry of the queue. */
  private submit(): void {
    const submissions = this.harness.submissions();
    const place = this.kernel.submitted;
    const submission = submissions[place] as Submission;
    const result = this.execute(submission, place);
    this.harness.view.setInt32(submission.at + layout.SUBMISSION_RESULT, result, true);
    const last = place + 1 === submissions.length;
    this.kernel = { ...this.kernel, submitted: last ? -1 : place + 1 };
    if (last) this.finish(submissions.length);
  }

  private execute(submission: Submission, place: number): number {
    const { kernel } = this;
    switch (submission.operation) {
      case 'receive':
        if (!kernel.unread) return -layout.ERROR_AGAIN;
        this.kernel = { ...kernel, unread: false, socketWaited: 0 };
        return this.put(submission, Buffer.alloc(4), place);
      case 'operate':
        this.kernel = { ...kernel, flying: [...kernel.flying, submission.argument] };
        return -layout.ERROR_IN_PROGRESS;
      case 'announced': {
        const { announced } = kernel;
        if (announced === 0) return -layout.ERROR_AGAIN;
        const taken = (this.options.settings ?? 0) & SEMAPHORE ? 1 : announced;
        this.kernel = { ...kernel, announced: announced - taken };
        return taken;
      }
      case 'collect':
        return this.collect(submission, place);
      default:
        return 0;
    }
  }

  private collect(submission: Submission, place: number): number {
    const taken = this.kernel.landed.slice(0, submission.length);
    this.kernel = {
      ...this.kernel,
      landed: this.kernel.landed.slice(taken.length),
      filesWaited: 0,
    };
    const records = taken.map((operation) =>
      encodeCompletion({
        operation,
        generation: this.core.operationGeneration(operation),
        result: 0,
      }),
    );
    return this.put(submission, Buffer.concat(records), place);
  }

  /** Bytes that arrive, behind those that earlier entries of this queue brought. */
  private put(submission: Submission, bytes: Buffer, place: number): number {
    if (bytes.length === 0) return 0;
    const room = new ReadRoom(this.harness.memory);
    room.open();
    for (const earlier of this.harness.submissions().slice(0, place)) {
      const length = this.harness.view.getInt32(earlier.at + layout.SUBMISSION_RESULT, true);
      const brings = earlier.operation === 'receive' || earlier.operation === 'collect';
      if (brings && length > 0) room.cursor += length;
    }
    this.harness.memory.bytes.set(bytes, room.cursor);
    this.harness.view.setInt32(submission.at + layout.SUBMISSION_EXTRA, room.cursor, true);
    return bytes.length;
  }

  private snapshot(path: readonly Action[]): State {
    return { kernel: this.kernel, memory: saveCore(this.harness), path };
  }

  private restore({ kernel, memory }: State): void {
    this.kernel = kernel;
    restoreCore(this.harness, memory);
  }

  private name({ kernel, memory }: State): string {
    return nameOfState(this.harness, memory, kernel);
  }
}
