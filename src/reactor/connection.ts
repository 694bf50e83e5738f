// A connection: a name for a record, made when a handler first needs it, and stable from then on.
import { types } from 'node:util';
import * as layout from '../../assembly/layout';
import { CalandriaError, typeError } from '../errors';
import { type Address, readPeer } from './address';
import type { Reactor } from './reactor';
import { ReceiveSide, SendSide } from './sides';

export class Connection {
  /** The program's own. */
  data: unknown = undefined;
  /**
   * Place of the record, and which of its owners this is. Together they name the connection in a
   * trace.
   */
  readonly record: number;
  readonly generation: number;
  private readonly reactor: Reactor;
  private receiveSide: ReceiveSide | undefined;
  private sendSide: SendSide | undefined;
  private finished = false;
  private lastPeer: Uint8Array | undefined;

  /** Connections come from a listener or from reactor.connect(). */
  constructor(reactor: Reactor, record: number, generation: number) {
    this.reactor = reactor;
    this.record = record;
    this.generation = generation;
  }

  /** The receive side of the record: what waits in the kernel. Reading it makes no call. */
  get rx(): ReceiveSide {
    this.receiveSide ??= this.reactor.side(ReceiveSide, this, this.finished);
    return this.receiveSide;
  }

  /** The send side of the record. */
  get tx(): SendSide {
    this.sendSide ??= this.reactor.side(SendSide, this, this.finished);
    return this.sendSide;
  }

  /** True once `close` was called, or is about to be: nothing more can be done with it. */
  get closed(): boolean {
    return this.finished;
  }

  /** The other end of an accepted connection; of a dialled one, its own name. */
  get peer(): Address {
    return readPeer(this.lastPeer ?? this.reactor.peerRecord(this.record), 0);
  }

  /**
   * Takes all bytes, and answers whether more are welcome now: false means wait for `drain`. Bytes
   * delivered in this turn are sent from where they lie; others are copied.
   * @throws ERR_CALANDRIA_QUEUE_FULL nothing was taken; ERR_CALANDRIA_STALE_BYTES a view of an
   * earlier turn; ERR_CALANDRIA_CLOSED the program ended or closed the connection.
   */
  write(bytes: Uint8Array | string): boolean {
    if (typeof bytes === 'string') return this.reactor.writeText(this, bytes);
    if (!types.isUint8Array(bytes)) throw typeError('bytes', 'a Uint8Array or a string', bytes);
    return this.reactor.writeBytes(this, bytes);
  }

  /** Takes as many bytes as fit the known send space; answers how many. */
  writeSome(bytes: Uint8Array): number {
    if (!types.isUint8Array(bytes)) throw typeError('bytes', 'a Uint8Array', bytes);
    const { space, queued } = this.tx;
    const room = (space === layout.UNKNOWN ? this.reactor.limits.queueHighWater : space) - queued;
    const length = Math.max(0, Math.min(room, bytes.length));
    if (length > 0) this.write(bytes.subarray(0, length));
    return length;
  }

  /**
   * Appetite: how many bytes are wanted from now on. Infinity (the start): all. 0 leaves them in
   * the kernel.
   */
  read(bytes: number): void {
    this.reactor.appetite(this.record, this.generation, bytes);
  }

  /** No more writes: what is queued goes out, then the peer sees the end. */
  end(bytes?: Uint8Array | string): void {
    if (bytes !== undefined) this.write(bytes);
    this.reactor.act('finish', this.record, this.generation);
  }

  /** No more reads either: what is queued goes out, then the connection is closed. */
  close(): void {
    this.reactor.act('close', this.record, this.generation);
  }

  /** Closes now; what is queued is dropped. */
  destroy(): void {
    this.reactor.act('destroy', this.record, this.generation);
  }

  /**
   * Asks the kernel for both sides' figures; the record has them in the next turn, and `change`
   * says so.
   */
  sample(): void {
    this.reactor.act('sample', this.record, this.generation);
  }

  setNoDelay(on = true): void {
    this.reactor.setOption(this, layout.SOCKET_NO_DELAY, on);
  }

  setKeepAlive(on = true): void {
    this.reactor.setOption(this, layout.SOCKET_KEEP_ALIVE, on);
  }

  /** Lets the process exit although this connection is open. */
  unref(): this {
    this.reactor.reference(this, false);
    return this;
  }

  ref(): this {
    this.reactor.reference(this, true);
    return this;
  }

  /** Internal: the record is about to be freed. */
  finish(): void {
    this.finished = true;
    this.receiveSide?.freeze();
    this.sendSide?.freeze();
    this.lastPeer = this.reactor.peerRecord(this.record).slice();
  }
}

/** What a refused write means to the program. */
export function writeError(result: number, length: number, limit: number): CalandriaError {
  switch (result) {
    case layout.CALL_QUEUE_FULL:
      return new CalandriaError(
        'ERR_CALANDRIA_QUEUE_FULL',
        `${length} bytes do not fit the connection's queue of ${limit} (limits.queueBytes); nothing was taken.` +
          ' Stop when write() answers false and go on at `drain`.',
      );
    case layout.CALL_TOTAL_FULL:
      return new CalandriaError(
        'ERR_CALANDRIA_QUEUE_FULL',
        `${length} bytes do not fit what all connections may hold unsent (limits.queueBytesTotal); nothing was taken.`,
      );
    case layout.CALL_STALE_BYTES:
      return new CalandriaError(
        'ERR_CALANDRIA_STALE_BYTES',
        'These bytes were delivered in an earlier turn and may be overwritten; copy what must outlive its turn.',
      );
    default:
      return new CalandriaError(
        'ERR_CALANDRIA_CLOSED',
        'The connection was ended or closed; nothing was taken.',
      );
  }
}
