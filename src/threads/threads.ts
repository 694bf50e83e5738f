// Threads: light ones, on the reactor's loop. Each is an async function whose calls look blocking;
// what resolves them is what the reactor delivers, in the order in which it delivers it, so a
// replay runs them in the same order.
//
// A call begins when its thread gives way (wait.ts). A thread may take so many steps in a turn, and
// all of them together so many; whoever wants more goes to the end of the queue of those who wait
// for the next turn (pauses.ts). So no chain of microtasks holds the loop, however it is woven.
import { type CalandriaCode, CalandriaError, typeError } from '../errors';
import { Aborts } from '../reactor/aborts';
import { checkFlag, checkOptions, checkSignal, checkWhole } from '../reactor/arguments';
import type { Handlers } from '../reactor/handlers';
import type { Listener } from '../reactor/listener';
import type { StageMetrics } from '../reactor/metrics';
import type { Reactor } from '../reactor/reactor';
import type { ListenOptions } from '../reactor/socket-options';
import { Acceptors } from './accepting';
import { Channel } from './channel';
import { connectionHandlers } from './connection';
import { Meter } from './meter';
import { Pauses } from './pauses';
import { type Body, Thread } from './thread';
import { type WaitKind, WaitState } from './wait';

export interface ThreadsOptions {
  /** Steps that a thread may take in a turn: 1 to 1,000,000. Default 50. */
  readonly budget?: number;
  /** Steps that all threads together may take in a turn: 1 to 100,000,000. Default 10,000. */
  readonly turnBudget?: number;
  /** Most threads at once: 1 to 16,777,216. Default 100,000. */
  readonly threads?: number;
  /** Bytes that a connection reads ahead of its thread: 1 to 16 MiB. Default 64 KiB. */
  readonly window?: number;
  /**
   * A thread may wait for files or for the network, but not for both at once: to do so rejects with
   * ERR_CALANDRIA_USAGE. Default false.
   */
  readonly strict?: boolean;
}

export interface SpawnOptions {
  /** Aborts the thread. */
  readonly signal?: AbortSignal | undefined;
  /** For messages. Default: the name of the function. */
  readonly name?: string;
}

export interface ThreadsMetrics {
  /** Threads: spawned → ended. */
  readonly threads: StageMetrics;
  /** Calls that wait for a later turn: put to the end of the queue → their turn. */
  readonly paused: StageMetrics;
}

/** A call of a thread, or the thread's own beginning. */
export interface Start {
  readonly thread: Thread;
  readonly state: WaitState;
  readonly kinds: readonly WaitKind[];
  readonly outlives: boolean;
  begin(): void;
  postpone(): void;
  goOn(): void;
  fail(error: unknown): void;
}

const DEFAULTS: Required<ThreadsOptions> = {
  budget: 50,
  turnBudget: 10_000,
  threads: 100_000,
  window: 64 << 10,
  strict: false,
};

/** Its reactions run when the running code gives way. */
const GIVEN_WAY = Promise.resolve();

export class Threads {
  readonly reactor: Reactor;
  /** For connections that come otherwise, as from reactor.adopt(): thread.take() takes them. */
  readonly handlers: Handlers;
  /** Internal. */
  readonly pauses: Pauses;
  /** Internal. */
  readonly acceptors = new Acceptors();
  /** Internal. */
  readonly strict: boolean;
  /** Internal. */
  readonly window: number;
  private readonly budget: number;
  private readonly turnBudget: number;
  private readonly most: number;
  private readonly meter: Meter;
  private readonly running = new Set<Thread>();
  private readonly aborts = new Aborts();
  private readonly starting: Start[] = [];
  /** Place of the next of them to begin. */
  private next = 0;
  private scheduled = false;
  private spawned = 0;
  private turn = 0;
  private steps = 0;
  private waitingForEnd: (() => void)[] = [];

  /** Comes from createThreads(). */
  constructor(reactor: Reactor, options: Required<ThreadsOptions>) {
    this.reactor = reactor;
    this.budget = options.budget;
    this.turnBudget = options.turnBudget;
    this.most = options.threads;
    this.window = options.window;
    this.strict = options.strict;
    this.pauses = new Pauses(reactor);
    this.meter = new Meter(reactor);
    this.handlers = connectionHandlers(this);
  }

  /** Threads that run now. */
  get count(): number {
    return this.running.size;
  }

