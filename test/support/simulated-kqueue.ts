// kqueue(2) as its manual pages describe it and as NetBSD's and FreeBSD's behave: filters over
// descriptors that a test has in its hands. It answers kevent() with records as the kernel writes
// them, in each layout that there is.

export const EVFILT_READ = -1;
export const EVFILT_WRITE = -2;
export const EVFILT_PROC = -5;
export const EVFILT_SIGNAL = -6;
export const EVFILT_TIMER = -7;

export const EV_ADD = 0x0001;
export const EV_DELETE = 0x0002;
export const EV_ONESHOT = 0x0010;
export const EV_CLEAR = 0x0020;
export const EV_RECEIPT = 0x0040;
export const EV_EOF = 0x8000;
export const EV_ERROR = 0x4000;

const ENOENT = 2;
const EBADF = 9;

/** struct kevent, whatever its layout. */
export interface Kevent {
  readonly ident: number;
  readonly filter: number;
  readonly flags: number;
  readonly notes: number;
  readonly data: number;
  /** udata */
  readonly owner: bigint;
}

export type KeventLayout = 'narrow' | 'freebsd' | 'wide';

export const KEVENT_SIZES: Readonly<Record<KeventLayout, number>> = {
  narrow: 32,
  freebsd: 64,
  wide: 40,
};

export function writeKevent(view: DataView, at: number, event: Kevent, layout: KeventLayout): void {
  const wide = layout === 'wide';
  new Uint8Array(view.buffer, view.byteOffset + at, KEVENT_SIZES[layout]).fill(0);
  view.setBigUint64(at, BigInt(event.ident), true);
  if (wide) {
    // NetBSD counts the filters from 0 upwards, and its words are wider.
    view.setUint32(at + 8, -1 - event.filter, true);
    view.setUint32(at + 12, event.flags, true);
    view.setUint32(at + 16, event.notes, true);
  } else {
    view.setInt16(at + 8, event.filter, true);
    view.setUint16(at + 10, event.flags, true);
    view.setUint32(at + 12, event.notes, true);
  }
  view.setBigInt64(at + (wide ? 24 : 16), BigInt(event.data), true);
  view.setBigUint64(at + (wide ? 32 : 24), event.owner, true);
}

/** One end of a stream, or a listener. A test changes it and calls `told`. */
export interface SimulatedFile {
  readonly kind: 'stream' | 'listener';
  /** Bytes to read; of a listener the connections that wait. */
  unread: number;
  /** The peer has sent its end. */
  ended: boolean;
  /** We have sent ours. */
  shut: boolean;
  connected: boolean;
  /** so_error: what the socket has met. */
  error: number;
  /** Room for sends. */
  space: number;
}

export function simulatedFile(kind: SimulatedFile['kind'] = 'stream'): SimulatedFile {
  const base = { unread: 0, ended: false, shut: false, connected: true, error: 0 };
  return { kind, ...base, space: kind === 'stream' ? 32768 : 0 };
}

interface Knote {
  ident: number;
  filter: number;
  /** EV_CLEAR and EV_ONESHOT, as they were when it was added first. */
  flags: number;
  owner: bigint;
  active: boolean;
  /** Expirations, or signals, since it was last told of. */
  count: number;
}

export class SimulatedKqueue {
  readonly files = new Map<number, SimulatedFile>();
  /** Calls of kevent(). */
  calls = 0;
  private readonly knotes = new Map<string, Knote>();

  private static key(ident: number, filter: number): string {
    return `${filter} ${ident}`;
  }

  /** Filters that are there, as "filter ident". */
  get registered(): string[] {
    return [...this.knotes.keys()];
  }

  /** Something happened to this file: its filters look, or the one that it is about. */
  told(fd: number, filter?: number): void {
    for (const knote of this.knotes.values()) {
      if (knote.ident !== fd || knote.filter < EVFILT_WRITE) continue;
      if ((filter ?? knote.filter) === knote.filter && this.look(knote)) knote.active = true;
    }
  }

