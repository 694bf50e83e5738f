// What the node host keeps for a record: something that node:net owns, and its readiness, collected
// until the next turn takes it.
import * as layout from '../../assembly/layout';
import { errorNumber } from '../errors';
import type { Outgoing } from './outgoing';

const NOT_SUPPORTED = -errorNumber('EOPNOTSUPP');
const NOT_SOCKET = -errorNumber('ENOTSOCK');

/** What OPERATE asks for. */
export interface Task {
  /** TASK_ */
  readonly kind: number;
  /** Place in the operation table, and which owner: they name the completion. */
  readonly operation: number;
  readonly generation: number;
  readonly offset: bigint;
  /** Bytes to write, valid during the call; or how many to read. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** A connection that a listener accepted. */
export interface AcceptedSource extends Source {
  readonly remote: { readonly address: string; readonly port: number };
  /** Begins to read. */
  start(): void;
}

export abstract class Source {
  record: number = layout.NONE;
  generation = 0;
  /** Linux's number of the error that node:net reported; 0 for none. */
  protected failure = 0;
  /** The core has closed it: nothing that happens now concerns the record. */
  protected closed = false;
  private ready = 0;
  protected readonly report: (source: Source) => void;
  /** OPEN answers what became of it, with the name; nothing is told later. */
  readonly opensAtOnce: boolean = false;

  constructor(report: (source: Source) => void) {
    this.report = report;
  }

  /** Bytes, connections or records that wait; UNKNOWN when nobody knows. */
  abstract get available(): number;
  /** What became of a listen, connect or open: 0 or OPENED_ bits, -EINPROGRESS or the error. */
  abstract status(): number;
  /** Writes its name record, the answer when it is open. */
  abstract name(bytes: Uint8Array, at: number): void;
  abstract close(reset: boolean): void;

  // The verbs; results are 0 or more, or the negative of an error number.

  /**
   * RECEIVE: puts at most `most` bytes, or as many whole records (`records` at the most, 0 for
   * all), to `target` at `at`.
   */
  receive(_target: Uint8Array, _at: number, _most: number, _records: number): number {
    return NOT_SUPPORTED;
  }

  send(_outgoing: Outgoing): number {
    return NOT_SUPPORTED;
  }

  /** ACCEPT: a connection, or a negative error number. */
  accept(): AcceptedSource | number {
    return NOT_SOCKET;
  }

  /** TAKE: a stream (0, 1, 2) of the process that this is. */
  stream(_which: number): Source | undefined {
    return undefined;
  }

  shutDown(): number {
    return NOT_SUPPORTED;
  }

  setOption(_name: number, _value: number): number {
    return NOT_SUPPORTED;
  }

  /** OPERATE. Bytes that come at once go to the task's room. */
  operate(_task: Task): number {
    return NOT_SUPPORTED;
  }

  /** Room for sends, or UNKNOWN. */
  get space(): number {
    return layout.UNKNOWN;
  }

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
