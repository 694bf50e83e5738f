// The core over a simulated kqueue: what host/kqueue.cc does with the kernel is done here with
// SimulatedKqueue, and one mistake can be planted in it.
import * as layout from '../../assembly/layout';
import { type Answer, CoreHarness, type Handle, type Stepped } from './core-harness';
import { readDeliveries, type Submission } from './core-views';
import {
  EV_ADD,
  EV_CLEAR,
  EV_DELETE,
  EV_ERROR,
  EV_RECEIPT,
  EVFILT_READ,
  EVFILT_WRITE,
  KEVENT_SIZES,
  type Kevent,
  type KeventLayout,
  SimulatedKqueue,
  simulatedFile,
  writeKevent,
} from './simulated-kqueue';

export type Mistake =
  /** Filters are added without EV_CLEAR. */
  | 'level'
  /** One change for both filters, or-ed together. */
  | 'both filters in one record'
  /** Changes are handed over without room for what fails. */
  | 'no room for errors'
  /** The filters of a closed descriptor go with the next look, whenever that is. */
  | 'deletes wait'
  /** A library's: the error that an event tells of is gone from the socket. */
  | 'error told once';

export interface KqueueOptions {
  readonly kevents?: KeventLayout;
  readonly library?: boolean;
  readonly mistake?: Mistake;
}

const FORMATS = {
  narrow: layout.FORMAT_KQUEUE,
  freebsd: layout.FORMAT_KQUEUE,
  wide: layout.FORMAT_KQUEUE_WIDE,
};

export function ownerOf({ record, generation }: Handle): bigint {
  return (BigInt(generation) << 32n) | BigInt(record >>> 0);
}

export class KqueueHarness extends CoreHarness {
  readonly kernel = new SimulatedKqueue();
  /** The change vector: what waits for the next call. */
  changes: Kevent[] = [];
  /** By record. */
  readonly descriptors = new Map<number, number>();
  private readonly kevents: KeventLayout;
  private readonly library: boolean;
  private readonly mistake: Mistake | undefined;
  private nextDescriptor = 3;

  constructor({ kevents = 'narrow', library = false, mistake }: KqueueOptions = {}) {
    super();
    this.kevents = kevents;
    this.library = library;
    this.mistake = mistake;
  }

  // ── The host ──

  private change(ident: number, filter: number, flags: number, owner: bigint): void {
    this.changes.push({ ident, filter, flags, notes: 0, data: 0, owner });
  }

  attach(handle: Handle, fd: number, listener = false): void {
    const owner = ownerOf(handle);
    const flags = this.mistake === 'level' ? EV_ADD : EV_ADD | EV_CLEAR;
    this.descriptors.set(handle.record, fd);
    if (this.mistake === 'both filters in one record') {
      return this.change(fd, EVFILT_READ | EVFILT_WRITE, flags, owner);
    }
    this.change(fd, EVFILT_READ, flags, owner);
    if (!listener) this.change(fd, EVFILT_WRITE, flags, owner);
  }

  /** Before the descriptor is closed, and with whatever else waits. */
  forget(fd: number): void {
    this.change(fd, EVFILT_READ, EV_DELETE, 0n);
    this.change(fd, EVFILT_WRITE, EV_DELETE, 0n);
    if (this.mistake === 'deletes wait') return;
    const receipts = this.changes.map((change) => ({
      ...change,
      flags: change.flags | EV_RECEIPT,
    }));
    this.kernel.kevent(receipts, receipts.length);
    this.changes = [];
  }

  /** One call for changes and events; what it brings goes to the core as it is. */
  look(): Kevent[] {
    const room = this.mistake === 'no room for errors' ? 0 : Math.max(this.changes.length, 16);
    const answer = this.kernel.kevent(this.changes, room);
    this.changes = [];
    return typeof answer === 'number' ? [] : answer;
  }