  /**
   * Starts a thread: `body(thread, ...given)` is called when the caller gives way. Connections and
   * files among `given` are its own from now on. An error that it ends with is thrown like a
   * handler's, unless somebody waits for its end.
   * @throws ERR_CALANDRIA_LIMIT too many run already.
   */
  spawn<Given extends readonly unknown[], Result>(
    body: Body<Given, Result>,
    ...given: Given
  ): Thread<Result>;
  spawn<Given extends readonly unknown[], Result>(
    options: SpawnOptions,
    body: Body<Given, Result>,
    ...given: Given
  ): Thread<Result>;
  spawn(first: SpawnOptions | Body<never, unknown>, ...rest: unknown[]): Thread {
    const [options, body, ...given] =
      typeof first === 'function' ? [{}, first, ...rest] : [first, ...rest];
    checkOptions('options', options);
    if (typeof body !== 'function') throw typeError('body', 'a function', body);
    const { signal, name = body.name } = options as SpawnOptions;
    checkSignal(signal);
    if (typeof name !== 'string') throw typeError('name', 'a string', name);
    if (this.running.size >= this.most) {
      throw new CalandriaError(
        'ERR_CALANDRIA_LIMIT',
        `${this.most} threads run already (threads).`,
      );
    }
    const run = body as Body<unknown[], unknown>;
    const thread = new Thread(this, ++this.spawned, name, run, given);
    this.running.add(thread);
    this.meter.arrive();
    this.start(thread);
    this.aborts.watch(thread, signal, () => thread.abort(signal?.reason));
    return thread;
  }

  /** Values from threads to threads; so many may wait in it. With 0 a sender meets a receiver. */
  channel<Value>(capacity = 0): Channel<Value> {
    return new Channel<Value>(capacity);
  }

  /** A listener for accept(); as reactor.listen(). */
  listen(options: ListenOptions): Listener {
    const listener = this.reactor.listen(options, this.handlers);
    this.acceptors.of(listener);
    return listener;
  }

  /** Aborts all threads. */
  abort(reason?: unknown): void {
    for (const thread of [...this.running]) thread.abort(reason);
  }

  /** Resolves when no thread runs. */
  ended(): Promise<void> {
    if (this.running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.waitingForEnd.push(resolve));
  }

  /** As reactor.metrics(). In the time of the turns: a replay ends with the same. */
  metrics(): ThreadsMetrics {
    return { threads: this.meter.read(), paused: this.pauses.meter.read() };
  }

  // ── Internal: what threads and waits ask for ──

  /** Begins when the running code gives way. */
  start(start: Start): void {
    this.starting.push(start);
    if (this.scheduled) return;
    this.scheduled = true;
    void GIVEN_WAY.then(this.beginAll);
  }

  /** Begins what was called so far: now, in front of something that must come behind it. */
  readonly beginAll = (): void => {
    while (this.next < this.starting.length) this.begin(this.starting[this.next++] as Start);
    this.starting.length = 0;
    this.next = 0;
    this.scheduled = false;
  };

  /** Begins it, or in a later turn when there are no steps left in this one. */
  begin(start: Start): void {
    if (start.state !== WaitState.Fresh && start.state !== WaitState.Paused) return;
    try {
      start.thread.admit(start);
      if (this.step(start.thread)) return start.begin();
      this.pauses.add(start);
      start.postpone();
    } catch (error) {
      start.fail(error);
    }
  }

  private step(thread: Thread): boolean {
    const { turn } = this.reactor;
    if (turn !== this.turn) this.steps = 0;
    this.turn = turn;
    if (this.steps >= this.turnBudget || !thread.step(turn, this.budget)) return false;
    this.steps++;
    return true;
  }

  /** A thread is over; `unheard` is an error that nobody waits for. */
  over(thread: Thread, unheard?: { readonly error: unknown }): void {
    this.running.delete(thread);
    this.aborts.forget(thread);
    this.meter.depart();
    if (unheard && !this.expected(thread, unheard.error)) this.reactor.fail(unheard.error);
    if (this.running.size === 0) for (const resolve of this.waitingForEnd.splice(0)) resolve();
  }

  /** It was told to end, or the reactor was closed under it. */
  private expected(thread: Thread, error: unknown): boolean {
    if (thread.isAborted && error === thread.signal.reason) return true;
    return this.reactor.closed && (error as { code?: unknown } | null)?.code === CLOSED;
  }
}

const CLOSED: CalandriaCode = 'ERR_CALANDRIA_CLOSED';

/** Threads on a reactor. */
export function createThreads(reactor: Reactor, options: ThreadsOptions = {}): Threads {
  checkOptions('reactor', reactor);
  checkOptions('options', options);
  const asked = { ...DEFAULTS, ...options };
  checkWhole('budget', asked.budget, 1e6, 1);
  checkWhole('turnBudget', asked.turnBudget, 1e8, 1);
  checkWhole('threads', asked.threads, 2 ** 24, 1);
  checkWhole('window', asked.window, 2 ** 24, 1);
  checkFlag('strict', options.strict);
  return new Threads(reactor, asked);
}
