// What the node host is asked and answers later, as host/completions.cc does: announced by an
// event, counted, and collected as records with the bytes that they brought.
import * as layout from '../../assembly/layout';
import type { ReactorMemory } from '../core/memory';
import type { ReadRoom } from './read-room';

export interface Completion {
  /** Place in the operation table, and which owner of it. */
  readonly operation: number;
  readonly generation: number;
  /** 0 or more, or the negative of an error number. */
  readonly result: number;
  /** `result` bytes that it brings. */
  readonly bytes?: Uint8Array;
}

function padded(length: number): number {
  return (length + 7) & ~7;
}

export class Completions {
  private readonly memory: ReactorMemory;
  private readonly view: DataView;
  private readonly wake: () => void;
  private waiting: Completion[] = [];
  private news = 0;
  /** The event that says there is news was not written yet. */
  private unread = false;

  constructor(memory: ReactorMemory, wake: () => void) {
    this.memory = memory;
    this.view = new DataView(memory.buffer);
    this.wake = wake;
  }

  readonly finish = (completion: Completion): void => {
    this.waiting.push(completion);
    this.news++;
    this.unread = true;
    this.wake();
  };

  /** Is an event for RECORD_COMPLETIONS to be told? Once for whatever came until now. */
  take(): boolean {
    const { unread } = this;
    this.unread = false;
    return unread;
  }

  /** ANNOUNCED */
  announced(): number {
    const { news } = this;
    this.news = 0;
    return news > 0 ? news : -layout.ERROR_AGAIN;
  }

  /** COLLECT: at most so many, as far as they fit one run; answers its bytes. */
  collect(room: ReadRoom, most: number): number {
    let length = 0;
    let taken = 0;
    for (; taken < most; taken++) {
      const completion = this.waiting[taken];
      if (!completion) break;
      const size = layout.COMPLETION_SIZE + padded(completion.bytes?.length ?? 0);
      const left = room.limit - room.cursor - length;
      if (left < size && (length > 0 || !room.ensure(size))) break;
      this.pack(room.cursor + length, completion);
      length += size;
    }
    this.waiting = this.waiting.slice(taken);
    return length;
  }

  private pack(at: number, { operation, generation, result, bytes }: Completion): void {
    const { view, memory } = this;
    const brings = bytes !== undefined && bytes.length > 0;
    const address = at + layout.COMPLETION_SIZE;
    view.setInt32(at + layout.COMPLETION_OPERATION, operation, true);
    view.setUint32(at + layout.COMPLETION_GENERATION, generation, true);
    view.setUint32(at + layout.COMPLETION_ADDRESS, brings ? address : 0, true);
    view.setInt32(at + layout.COMPLETION_VIA, layout.VIA_POOL, true);
    view.setBigInt64(at + layout.COMPLETION_RESULT, BigInt(result), true);
    if (!brings) return;
    memory.bytes.set(bytes, address);
    memory.bytes.fill(0, address + bytes.length, address + padded(bytes.length));
  }
}
