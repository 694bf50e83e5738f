// The record behind an open file or directory: what File and Directory ask through. It tells
// nothing by itself; all that happens to it is an answer to somebody who asked.
import * as layout from '../../assembly/layout';
import type { Asked, Operations, Outcome, Waiter } from './operations';
import { type Result, Source, type SourceOrigin } from './source';

/** Most bytes of one operation: the core's table keeps them in a word. */
export const LENGTH_MAX = 2 ** 31 - 1;

export class FileSource extends Source<never> {
  /** FILE_IS_DIRECT and its like, and the bits of st_mode, once it is open. */
  marks = 0;
  mode = 0;
  protected readonly doing = 'read';
  /** Who asks has promises. */
  protected readonly handlers = {};
  private readonly operations: Operations;
  private closing: Promise<void> | undefined;
  private settleClosing: () => void = () => {};

  constructor(origin: SourceOrigin, operations: Operations) {
    super(origin);
    this.operations = operations;
  }

  get path(): string {
    return this.subject;
  }

  /** close() was called: nothing more can be asked. */
  get ending(): boolean {
    return this.closing !== undefined || this.closed;
  }

  /** Closes it; resolves when what is under way was answered and the descriptor is gone. */
  end(): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.closing ??= new Promise((resolve) => {
      this.settleClosing = resolve;
      this.close();
    });
    return this.closing;
  }

  /** Asks for something that writes no bytes: a TASK_. */
  start(task: number, offset: number, length: number, waiter: Waiter): void {
    const { calls } = this;
    const operation = calls.operate(this, task, offset, 0, length);
    this.operations.start(operation, waiter);
  }

  ask<Value>(
    task: number,
    asked: AskedOfFile,
    settle: (outcome: Outcome) => Value,
  ): Promise<Value> {
    return this.operations.ask(
      () => this.calls.operate(this, task, asked.offset ?? 0, 0, asked.length ?? 0),
      { ...asked, subject: this.subject, path: this.subject },
      settle,
    );
  }

  /**
   * Writes at most WRITE_CHUNK bytes. While the write arena is full of others it waits until one of
   * them was answered.
   */
  startWrite(bytes: Uint8Array, offset: number, waiter: Waiter): void {
    const { calls, operations } = this;
    const { address, length } = calls.place(bytes);
    const operation = calls.operate(this, layout.TASK_WRITE, offset, address, length);
    if (operation !== layout.CALL_TOTAL_FULL || operations.pending === 0) {
      operations.start(operation, waiter);
    } else operations.retry(() => this.startWrite(bytes, offset, waiter));
  }

  arrived(): Result {}

  protected override heardOpen(name: Uint8Array): Result {
    const view = new DataView(name.buffer, name.byteOffset, layout.PEER_SIZE);
    this.marks = view.getUint16(layout.PEER_PORT, true);
    this.mode = view.getUint32(layout.PEER_SCOPE, true);
  }

  /** Who waits for it to open has been told. */
  protected override heardError(): Result {}

  override leave(): void {
    super.leave();
    this.settleClosing();
  }
}

export interface AskedOfFile extends Omit<Asked, 'subject' | 'path'> {
  readonly offset?: number;
  readonly length?: number;
}
