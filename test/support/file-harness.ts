// The core with a file beside its connections, and a disk that answers when the test says so.
import * as layout from '../../assembly/layout';
import type { Arrivals } from './arrivals';
import { CoreHarness, type Handle, type Step } from './core-harness';
import type { Delivery, Submission } from './core-views';

/** What a disk will answer: bytes read, a number (0 or more: done; else an error). */
export interface Answered {
  readonly operation: number;
  readonly result: number | Uint8Array;
}

export class FileHarness extends CoreHarness {
  /** Completions for the next COLLECT. */
  readonly completions: Answered[] = [];

  /** Returns the operation. */
  sendFile(to: Handle, file: Handle, offset: number, length: number, via = 0): number {
    const address = this.core.reserve(16);
    this.view.setBigUint64(address, BigInt(offset), true);
    this.view.setBigUint64(address + 8, BigInt(length), true);
    const { record, generation } = to;
    return this.core.sendFile(record, generation, file.record, file.generation, address, via);
  }

  task(operation: number, field: number): number {
    return this.word(this.word(layout.OPERATIONS_BASE) + operation * layout.TASK_SIZE + field);
  }

  /** Of a SEND_FILE: its operation; of any: its detail. */
  extraOf({ at }: Submission): number {
    return this.word(at + layout.SUBMISSION_EXTRA);
  }

  detailOf({ at }: Submission): number {
    return this.view.getUint8(at + layout.SUBMISSION_DETAIL);
  }

  /** The disk answers: the next turn hears that something completed. */
  complete(operation: number, result: number | Uint8Array): void {
    this.completions.push({ operation, result });
  }

  /** Events that announce what completed. */
  get announced(): Required<Step>['events'] {
    if (this.completions.length === 0) return [];
    return [{ record: layout.RECORD_COMPLETIONS, generation: 0, ready: layout.READY_IN }];
  }

  protected override executeOne(
    submission: Submission,
    answer: Parameters<CoreHarness['executeOne']>[1],
    room: Arrivals,
  ): number {
    if (submission.operation === 'announced') return this.completions.length;
    if (submission.operation === 'collect') return this.collect(submission, room);
    return super.executeOne(submission, answer, room);
  }

  private collect(submission: Submission, room: Arrivals): number {
    const parts: Buffer[] = [];
    const base = room.cursor;
    let length = 0;
    for (const { operation, result } of this.completions.splice(0)) {
      const head = Buffer.alloc(layout.COMPLETION_SIZE);
      const brings = typeof result === 'number' ? Buffer.alloc(0) : Buffer.from(result);
      head.writeInt32LE(operation, layout.COMPLETION_OPERATION);
      head.writeInt32LE(this.task(operation, layout.TASK_GENERATION), layout.COMPLETION_GENERATION);
      if (brings.length > 0) {
        head.writeInt32LE(base + length + layout.COMPLETION_SIZE, layout.COMPLETION_ADDRESS);
      }
      const reads = typeof result !== 'number' || result <= 0;
      head.writeInt32LE(reads ? layout.VIA_POOL : layout.VIA_SEND_FILE, layout.COMPLETION_VIA);
      const value = typeof result === 'number' ? result : brings.length;
      head.writeBigInt64LE(BigInt(value), layout.COMPLETION_RESULT);
      const padding = Buffer.alloc(-brings.length & 7);
      parts.push(head, brings, padding);
      length += head.length + brings.length + padding.length;
    }
    return length === 0 ? 0 : room.collect(submission, Buffer.concat(parts));
  }
}

/** Operations that are done, with their errors. */
export function done(deliveries: readonly Delivery[]): { operation: number; error: number }[] {
  return deliveries
    .filter(({ kind }) => kind === 'done')
    .map(({ handlers, value }) => ({ operation: handlers, error: value }));
}
