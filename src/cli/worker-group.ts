// A group of worker threads that do the same work: each with a reactor of its own, and one that
// dies is replaced and said so. The work is a module; what it is given is its workerData.
import { Worker } from 'node:worker_threads';
import { type InboxPort, Outbox } from '../inbox/outbox';

/** What a worker's module posts to its parent. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly port: number; readonly orders: InboxPort }
  | {
      readonly kind: 'failed';
      readonly message: string;
      readonly code: string | undefined;
      /** What it failed at. */
      readonly step?: string;
    }
  | { readonly kind: 'warn'; readonly message: string }
  | { readonly kind: 'note'; readonly message: string }
  | { readonly kind: 'print'; readonly text: string };

/** What a worker is posted when its text is printed, or why it is not. */
export interface Printed {
  readonly failure?: string;
}

export interface GroupOptions {
  /** The module that each runs. */
  readonly module: string;
  readonly count: number;
  /** What a worker is given; `number` counts all that were ever started, from 0. */
  readonly data: (number: number, port: number) => unknown;
  readonly say: (message: string) => void;
  /** Hears once what is the same for all of them. */
  readonly note: (message: string) => void;
  /** Takes text; the worker that posted it hears when it is done. */
  readonly print: (text: string) => Promise<void>;
}

/** One that lived for less than this is replaced after a while, which doubles each time, ms. */
const SHORT_LIFE = 1000;
const DELAY_MAX = 10_000;

interface Member {
  readonly worker: Worker;
  readonly number: number;
  readonly begun: number;
  orders: Outbox | undefined;
}

/** One that has closed already is leaving: it takes no orders, and needs none. */
function orderToStop(orders: Outbox): void {
  try {
    orders.post(Buffer.from('stop'));
  } catch (error) {
    if (!orders.closed) throw error;
  }
}

export class WorkerGroup {
  private readonly options: GroupOptions;
  private readonly members = new Set<Member>();
  private started = 0;
  private port = 0;
  private delay = 0;
  private stopping = 0;
  private readonly noted = new Set<string>();
  private readonly restarts = new Set<NodeJS.Timeout>();
  private settle: () => void = () => {};
  /** Resolves when the group was stopped and the last worker has ended. */
  readonly ended: Promise<void>;

  constructor(options: GroupOptions) {
    this.options = options;
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Starts them: the first one chooses the port. Rejects when that cannot listen. */
  async start(): Promise<number> {
    this.port = await this.startOne();
    const others = Array.from({ length: this.options.count - 1 }, () => this.startOne());
    await Promise.all(others);
    return this.port;
  }

  /** The first time they drain, the second time they do not wait, the third they are terminated. */
  stop(): void {
    this.stopping++;
    for (const timer of this.restarts) clearTimeout(timer);
    this.restarts.clear();
    for (const { worker, orders } of this.members) {
      // One that has not said where to post to has nothing to drain.
      if (this.stopping > 2 || !orders) void worker.terminate();
      else orderToStop(orders);
    }
    if (this.members.size === 0) this.settle();
  }

  private startOne(): Promise<number> {
    const number = this.started++;
    const worker = new Worker(this.options.module, {
      workerData: this.options.data(number, this.port),
    });
    const member: Member = { worker, number, begun: Date.now(), orders: undefined };
    this.members.add(member);
    let reason = 'it ended by itself';
    worker.on('error', (error) => {
      reason = String(error?.stack ?? error);
    });
    return new Promise((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'warn') this.options.say(`worker ${number}: ${message.message}`);
        else if (message.kind === 'note') this.note(message.message);
        else if (message.kind === 'print') this.print(worker, message.text);
        else if (message.kind === 'ready') {
          member.orders = new Outbox(message.orders);
          if (this.stopping > 0) orderToStop(member.orders);
          resolve(message.port);
        } else {
          reason = message.message;
          const { code, step } = message;
          reject(Object.assign(new Error(message.message), { code, step }));
        }
      });
      worker.once('exit', () => {
        this.left(member, reason);
        reject(new Error(reason));
      });
    });
  }

  private print(worker: Worker, text: string): void {
    const answer = (printed: Printed): void => worker.postMessage(printed);
    this.options.print(text).then(
      () => answer({}),
      ({ message }: Error) => answer({ failure: message }),
    );
  }

  private note(message: string): void {
    if (this.noted.has(message)) return;
    this.noted.add(message);
    this.options.note(message);
  }

  private left(member: Member, reason: string): void {
    this.members.delete(member);
    if (this.stopping > 0) {
      if (this.members.size === 0) this.settle();
      return;
    }
    // Before the first one listens nothing can be replaced: start() tells why.
    if (this.port === 0) return;
    this.delay =
      Date.now() - member.begun < SHORT_LIFE
        ? Math.min(DELAY_MAX, Math.max(100, this.delay * 2))
        : 0;
    const when = this.delay === 0 ? 'now' : `in ${this.delay} ms`;
    this.options.say(`worker ${member.number} died and is replaced ${when}: ${reason}`);
    const timer = setTimeout(() => {
      this.restarts.delete(timer);
      // Why it could not start is said when it ends.
      this.startOne().catch(() => {});
    }, this.delay);
    this.restarts.add(timer);
  }
}
