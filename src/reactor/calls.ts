// Calls: how connections, listeners and timers reach the core. In a turn a call belongs to it; from
// outside it wakes the reactor, which never sleeps on work.
import * as layout from '../../assembly/layout';
import type { Core } from '../core/core';
import { type ReactorMemory, STREAM_MARGIN, word } from '../core/memory';
import { CalandriaError, typeError } from '../errors';
import type { Host } from '../host/host';
import type { Ring } from '../inbox/ring';
import { Aborts } from './aborts';
import { Hold } from './hold';
import { Operations } from './operations';
import { triggerBit } from './triggers';

/** What names a record's owner. */
export interface Owner {
  readonly record: number;
  readonly generation: number;
}

/** One number for a place (fewer than 2^22 of them) and which of its owners is meant. */
export function ownerKey(place: number, generation: number): number {
  return generation * 2 ** 22 + place;
}

export class Calls {
  readonly memory: ReactorMemory;
  readonly core: Core;
  readonly hold: Hold;
  readonly aborts = new Aborts();
  readonly operations: Operations = new Operations(this);
  /** Handlers (and the ticks and microtasks they queued) are running. */
  turning = false;
  /** The host is closed: nothing can be asked for any more. */
  closed = false;
  private readonly host: Host;
  private readonly text: Buffer;
  private readonly streamMax: number;
  private shares = 0;

  constructor(memory: ReactorMemory, core: Core, host: Host) {
    this.memory = memory;
    this.core = core;
    this.host = host;
    this.hold = new Hold(memory, host);
    this.text = Buffer.from(memory.buffer);
    this.streamMax = word(memory, layout.CALLS_SIZE_MAX) - STREAM_MARGIN;
  }

  /** Before each call: one more must fit the stream in which they are recorded. */
  private makeRoom(): void {
    if (word(this.memory, layout.CALLS_LENGTH) > this.streamMax) this.host.spill?.();
  }

  private wake(): void {
    if (this.closed) return;
    this.hold.update();
    this.host.wake();
  }

  /** Any call to the core; answers its result. */
  make(call: (core: Core) => number): number {
    this.makeRoom();
    const result = call(this.core);
    if (!this.turning) this.wake();
    return result;
  }

  /** A call that means nothing once the reactor is closed. Stale names do nothing. */
  act(name: 'finish' | 'close' | 'destroy' | 'sample' | 'thrown' | 'enable', owner: Owner): void {
    if (!this.closed) this.make((core) => core[name](owner.record, owner.generation));
  }

  /**
   * What ran for this record threw: its connection is destroyed, the turn's other deliveries run,
   * and the error is not swallowed.
   */
  fail(error: unknown, owner: Owner): void {
    this.act('thrown', owner);
    this.rethrow(error);
  }