  /** A timer expired, a signal came. */
  count(ident: number, filter: number): void {
    const knote = this.knotes.get(SimulatedKqueue.key(ident, filter));
    if (!knote) return;
    knote.count++;
    knote.active = true;
  }

  /** close(2): the descriptor's filters go with it. */
  close(fd: number): void {
    this.files.delete(fd);
    for (const [key, knote] of this.knotes) {
      if (knote.ident === fd && knote.filter >= EVFILT_WRITE) this.knotes.delete(key);
    }
  }

  /**
   * Changes first, in order. One that fails, or wants a receipt, takes a place of the answer; where
   * there is none left, the call ends in the middle (a negative error number). With any such answer
   * no events come (kqueue_kevent() of FreeBSD, kevent_internal() of macOS).
   */
  kevent(changes: readonly Kevent[], room: number): Kevent[] | number {
    this.calls++;
    const receipts: Kevent[] = [];
    for (const change of changes) {
      const error = this.register(change);
      if (error === 0 && !(change.flags & EV_RECEIPT)) continue;
      if (receipts.length === room) return -error;
      receipts.push({ ...change, flags: EV_ERROR, data: error });
    }
    return receipts.length > 0 ? receipts : this.scan(room);
  }

  private register(change: Kevent): number {
    const { ident, filter, flags, owner } = change;
    const key = SimulatedKqueue.key(ident, filter);
    const known = this.knotes.get(key);
    if (flags & EV_DELETE) {
      if (!known) return ENOENT;
      this.knotes.delete(key);
      return 0;
    }
    if (filter >= EVFILT_WRITE && !this.files.has(ident)) return EBADF;
    if (known) {
      // The owner is taken over, EV_CLEAR is not.
      known.owner = owner;
    } else {
      const kept = flags & (EV_CLEAR | EV_ONESHOT);
      this.knotes.set(key, { ident, filter, flags: kept, owner, active: false, count: 0 });
    }
    const knote = this.knotes.get(key) as Knote;
    if (this.look(knote)) knote.active = true;
    return 0;
  }

  /** What the filter has to say now; undefined for nothing (filt_soread, filt_sowrite). */
  private look(knote: Knote): { flags: number; notes: number; data: number } | undefined {
    if (knote.filter < EVFILT_WRITE) {
      return knote.count > 0 ? { flags: 0, notes: 0, data: knote.count } : undefined;
    }
    const file = this.files.get(knote.ident);
    if (!file) return undefined;
    const { kind, unread, ended, shut, connected, error, space } = file;
    if (knote.filter === EVFILT_READ) {
      if (kind === 'listener') return unread > 0 ? { flags: 0, notes: 0, data: unread } : undefined;
      if (ended) return { flags: EV_EOF, notes: error, data: unread };
      return unread > 0 || error !== 0 ? { flags: 0, notes: 0, data: unread } : undefined;
    }
    // The side that has sent its end sees it on its own WRITE filter.
    if (shut || (ended && error !== 0)) return { flags: EV_EOF, notes: error, data: space };
    if (!connected) return undefined;
    return space >= 2048 || error !== 0 ? { flags: 0, notes: 0, data: space } : undefined;
  }

  private scan(room: number): Kevent[] {
    const events: Kevent[] = [];
    for (const [key, knote] of this.knotes) {
      if (events.length === room) break;
      if (!knote.active) continue;
      const found = this.look(knote);
      if (!found) {
        knote.active = false;
        continue;
      }
      const { ident, filter, flags, owner } = knote;
      events.push({ ident, filter, owner, ...found, flags: flags | found.flags });
      knote.count = 0;
      if (flags & EV_ONESHOT) this.knotes.delete(key);
      else if (flags & EV_CLEAR) knote.active = false;
    }
    return events;
  }
}
