// Work outside of the loop that comes back as an event of it. A job runs below the seam, where
// clocks, names of hosts and other threads are; its outcome is posted to an inbox, and so it is in
// the trace. A replay starts no job: it reads the outcomes.
//
// A start is a call (the inbox is asked for more), so that a replay waits for those that come from
// outside of a turn, and jobs get the same numbers.
import { CalandriaError, typeError } from '../errors';
import { type InboxPort, Outbox } from '../inbox/outbox';
import { CAPACITY_MAX } from '../inbox/ring';
import { checkFlag, checkOptions, checkSignal, checkWhole } from '../reactor/arguments';
import type { Inbox } from '../reactor/inbox';
import type { Reactor } from '../reactor/reactor';
import { decodeOutcome, encodeOutcome, type Outcome } from './carried';
import { partOf, postsOf } from './messages';

export interface OutsideOptions {
  /** Most jobs under way at once: 1 to 65,536. Default 1,024. */
  readonly jobs?: number;
  /**
   * Bytes of outcomes that may wait for the loop; what finds no room waits where it is. 64 KiB to
   * 1 GiB, rounded up to a power of two. Default 256 KiB.
   */
  readonly capacity?: number;
}

export interface JobOptions {
  /** Nobody waits for the outcome any more: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Does the job keep the process alive? Default true. */
  readonly ref?: boolean;
}

const JOBS = 1024;
const JOBS_MAX = 65_536;
const CAPACITY = 1 << 18;
const CAPACITY_MIN = 1 << 16;

interface Waiting {
  readonly name: string;
  readonly ref: boolean;
  readonly doer: Doer;
  parts: Uint8Array[];
  settle(outcome: Outcome): void;
}

/** Where a job's outcome is to be posted: messages.ts says how. */
export interface Place {
  readonly job: number;
  readonly name: string;
  readonly port: InboxPort;
}

/** Who does jobs. */
export interface Doer {
  /** In a replay nothing is started. What it throws is the job's outcome. */
  start(place: Place): void;
  /** Its promise was given up; the outcome is still owed. */
  abort?(job: number, reason: unknown): void;
  /** Its outcome is here. */
  over?(job: number): void;
}

export class Outside {
  readonly reactor: Reactor;
  private readonly inbox: Inbox;
  private readonly outbox: Outbox;
  private readonly most: number;
  private readonly jobs = new Map<number, Waiting>();
  /** Posts of this thread that found no room yet. */
  private readonly posts: Generator<Uint8Array, void>[] = [];
  private post: Uint8Array | undefined;
  private readonly closers: (() => void)[] = [];
  private started = 0;
  private referenced = 0;
  private failure: Error | undefined;

  /** Comes from createOutside(). */
  constructor(reactor: Reactor, { jobs, capacity }: Required<OutsideOptions>) {
    this.reactor = reactor;
    this.most = jobs;
    this.inbox = reactor.inbox(
      { capacity },
      {
        message: (_, bytes) => this.heard(bytes),
        error: (_, error) => this.end(error),
        close: () => this.end(closed()),
      },
    );
    this.inbox.unref();
    this.outbox = new Outbox(this.inbox.port);
  }

  /** Jobs that were started and whose outcome has not arrived. */
  get underWay(): number {
    return this.jobs.size;
  }

  /** Nothing can be started any more: it was closed, or the reactor was. */
  get closed(): boolean {
    return this.failure !== undefined;
  }

  /**
   * Starts a job in this thread, now, and resolves with what it returns or resolves with, as a
   * structured clone. `name` says what is asked for; a replay whose program asks for something else
   * is told so (ERR_CALANDRIA_DIVERGED). The job must not touch what the program works with: a
   * replay does not run it.
   * Rejects with the job's error (name, message, code and its other plain properties);
   * ERR_CALANDRIA_LIMIT too many are under way; ERR_CALANDRIA_CLOSED the reactor was closed.
   */
  run<Value>(
    name: string,
    job: (signal?: AbortSignal) => Value | Promise<Value>,
    options: JobOptions = {},
  ): Promise<Value> {
    if (typeof job !== 'function') throw typeError('job', 'a function', job);
    const doer: Doer = {
      start: (place) => {
        void outcomeOf(() => job(options.signal)).then((outcome) => this.bring(place.job, outcome));
      },
    };
    return this.begin<Value>(name, options, doer);
  }

  /** Ends it: what is open rejects with ERR_CALANDRIA_CLOSED. Closing the reactor does so, too. */
  close(): void {
    this.inbox.close();
  }