  rethrow(error: unknown): void {
    if (this.host.thrown) this.host.thrown(error);
    else {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  appetite(owner: Owner, amount: number): void {
    const unlimited = amount === Number.POSITIVE_INFINITY;
    if (!unlimited && !(Number.isInteger(amount) && amount >= 0 && amount < 2 ** 31)) {
      throw typeError('the appetite', 'Infinity or a whole number from 0 to 2147483647', amount);
    }
    if (this.closed) return;
    const wanted = unlimited ? layout.APPETITE_UNLIMITED : amount;
    this.make((core) => core.read(owner.record, owner.generation, wanted));
  }

  setOption(owner: Owner, name: number, value: number): void {
    if (this.closed) return;
    this.make((core) => core.option(owner.record, owner.generation, name, value));
  }

  setTrigger(owner: Owner, trigger: unknown): void {
    const bit = triggerBit(trigger);
    if (this.closed) return;
    this.make((core) => core.trigger(owner.record, owner.generation, bit));
  }

  reference(target: object, on: boolean): void {
    this.hold.reference(target, on);
    if (!this.turning && !this.closed) this.hold.update();
  }

  /** A connection, listener, timer or the reactor itself is over. */
  forget(target: object): void {
    this.hold.forget(target);
    this.aborts.forget(target);
  }

  /** Puts text where the core takes names from. */
  name(text: string): { address: number; length: number } {
    const length = Buffer.byteLength(text);
    const address = this.core.reserve(length);
    // As many bytes as units: ASCII, which needs no encoder.
    this.text.write(text, address, length, length === text.length ? 'latin1' : 'utf8');
    return { address, length };
  }

  /** Bytes where the core takes them from, or at 0 when there are none. */
  place(bytes: Uint8Array): { address: number; length: number } {
    const { length } = bytes;
    const address = this.core.reserve(length);
    this.memory.bytes.set(bytes, address);
    return { address, length };
  }

  /** Room for the bytes of the call that follows. */
  reserve(length: number): number {
    this.makeRoom();
    return this.core.reserve(length);
  }

  /** Datagrams that lie where reserve() said; a CALL_ result. */
  sendTo({ record, generation }: Owner, address: number, length: number): number {
    if (this.closed) return layout.CALL_CLOSED;
    const result = this.core.sendTo(record, generation, address, length);
    if (!this.turning) this.wake();
    return result;
  }

  /** Opens a source of this kind; the record, or a negative CALL_ result. */
  open(
    kind: number,
    name: string,
    argument: number,
    value: number,
    wants: number,
    handlers: number = layout.NONE,
  ): number {
    return this.make((core) => {
      const { address, length } = this.name(name);
      return core.openSource(kind, address, length, argument, value, handlers, wants);
    });
  }

  /** Asks for an operation; its place in the table, or a negative CALL_ result. */
  operate(
    { record, generation }: Owner,
    task: number,
    offset: number,
    address: number,
    length: number,
  ): number {
    if (this.closed) return layout.CALL_CLOSED;
    this.makeRoom();
    const low = (offset % 2 ** 32) | 0;
    const high = Math.floor(offset / 2 ** 32);
    const result = this.core.operate(record, generation, task, low, high, address, length);
    if (!this.turning) this.wake();
    return result;
  }

  /** Hands the ring of an inbox to the host; the id that opens it. */
  share(ring: Ring): number {
    const id = ++this.shares;
    this.host.share?.(id, ring);
    return id;
  }

  unshare(id: number): void {
    if (!this.closed) this.host.unshare?.(id);
  }

  // ── Writes ──

  /** The path of every echoed message: bytes of the arena are sent from where they lie. */
  writeBytes(owner: Owner, bytes: Uint8Array): boolean {
    if (bytes.buffer !== this.memory.buffer) return this.writeCopy(owner, bytes);
    const { length } = bytes;
    this.makeRoom();
    return this.written(this.write(owner, bytes.byteOffset, length, length), length);
  }

  writeText(owner: Owner, text: string): boolean {
    // A UTF-16 unit needs three bytes at the most.
    if (text.length * 3 > layout.WRITE_CHUNK) return this.writeCopy(owner, Buffer.from(text));
    this.makeRoom();
    // The exact length: a replay has to ask for the same room.
    const { address, length } = this.name(text);
    return this.written(this.write(owner, address, length, length), length);
  }

  private writeCopy(owner: Owner, bytes: Uint8Array): boolean {
    let result: number = layout.CALL_TAKEN;
    let from = 0;
    do {
      this.makeRoom();
      const length = Math.min(layout.WRITE_CHUNK, bytes.length - from);
      const address = this.core.reserve(length);
      const whole = length === bytes.length;
      this.memory.bytes.set(whole ? bytes : bytes.subarray(from, from + length), address);
      result = this.write(owner, address, length, bytes.length - from);
      from += length;
    } while (from < bytes.length && result >= 0);
    return this.written(result, bytes.length);
  }

  private write({ record, generation }: Owner, at: number, length: number, total: number): number {
    return this.core.write(record, generation, at, length, total);
  }

  private written(result: number, length: number): boolean {
    if (result < 0 || this.closed) throw writeError(result, length, this.memory.limits.queueBytes);
    if (!this.turning) this.wake();
    return result === layout.CALL_TAKEN;
  }
}

/** What a refused write means to the program. */
function writeError(result: number, length: number, limit: number): CalandriaError {
  switch (result) {
    case layout.CALL_QUEUE_FULL:
      return new CalandriaError(
        'ERR_CALANDRIA_QUEUE_FULL',
        `${length} bytes do not fit the connection's queue of ${limit} (limits.queueBytes);` +
          ' nothing was taken. Stop when write() answers false and go on at `drain`.',
      );
    case layout.CALL_TOTAL_FULL:
      return new CalandriaError(
        'ERR_CALANDRIA_QUEUE_FULL',
        `${length} bytes do not fit what all connections may hold unsent` +
          ' (limits.queueBytesTotal); nothing was taken.',
      );
    case layout.CALL_STALE_BYTES:
      return new CalandriaError(
        'ERR_CALANDRIA_STALE_BYTES',
        'These bytes were delivered in an earlier turn and may be overwritten;' +
          ' copy what must outlive its turn.',
      );
    default:
      return closedError();
  }
}

export function closedError(): CalandriaError {
  return new CalandriaError(
    'ERR_CALANDRIA_CLOSED',
    'The connection was ended or closed; nothing was taken.',
  );
}
