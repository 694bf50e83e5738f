// A thread: an async function with calls that look blocking. What was opened for it belongs to it,
// and ends with it.
import { CalandriaError, typeError } from '../errors';
import { Connection } from '../reactor/connection';
import type { Lease } from '../reactor/lease';
import type { Listener } from '../reactor/listener';
import type { ConnectOptions } from '../reactor/socket-options';
import { AcceptWait } from './accepting';
import { AnyWait, type First } from './any';
import { Channel, NextWait, ReceiveWait, SendWait } from './channel';
import { ConnectWait } from './connecting';
import { connectionOf, ThreadConnection } from './connection';
import { type OpenOptions, openWait, ThreadFile } from './file';
import { JoinWait } from './joining';
import { PauseWait, SleepWait } from './sleeping';
import type { Start, Threads } from './threads';
import { type Wait, type WaitKind, WaitState } from './wait';
import { Waits } from './waits';

/** What belongs to one thread at a time. */
export interface Owned {
  owner: Thread | undefined;
  /** Its owner is over. */
  abandon(failed: boolean): void;
}

/** What a thread runs. */
export type Body<Given extends readonly unknown[], Result> = (
  thread: Thread,
  ...given: Given
) => Result | Promise<Result>;

/** How a thread ended. */
export type Outcome<Result> =
  | { readonly failed: false; readonly value: Result }
  | { readonly failed: true; readonly error: unknown };

/** Who waits for a thread's end. */
export interface Joiner<Result> {
  ended(outcome: Outcome<Result>): void;
}

export class Thread<Result = unknown> implements Start {
  /** 1, 2, … in the order in which threads were spawned: the same in a replay. */
  readonly id: number;
  readonly name: string;
  /** The program's own. */
  data: unknown = undefined;
  /** Internal. */
  readonly threads: Threads;
  /** Internal: how it ended. */
  outcome: Outcome<Result> | undefined;
  /** Internal: of its beginning. */
  state: WaitState = WaitState.Fresh;
  private readonly body: Body<unknown[], Result>;
  private readonly given: unknown[];
  private joiners: Set<Joiner<Result>> | undefined;
  private owned: Set<Owned> | undefined;
  private leases: Set<Lease> | undefined;
  /** Internal: its calls that are under way. */
  readonly waits = new Waits();
  private controller: AbortController | undefined;
  private aborted: { readonly reason: unknown } | undefined;
  private turn = 0;
  private steps = 0;

  /** Comes from threads.spawn(). */
  constructor(
    threads: Threads,
    id: number,
    name: string,
    body: Body<unknown[], Result>,
    given: unknown[],
  ) {
    this.threads = threads;
    this.id = id;
    this.name = name;
    this.body = body;
    this.given = given;
    for (const each of given) {
      if (each instanceof ThreadConnection || each instanceof ThreadFile) this.take(each);
    }
  }

  // ── What it can do ──

  /** Goes on after so many milliseconds, never early. */
  sleep(milliseconds: number): Promise<void> {
    return this.start(new SleepWait(this, milliseconds));
  }

  /** Lets the others go on: this thread does in the next turn, behind what that brings. */
  pause(): Promise<void> {
    return this.start(new PauseWait(this));
  }

  /**
   * Waits for the first of several: calls of this thread, which are given up when another was first
   * (nothing was taken then), or promises, which go on unheard. Of those that are ready the first
   * in their order is done. Calls of which the promise was awaited before go on, too.
   */
  any<Cases extends readonly unknown[]>(
    cases: readonly [...Cases],
  ): Promise<First<Awaited<Cases[number]>>> {
    if (!Array.isArray(cases) || cases.length === 0) throw typeError('cases', 'some calls', cases);
    return this.start(new AnyWait<Awaited<Cases[number]>>(this, cases));
  }

  /** Waits for a thread's end: resolves with what it returned, or rejects with its error. */
  join<Other>(other: Thread<Other>): Promise<Other> {
    if (!(other instanceof Thread)) throw typeError('other', 'a Thread', other);
    return this.start(new JoinWait(this, other));
  }

  /** Connections that come, until the listener is closed. Leaving the loop leaves it open. */
  async *accept(listener: Listener): AsyncGenerator<ThreadConnection, void> {
    for (;;) {
      const connection = await this.acceptOne(listener);
      if (!connection) return;
      yield connection;
    }
  }

  /** The next connection; undefined when the listener is closed. It belongs to this thread. */
  acceptOne(listener: Listener): Promise<ThreadConnection | undefined> {
    return this.start(new AcceptWait(this, this.threads.acceptors.of(listener)));
  }

  /** Dials; resolves when the connection is open. It belongs to this thread. */
  connect(options: ConnectOptions): Promise<ThreadConnection> {
    return this.start(new ConnectWait(this, options));
  }

  /** Opens a file, which belongs to this thread. */
  open(path: string, options: OpenOptions = {}): Promise<ThreadFile> {
    return this.start(openWait(this, path, options));
  }

  /**
   * Waits until the channel, or somebody who receives, has the value. Rejects with
   * ERR_CALANDRIA_CLOSED when it is closed.
   */
  send<Value>(channel: Channel<Value>, value: Value): Promise<void> {
    checkChannel(channel);
    return this.start(new SendWait(this, channel, value));
  }

  /** The next value. Rejects with ERR_CALANDRIA_CLOSED when the channel is closed and empty. */
  receive<Value>(channel: Channel<Value>): Promise<Value> {
    checkChannel(channel);
    return this.start(new ReceiveWait(this, channel));
  }

  /** The values that come, until the channel is closed and empty. */
  async *each<Value>(channel: Channel<Value>): AsyncGenerator<Value, void> {
    checkChannel(channel);
    for (;;) {
      const received = await this.start(new NextWait(this, channel));
      if (!received) return;
      yield received.value;
    }
  }