  /** Internal: starts a job that somebody else does. */
  begin<Value>(name: string, options: JobOptions, doer: Doer): Promise<Value> {
    if (typeof name !== 'string') throw typeError('name', 'a string', name);
    checkOptions('options', options);
    const { signal, ref = true } = options;
    checkSignal(signal);
    checkFlag('ref', ref);
    return new Promise<Value>((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      if (signal?.aborted) return reject(signal.reason);
      if (this.jobs.size >= this.most) return reject(tooMany(this.most, name));
      const settle = (outcome: Outcome): void => {
        signal?.removeEventListener('abort', abort);
        if (outcome.failed) reject(outcome.error);
        else resolve(outcome.value as Value);
      };
      const job = this.add({ name, ref, doer, parts: [], settle });
      // The job counts until its outcome is here, though nobody waits for it.
      const abort = (): void => {
        reject(signal?.reason);
        if (this.inbox.attended) doer.abort?.(job, signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      if (!this.inbox.attended) return;
      try {
        doer.start({ job, name, port: this.inbox.port });
      } catch (error) {
        this.bring(job, { failed: true, error });
      }
    });
  }

  /** Internal: brings an outcome from this thread. */
  bring(job: number, outcome: Outcome): void {
    const name = this.jobs.get(job)?.name;
    if (name === undefined) return;
    this.posts.push(postsOf(job, encodeOutcome(name, outcome)));
    this.pump();
  }

  /** Internal: is called when nothing can be started any more. */
  whenClosed(action: () => void): void {
    if (this.failure) action();
    else this.closers.push(action);
  }

  private add(waiting: Waiting): number {
    this.started = (this.started + 1) >>> 0;
    this.jobs.set(this.started, waiting);
    if (waiting.ref && this.referenced++ === 0) this.inbox.ref();
    this.inbox.read(Number.POSITIVE_INFINITY);
    return this.started;
  }

  private remove(job: number, { ref }: Waiting): void {
    this.jobs.delete(job);
    if (ref && --this.referenced === 0) this.inbox.unref();
  }

  private heard(post: Uint8Array): void {
    const { job, first, last, bytes } = partOf(post);
    const waiting = this.jobs.get(job);
    if (waiting) {
      if (first) waiting.parts = [];
      if (last) this.settle(job, waiting, Buffer.concat([...waiting.parts, bytes]));
      else waiting.parts.push(bytes.slice());
    }
    this.pump();
  }

  private settle(job: number, waiting: Waiting, bytes: Uint8Array): void {
    this.remove(job, waiting);
    waiting.settle(decodeOutcome(waiting.name, bytes));
    waiting.doer.over?.(job);
  }

  /** Posts what there is room for; the next post that arrives has made more. */
  private pump(): void {
    while (this.posts.length > 0 && !this.outbox.closed) {
      this.post ??= this.posts[0]?.next().value ?? undefined;
      if (!this.post) this.posts.shift();
      else if (!this.outbox.post(this.post)) return;
      this.post = undefined;
    }
  }

  private end(failure: Error): void {
    if (this.failure) return;
    this.failure = failure;
    this.posts.length = 0;
    for (const [job, waiting] of [...this.jobs]) {
      this.remove(job, waiting);
      waiting.settle({ failed: true, error: failure });
    }
    for (const action of this.closers.splice(0)) action();
  }
}

async function outcomeOf(job: () => unknown): Promise<Outcome> {
  try {
    return { failed: false, value: await job() };
  } catch (error) {
    return { failed: true, error };
  }
}

function closed(): CalandriaError {
  return new CalandriaError(
    'ERR_CALANDRIA_CLOSED',
    'The reactor was closed: no outcome will come.',
  );
}

function tooMany(most: number, name: string): CalandriaError {
  return new CalandriaError(
    'ERR_CALANDRIA_LIMIT',
    `${most} jobs are under way already (jobs): ${name}`,
  );
}

/** What a reactor's jobs come back through. */
export function createOutside(reactor: Reactor, options: OutsideOptions = {}): Outside {
  checkOptions('reactor', reactor);
  checkOptions('options', options);
  const { jobs = JOBS, capacity = CAPACITY } = options;
  checkWhole('jobs', jobs, JOBS_MAX, 1);
  checkWhole('capacity', capacity, CAPACITY_MAX, CAPACITY_MIN);
  return new Outside(reactor, { jobs, capacity });
}
