// A source that is neither a listener nor a stream: datagrams, signals, processes, changes, posts,
// files. It stands for one record, as a connection does, and hears of itself: what a batch of its
// records says is read here, from the same bytes in a run and in its replay.
import * as layout from '../../assembly/layout';
import type { ReactorMemory } from '../core/memory';
import { CalandriaError, systemError } from '../errors';
import type { Calls } from './calls';
import { Iteration } from './iteration';
import { ReceiveSide, SendSide, sideOf } from './sides';
import type { Trigger } from './triggers';

/** A handler may be async: a rejection is treated like a throw. */
export type Result = void | Promise<void>;

/** Handlers that every source has beside its own. */
export interface SourceHandlers<Owner> {
  /** It is open: from now on it hears what happens. */
  open?(source: Owner): Result;
  /** `rx` or `tx` of its record changed: at most once a turn, and as its trigger says. */
  recordChange?(source: Owner): Result;
  /** Without it an error is thrown, unless somebody waits in ready() or iterates. */
  error?(source: Owner, error: Error): Result;
  /** The last call. */
  close?(source: Owner): Result;
}

/** WANTS_ bits: what the core may leave out for these handlers. */
export function wantsOfSource(handlers: SourceHandlers<never>): number {
  return handlers.recordChange ? layout.WANTS_CHANGE : 0;
}

/** Their names, and those of a source's own. */
export function handlerNames(...own: string[]): string[] {
  return ['open', 'recordChange', 'error', 'close', ...own];
}

/** What a source is made of. */
export interface SourceOrigin {
  readonly calls: Calls;
  readonly record: number;
  readonly generation: number;
  /** What it was opened for: the subject of its errors. */
  readonly subject: string;
}

/** `Event`: what `for await` over this source brings. */
export abstract class Source<Event = unknown> {
  /** The program's own. */
  data: unknown = undefined;
  readonly record: number;
  readonly generation: number;
  protected readonly calls: Calls;
  protected readonly subject: string;
  private receiveSide: ReceiveSide | undefined;
  private sendSide: SendSide | undefined;
  private finished = false;
  private isOpen = false;
  private failure: Error | undefined;
  private iteration: Iteration<Event> | undefined;
  private waiting: { resolve(): void; reject(error: Error): void }[] = [];

  constructor({ calls, record, generation, subject }: SourceOrigin) {
    this.calls = calls;
    this.record = record;
    this.generation = generation;
    this.subject = subject;
  }

  /** The receive side of the record. What `available` counts depends on the kind of source. */
  get rx(): ReceiveSide {
    this.receiveSide ??= sideOf(ReceiveSide, this.memory, this);
    return this.receiveSide;
  }

  get tx(): SendSide {
    this.sendSide ??= sideOf(SendSide, this.memory, this);
    return this.sendSide;
  }

  /** True once `close` was called, or is about to be: nothing more can be done with it. */
  get closed(): boolean {
    return this.finished;
  }