  /**
   * Makes a connection or a file this thread's own: its reads and writes are this thread's steps,
   * and it is closed with it.
   */
  take(connection: Connection): ThreadConnection;
  take<Kind extends ThreadConnection | ThreadFile>(owned: Kind): Kind;
  take(given: Connection | ThreadConnection | ThreadFile): ThreadConnection | ThreadFile {
    const owned = given instanceof Connection ? connectionOf(given, this.threads) : given;
    if (!(owned instanceof ThreadConnection) && !(owned instanceof ThreadFile)) {
      throw typeError('given', 'a connection or a file', given);
    }
    owned.owner?.disown(owned);
    owned.owner = this;
    if (this.outcome) owned.abandon(this.outcome.failed);
    else if (!owned.closed) {
      this.owned ??= new Set();
      this.owned.add(owned);
    }
    return owned;
  }

  // ── What others do with it ──

  /** It has ended. */
  get over(): boolean {
    return this.outcome !== undefined;
  }

  /** Aborts with it: for calls that take an AbortSignal. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.aborted) this.controller.abort(this.aborted.reason);
    return this.controller.signal;
  }

  /**
   * Ends what it waits for: that rejects with the reason (default: an AbortError), as does whatever
   * it waits for from now on. The rest is up to the thread.
   */
  abort(reason?: unknown): void {
    if (this.outcome || this.aborted) return;
    const controller = this.controller ?? new AbortController();
    controller.abort(reason);
    this.aborted = { reason: controller.signal.reason };
    if (this.state !== WaitState.Over) return this.fail(this.aborted.reason);
    for (const wait of this.waits.list()) wait.cancel(this.aborted.reason);
  }

  /** Of its end: what it returned, or its error, which is nobody else's then. */
  result(): Promise<Result> {
    return new Promise((resolve, reject) => {
      const ended = (outcome: Outcome<Result>): void => {
        if (outcome.failed) reject(outcome.error);
        else resolve(outcome.value);
      };
      if (this.outcome) ended(this.outcome);
      else this.await({ ended });
    });
  }

  // ── Internal: its beginning, which waits for steps like a call ──

  get thread(): Thread {
    return this;
  }

  get kinds(): readonly WaitKind[] {
    return [];
  }

  get outlives(): boolean {
    return false;
  }

  begin(): void {
    this.state = WaitState.Over;
    let running: Result | Promise<Result>;
    try {
      running = this.body(this, ...this.given);
    } catch (error) {
      return this.end({ failed: true, error });
    }
    this.given.length = 0;
    Promise.resolve(running).then(
      (value) => this.end({ failed: false, value }),
      (error) => this.end({ failed: true, error }),
    );
  }

  postpone(): void {
    this.state = WaitState.Paused;
  }

  goOn(): void {
    this.threads.begin(this);
  }

  /** It never begins. */
  fail(error: unknown): void {
    this.state = WaitState.Over;
    this.end({ failed: true, error });
  }

  // ── Internal: its calls ──

  get isAborted(): boolean {
    return this.aborted !== undefined;
  }

  /** May it begin this? Throws when not. */
  admit(start: Start): void {
    if (this.aborted) throw this.aborted.reason;
    if (this.outcome && !start.outlives) {
      throw new CalandriaError('ERR_CALANDRIA_CLOSED', `${this.label} has ended.`);
    }
    if (this.threads.strict) this.refuseBoth(start);
  }

  private get label(): string {
    return `The thread ${this.id}${this.name === '' ? '' : ` (${this.name})`}`;
  }

  private refuseBoth(start: Start): void {
    const kinds = [start, ...this.waits.list()].flatMap((each) => each.kinds);
    if (!kinds.includes('file') || !kinds.includes('network')) return;
    throw new CalandriaError(
      'ERR_CALANDRIA_USAGE',
      `${this.label} would wait for a file and for the network at once,` +
        ' which strict threads may not.',
    );
  }

  /** One more step in this turn, if there is one left. */
  step(turn: number, budget: number): boolean {
    if (turn !== this.turn) this.steps = 0;
    this.turn = turn;
    return this.steps++ < budget;
  }

  await(joiner: Joiner<Result>): void {
    this.joiners ??= new Set();
    this.joiners.add(joiner);
  }

  leave(joiner: Joiner<Result>): void {
    this.joiners?.delete(joiner);
  }

  /** A lease that is given back with the thread, if not before. */
  keep(lease: Lease): void {
    this.leases ??= new Set();
    this.leases.add(lease);
    lease.whenReleased = () => this.leases?.delete(lease);
  }

  /** It is closed, or another thread's. */
  disown(owned: Owned): void {
    this.owned?.delete(owned);
  }

  private start<Value>(wait: Wait<Value>): Promise<Value> {
    this.threads.start(wait);
    return wait.promise;
  }

  private end(outcome: Outcome<Result>): void {
    this.outcome = outcome;
    const { failed } = outcome;
    for (const wait of this.waits.list()) {
      // What was written is sent, though the thread did not wait for it.
      if (failed || !wait.outlives) wait.giveUp();
      else wait.goOn();
    }
    for (const owned of this.owned ?? []) owned.abandon(failed);
    for (const lease of this.leases ?? []) lease.release();
    const { joiners = [] } = this;
    for (const joiner of joiners) joiner.ended(outcome);
    const heard = this.joiners !== undefined && this.joiners.size > 0;
    this.threads.over(this, failed && !heard ? outcome : undefined);
  }
}

function checkChannel(channel: unknown): void {
  if (!(channel instanceof Channel)) throw typeError('channel', 'a Channel', channel);
}
