// A pool of workers for what takes long to compute. The loop hears of each outcome as of an event;
// in between it serves everybody else.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type ResourceLimits, type Transferable, Worker } from 'node:worker_threads';
import { CalandriaError, typeError } from '../errors';
import { packageRoot } from '../package-root';
import { checkOptions, checkWhole } from '../reactor/arguments';
import { type Doer, type JobOptions, Outside, type Place } from './outside';
import { type ModuleWork, type Work, workOf } from './work';
import type { Order } from './worker';

export interface PoolOptions {
  /** Workers at the most: 1 to 256. Default: one less than the machine has processors. */
  readonly workers?: number;
  /** As of new Worker(): what one may use of memory. */
  readonly resourceLimits?: ResourceLimits;
}

export interface OffloadOptions extends JobOptions {
  /** What is handed over instead of being copied: buffers, ports. Nothing of it is left here. */
  readonly transfer?: readonly Transferable[];
}

const WORKERS_MAX = 256;

/** A job that waits for a worker, or has one. */
interface Task {
  readonly place: Place;
  readonly work: Work;
  readonly data: unknown;
  readonly transfer: readonly Transferable[];
}

export class Pool {
  private readonly outside: Outside;
  private readonly most: number;
  private readonly resourceLimits: ResourceLimits | undefined;
  private readonly workers = new Set<Worker>();
  private readonly idle: Worker[] = [];
  private readonly busy = new Map<number, Worker>();
  private readonly queue: Task[] = [];
  private closed = false;

  /** Comes from createPool(). */
  constructor(outside: Outside, { workers, resourceLimits }: PoolOptions & { workers: number }) {
    this.outside = outside;
    this.most = workers;
    this.resourceLimits = resourceLimits;
    outside.whenClosed(() => this.close());
  }

  /** Workers that are there. They start when they are needed, and keep no process alive. */
  get size(): number {
    return this.workers.size;
  }

  /** Jobs that wait for a worker. */
  get waiting(): number {
    return this.queue.length;
  }

  /**
   * Runs a function on `data` in a worker, and resolves with what it returns or resolves with. The
   * function must need nothing around it (its text is what the worker gets; `import()` is there),
   * or it is an export of a module. Data and outcome are structured clones, the data as they are
   * now.
   * Rejects as outside.run() does, and with ERR_CALANDRIA_WORKER when the worker ended under it;
   * another one takes its place. `signal` stops the computation.
   */
  offload<Data, Value>(
    what: ((data: Data) => Value | Promise<Value>) | ModuleWork,
    data: Data,
    options: OffloadOptions = {},
  ): Promise<Awaited<Value>> {
    const { name, work } = workOf(what);
    checkOptions('options', options);
    const { transfer = [] } = options;
    if (!Array.isArray(transfer)) throw typeError('transfer', 'an array', transfer);
    // Also in a replay: what was handed over is gone.
    const moved =
      transfer.length > 0 ? structuredClone({ data, transfer }, { transfer }) : { data, transfer };
    const doer: Doer = {
      start: (place) => this.start({ ...moved, place, work }),
      abort: (job, reason) => this.stop(job, reason),
      over: (job) => this.free(job),
    };
    return this.outside.begin(name, options, doer);
  }

  /** Ends the workers: what they do rejects with ERR_CALANDRIA_WORKER. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const { place } of this.queue.splice(0)) this.fail(place.job, 'The pool was closed.');
    for (const worker of this.workers) void worker.terminate();
  }

  private start(task: Task): void {
    if (this.closed) throw new CalandriaError('ERR_CALANDRIA_CLOSED', 'The pool is closed.');
    const worker = this.idle.pop() ?? (this.workers.size < this.most ? this.hire() : undefined);
    if (worker) return this.give(worker, task);
    // As it is now: who asked may change it before its turn comes.
    const { transfer } = task;
    const copy = structuredClone({ data: task.data, transfer }, { transfer: [...transfer] });
    this.queue.push({ ...task, ...copy });
  }

  private give(worker: Worker, { place, work, data, transfer }: Task): void {
    try {
      worker.postMessage({ place, work, data } satisfies Order, transfer);
      this.busy.set(place.job, worker);
    } catch (error) {
      this.idle.push(worker);
      throw error;
    }
  }

  private hire(): Worker {
    const file = join(packageRoot(), 'build', 'js', 'src', 'outside', 'worker.js');
    const { resourceLimits } = this;
    const worker = new Worker(file, {
      name: 'calandria-offload',
      ...(resourceLimits ? { resourceLimits } : {}),
    });
    this.workers.add(worker);
    let failure: unknown;
    worker.on('error', (error) => {
      failure = error;
    });
    worker.on('exit', (code) => this.left(worker, code, failure));
    worker.unref();
    return worker;
  }

  /** A job is over: its worker takes the next one. */
  private free(job: number): void {
    const worker = this.busy.get(job);
    if (!worker) return;
    this.busy.delete(job);
    this.idle.push(worker);
    this.next();
  }

  private next(): void {
    const task = this.queue.shift();
    if (!task) return;
    try {
      this.start(task);
    } catch (error) {
      this.outside.bring(task.place.job, { failed: true, error });
    }
  }

  /** Nobody wants it any more: the one way to stop a computation is to end its worker. */
  private stop(job: number, reason: unknown): void {
    const worker = this.busy.get(job);
    const waiting = this.queue.findIndex(({ place }) => place.job === job);
    if (waiting >= 0) this.queue.splice(waiting, 1);
    this.busy.delete(job);
    this.outside.bring(job, { failed: true, error: reason });
    if (worker) void worker.terminate();
  }

  /** A worker is gone, and with it what it was doing. */
  private left(worker: Worker, code: number, cause: unknown): void {
    this.workers.delete(worker);
    const place = this.idle.indexOf(worker);
    if (place >= 0) this.idle.splice(place, 1);
    for (const [job, its] of this.busy) {
      if (its !== worker) continue;
      this.busy.delete(job);
      this.fail(job, `The worker ended (exit code ${code}) before the job did.`, cause);
    }
    if (!this.closed) this.next();
  }

  private fail(job: number, message: string, cause?: unknown): void {
    const error = new CalandriaError('ERR_CALANDRIA_WORKER', message, { cause });
    this.outside.bring(job, { failed: true, error });
  }
}

/** A pool of workers whose outcomes come back through `outside`. */
export function createPool(outside: Outside, options: PoolOptions = {}): Pool {
  if (!(outside instanceof Outside)) throw typeError('outside', 'an Outside', outside);
  checkOptions('options', options);
  const { workers = Math.max(1, availableParallelism() - 1), resourceLimits } = options;
  checkWhole('workers', workers, WORKERS_MAX, 1);
  if (resourceLimits !== undefined) checkOptions('resourceLimits', resourceLimits);
  return new Pool(outside, { ...options, workers });
}
