// The null host: no sockets, no files, no kernel interface at all. Time passes, so timers, idle
// watchers and calls from outside work on it; everything else is refused with ENOSYS. It shows how
// little a host is, and is what to begin a new one with: host/README.md says what each verb owes.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';
import { errorNumber } from '../errors';
import { Alarm } from './alarm';
import { type DrivenHost, driven } from './driven';
import type { Host, Seam } from './host';

const NOT_IMPLEMENTED = -errorNumber('ENOSYS');

class NullHost implements DrivenHost {
  readonly name = 'null';
  private memory!: ReactorMemory;
  private alarm!: Alarm;

  open(seam: Seam, wake: () => void): void {
    this.memory = seam.memory;
    this.alarm = new Alarm(wake);
    this.set(layout.EVENT_FORMAT, layout.FORMAT_PORTABLE);
    this.set(layout.EVENT_RECORD_SIZE, layout.PORTABLE_SIZE);
  }

  /** Nothing is ever ready. */
  poll(): void {
    this.memory.longs[layout.NOW >> 3] = this.alarm.now;
    this.set(layout.EVENT_COUNT, 0);
    this.set(layout.WAIT_RESULT, 0);
  }

  submit(): boolean {
    const total = word(this.memory, layout.SUBMISSION_COUNT);
    const base = word(this.memory, layout.SUBMISSIONS_BASE);
    for (let place = 0; place < total; place++) {
      const entry = base + place * layout.SUBMISSION_SIZE;
      this.set(entry + layout.SUBMISSION_RESULT, this.execute(entry));
    }
    this.set(layout.SUBMISSION_DONE, total);
    return false;
  }

  private execute(entry: number): number {
    // Nothing was opened, so it is closed.
    const operation = this.memory.bytes[entry + layout.SUBMISSION_OPERATION];
    return operation === layout.OPERATION_CLOSE ? 0 : NOT_IMPLEMENTED;
  }

  arm(deadline: bigint): void {
    this.alarm.arm(deadline);
  }

  hold(hold: boolean): void {
    this.alarm.hold(hold);
  }

  close(): void {
    this.alarm.close();
  }

  private set(address: number, value: number): void {
    this.memory.words[address >> 2] = value;
  }
}

/** Everywhere, for time alone: all else is refused with ENOSYS. */
export function nullHost(): Host {
  return driven(new NullHost());
}
