// What the node host keeps for a record: something that node:net owns, and its readiness, collected
// until the next turn takes it.
import * as layout from '../../assembly/layout';
import { errorNumber } from '../errors';

export abstract class Source {
  record: number = layout.NONE;
  generation = 0;
  /** Linux's number of the error that node:net reported; 0 for none. */
  protected failure = 0;
  /** The core has closed it: nothing that happens now concerns the record. */
  protected closed = false;
  private ready = 0;
  private readonly report: (source: Source) => void;

  constructor(report: (source: Source) => void) {
    this.report = report;
  }

  /** Bytes or connections that wait. */
  abstract get available(): number;
  /** What became of a listen or connect: 0, -EINPROGRESS or the error. */
  abstract status(): number;
  /** The local name, for the answer to a listen or connect. */
  abstract get local(): { address: string; port: number };
  abstract close(reset: boolean): void;

  /** Gives it to a record; what happened before is reported now. */
  keep(record: number, generation: number): void {
    this.record = record;
    this.generation = generation;
    if (this.ready !== 0) this.report(this);
  }

  /** READY bits since they were last taken. */
  take(): number {
    const ready = this.closed ? 0 : this.ready;
    this.ready = 0;
    return ready;
  }

  protected raise(bits: number): void {
    const first = this.ready === 0;
    this.ready |= bits;
    if (first && this.record !== layout.NONE && !this.closed) this.report(this);
  }

  protected fail(error: unknown): void {
    this.failure = numberOf(error);
    this.raise(layout.READY_ERROR);
  }
}

/** The Linux number of what node:net threw or emitted. */
export function numberOf(error: unknown): number {
  const { code } = error as NodeJS.ErrnoException;
  // libuv has one name for two numbers of Linux; sockets mean this one.
  if (code === 'ENOTSUP') return errorNumber('EOPNOTSUPP');
  return errorNumber(code ?? '');
}