  putKevents(events: readonly Kevent[]): void {
    const size = KEVENT_SIZES[this.kevents];
    const base = this.word(layout.EVENTS_BASE);
    for (const [place, event] of events.entries()) {
      writeKevent(this.view, base + place * size, event, this.kevents);
    }
    const format = this.library ? layout.FORMAT_KQUEUE_LIBRARY : FORMATS[this.kevents];
    this.view.setInt32(layout.EVENT_FORMAT, format, true);
    this.view.setInt32(layout.EVENT_RECORD_SIZE, size, true);
    this.view.setInt32(layout.EVENT_COUNT, events.length, true);
    this.view.setInt32(layout.WAIT_RESULT, events.length, true);
  }

  private readonly answer = (submission: Submission): Answer | undefined => {
    const fd = this.descriptors.get(submission.record) ?? -1;
    const file = this.kernel.files.get(fd);
    if (!file) return undefined;
    switch (submission.operation) {
      case 'receive': {
        if (file.unread > 0) {
          const taken = Math.min(file.unread, submission.length);
          file.unread -= taken;
          return new Uint8Array(taken);
        }
        if (file.error !== 0 && this.mistake !== 'error told once') {
          // The kernel's own number; the shim tells Linux's.
          return this.library ? -file.error : -(file.error + 50);
        }
        return file.ended ? 0 : -layout.ERROR_AGAIN;
      }
      case 'send': {
        const taken = Math.min(file.space, submission.length);
        file.space -= taken;
        return taken > 0 ? taken : -layout.ERROR_AGAIN;
      }
      case 'connectStatus':
        if (file.error === 0 || this.mistake === 'error told once') return 0;
        return this.library ? -file.error : -(file.error + 50);
      case 'shutdown':
        file.shut = true;
        this.kernel.told(fd);
        return 0;
      case 'accept':
        if (file.unread === 0) return -layout.ERROR_AGAIN;
        file.unread--;
        return 0;
      case 'close':
        this.forget(fd);
        this.descriptors.delete(submission.record);
        this.kernel.close(fd);
        return 0;
      default:
        return undefined;
    }
  };

  /** A turn; without `look` the kernel is not asked, as in a busy host. */
  turn(look = true, during: () => void = () => {}): Stepped & { events: Kevent[] } {
    this.execute(this.answer);
    const events = look ? this.look() : [];
    this.putKevents(events);
    this.now += 1000n;
    this.view.setBigUint64(layout.NOW, this.now, true);
    this.core.turn();
    const deliveries = readDeliveries(this.memory);
    during();
    return { deliveries, updates: [], submissions: this.end(), events };
  }

  /** Turns until nothing is left to do; what was delivered. */
  run(most = 40): Stepped['deliveries'] {
    const all: Stepped['deliveries'] = [];
    for (let turns = 0; turns < most; turns++) {
      const { deliveries, events } = this.turn();
      all.push(...deliveries);
      if (!this.busy && events.length === 0) return all;
    }
    throw new Error(`still busy after ${most} turns`);
  }

  // ── The program, and the other end ──

  /** A connection over a descriptor of its own; its first readiness is heard unless told not to. */
  connected(heard = true): { handle: Handle; fd: number } {
    const fd = this.nextDescriptor++;
    this.kernel.files.set(fd, simulatedFile());
    const handle = this.connection();
    this.attach(handle, fd);
    if (heard) this.run();
    return { handle, fd };
  }

  /** One that goes on in the background. */
  connecting(): { handle: Handle; fd: number } {
    const fd = this.nextDescriptor++;
    this.kernel.files.set(fd, { ...simulatedFile(), connected: false });
    const handle = this.open(true);
    this.quiesce({ answer: () => -layout.ERROR_IN_PROGRESS });
    this.attach(handle, fd);
    return { handle, fd };
  }

  /** Changes that failed, of what a look brought. */
  static errors(events: readonly Kevent[]): number[] {
    return events.filter(({ flags }) => flags & EV_ERROR).map(({ data }) => data);
  }
}