  /** Resolves with this once it is open; rejects when it cannot be opened. */
  ready(): Promise<this> {
    if (this.isOpen) return Promise.resolve(this);
    if (this.failure) return Promise.reject(this.failure);
    if (this.finished) return Promise.reject(this.closedError());
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve: () => resolve(this), reject });
    });
  }

  /** What it tells from now on, in order. Leaving the loop closes the source. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Event, undefined> {
    this.iteration ??= new Iteration<Event>({
      pause: () => this.read(0),
      resume: () => this.read(Number.POSITIVE_INFINITY),
      stop: () => this.close(),
    });
    if (this.finished) this.iteration.end();
    return this.iteration;
  }

  /**
   * Appetite: how many records are wanted from now on. Infinity (the start): all. 0 leaves them in
   * the kernel.
   */
  read(records: number): void {
    this.calls.appetite(this, records);
  }

  /** Asks the kernel for the figures; the record has them in the next turn. */
  sample(): void {
    this.calls.act('sample', this);
  }

  /** How `change` is repeated from now on; a one-shot or dispatch trigger is armed again by it. */
  setTrigger(trigger: Trigger): void {
    this.calls.setTrigger(this, trigger);
  }

  /** With the trigger 'dispatch': `change` may tell again; if something waits, at once. */
  enable(): void {
    this.calls.act('enable', this);
  }

  /** What is under way is finished, then it is closed. */
  close(): void {
    this.calls.act('close', this);
  }

  /** Closes now; what is queued is dropped. */
  destroy(): void {
    this.calls.act('destroy', this);
  }

  /** Lets the process exit although this is open. */
  unref(): this {
    if (!this.finished) this.calls.reference(this, false);
    return this;
  }

  ref(): this {
    if (!this.finished) this.calls.reference(this, true);
    return this;
  }

  protected get memory(): ReactorMemory {
    return this.calls.memory;
  }

  /** Does it still want to hear of records: not closed by a handler in this very turn? */
  protected get listening(): boolean {
    if (this.finished || this.calls.closed) return false;
    const { words } = this.memory;
    const at = (this.memory.words[layout.RECORDS_BASE >> 2] as number) >> 2;
    const work = words[at + ((this.record * layout.RECORD_SIZE + layout.RECORD_WORK) >> 2)];
    return ((work as number) & layout.WORK_WANT_CLOSE) === 0;
  }

  // ── Internal: what the core delivers ──

  /** Internal: it is open; the bytes are its name record. */
  opened(name: Uint8Array): Result {
    this.isOpen = true;
    for (const { resolve } of this.waiting.splice(0)) resolve();
    return this.heardOpen(name);
  }

  /**
   * Internal. Handlers that ask for a `syscall` by name see what was tried. `lives`: the error is
   * about one record, and the source goes on.
   */
  failed(errno: number, lives: boolean): Result {
    const error = systemError(errno, this.isOpen ? this.doing : 'open', this.subject);
    this.failure ??= error;
    const waiting = this.waiting.splice(0);
    for (const { reject } of waiting) reject(error);
    const ends = !lives && this.fatal(errno);
    if (ends) this.iteration?.end({ error });
    return this.heardError(error, waiting.length > 0 || (ends && this.iterated));
  }

  /** Internal: the record is about to be freed. */
  finish(): Result {
    this.leave();
    return this.heardClose();
  }

  /** Internal: it is over, and so is all waiting for it. Without a core no handler is called. */
  leave(): void {
    this.finished = true;
    for (const { reject } of this.waiting.splice(0)) reject(this.failure ?? this.closedError());
    this.receiveSide?.freeze();
    this.sendSide?.freeze();
    this.iteration?.end();
  }

  /** Tells one record: to who iterates. A source with handlers calls those beside it. */
  protected tell(event: Event): void {
    this.iteration?.push(event);
  }

  /** Does somebody iterate? What tell() is given need not be made otherwise. */
  protected get iterated(): boolean {
    return this.iteration !== undefined;
  }

  private closedError(): Error {
    return new CalandriaError('ERR_CALANDRIA_CLOSED', `${this.subject} was closed.`);
  }

  /** Does the source end with this error? */
  protected fatal(_errno: number): boolean {
    return true;
  }

  /** Internal: a batch of records. */
  abstract arrived(batch: Uint8Array): Result;

  /** Internal: what was queued has left. */
  drained(): Result {}

  /** Internal: the record changed. */
  changed(): Result {
    return this.handlers.recordChange?.(this as never);
  }

  /** The system call that an error after opening came from. */
  protected abstract readonly doing: string;
  protected abstract readonly handlers: SourceHandlers<never>;

  protected heardOpen(_name: Uint8Array): Result {
    return this.handlers.open?.(this as never);
  }

  /** `told`: who waited in ready(), or iterates, knows already. */
  protected heardError(error: Error, told: boolean): Result {
    if (this.handlers.error) return this.handlers.error(this as never, error);
    if (!told) throw error;
  }

  protected heardClose(): Result {
    return this.handlers.close?.(this as never);
  }
}
