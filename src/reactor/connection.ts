// A connection: a name for a record, made when a handler first needs it, and stable from then on.
import { types } from 'node:util';
import * as layout from '../../assembly/layout';
import { typeError } from '../errors';
import { type Address, peerRecord, readPeer } from './address';
import { checkFlag } from './arguments';
import type { Calls } from './calls';
import type { File } from './file';
import { type Policy, policyValue } from './policy';
import { Reader, type Tried } from './reader';
import { type SendFileOptions, type Sent, sendFile } from './send-file';
import { ReceiveSide, SendSide, sideOf } from './sides';
import type { Trigger } from './triggers';

export class Connection {
  /** The program's own. */
  data: unknown = undefined;
  /**
   * Place of the record, and which of its owners this is. Together they name the connection in a
   * trace.
   */
  readonly record: number;
  readonly generation: number;
  private readonly calls: Calls;
  private receiveSide: ReceiveSide | undefined;
  private sendSide: SendSide | undefined;
  private finished = false;
  private lastPeer: Uint8Array | undefined;
  /** Internal: who reads without a handler. */
  reader: Reader | undefined;

  /** Connections come from a listener or from reactor.connect(). */
  constructor(calls: Calls, record: number, generation: number) {
    this.calls = calls;
    this.record = record;
    this.generation = generation;
  }

  /** The receive side of the record: what waits in the kernel. Reading it makes no call. */
  get rx(): ReceiveSide {
    this.receiveSide ??= sideOf(ReceiveSide, this.calls.memory, this);
    return this.receiveSide;
  }

  /** The send side of the record. */
  get tx(): SendSide {
    this.sendSide ??= sideOf(SendSide, this.calls.memory, this);
    return this.sendSide;
  }

  /** True once `close` was called, or is about to be: nothing more can be done with it. */
  get closed(): boolean {
    return this.finished;
  }

  /** The other end of an accepted connection; of a dialled one, its own name. */
  get peer(): Address {
    return readPeer(this.lastPeer ?? peerRecord(this.calls.memory, this.record), 0);
  }

  /**
   * Takes all bytes, and answers whether more are welcome now: false means wait for `drain`. Bytes
   * delivered in this turn are sent from where they lie; others are copied.
   * @throws ERR_CALANDRIA_QUEUE_FULL nothing was taken; ERR_CALANDRIA_STALE_BYTES a view of an
   * earlier turn; ERR_CALANDRIA_CLOSED the program ended or closed the connection.
   */
  write(bytes: Uint8Array | string): boolean {
    if (typeof bytes === 'string') return this.calls.writeText(this, bytes);
    if (!types.isUint8Array(bytes)) throw typeError('bytes', 'a Uint8Array or a string', bytes);
    return this.calls.writeBytes(this, bytes);
  }

  /**
   * Sends `length` bytes of a file from `offset` on, behind what was written before and in front of
   * what is written later; bytes and file leave together. Resolves when the last of them is with
   * the kernel (or with what node:net keeps). A file that ends early (ENODATA) or cannot be read
   * rejects the promise and ends the connection with that error.
   * @throws ERR_CALANDRIA_CLOSED the program ended or closed the connection, or the file is closed;
   * ERR_CALANDRIA_LIMIT too many operations.
   */
  sendFile(
    file: File,
    offset: number,
    length: number,
    options: SendFileOptions = {},
  ): Promise<Sent> {
    return sendFile(this.calls, this, file, offset, length, options);
  }

  /** Takes as many bytes as fit the known send space and the queue's limits; answers how many. */
  writeSome(bytes: Uint8Array): number {
    if (!types.isUint8Array(bytes)) throw typeError('bytes', 'a Uint8Array', bytes);
    const { space, queued } = this.tx;
    const { queueBytes, queueHighWater } = this.calls.memory.limits;
    const fits = Math.min(space === layout.UNKNOWN ? queueHighWater : space, queueBytes) - queued;
    const length = Math.max(0, Math.min(fits, bytes.length));
    if (length === 0) return 0;
    try {
      this.write(bytes.subarray(0, length));
    } catch (error) {
      // What all connections may hold together is used up: nothing fits just now.
      if ((error as { code?: string }).code === 'ERR_CALANDRIA_QUEUE_FULL') return 0;
      throw error;
    }
    return length;
  }

  /**
   * Appetite: how many bytes are wanted from now on. Infinity (the start): all. 0 leaves them in
   * the kernel.
   */
  read(bytes: number): void {
    this.calls.appetite(this, bytes);
  }

  /** What comes from now on, in copies. Leaving the loop closes the connection. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array, undefined> {
    return this.reading().iterate();
  }

  /**
   * So many bytes, or fewer when the end comes first; what nobody asked for stays in the kernel.
   * Rejects when the connection fails before they are there.
   */
  receive(length: number): Promise<Uint8Array> {
    if (!Number.isInteger(length) || length < 0 || length >= 2 ** 31) {
      throw typeError('length', 'a whole number from 0 to 2147483647', length);
    }
    return this.reading().receive(length);
  }

  /**
   * Puts bytes that have come into `target`, and never waits: `n` is 0 and `again` true when there
   * are none yet, `again` false at the end. So many bytes are asked for as `target` holds;
   * readable() says when to try again.
   * @throws the error that the connection failed with.
   */
  tryRead(target: Uint8Array): Tried {
    if (!types.isUint8Array(target)) throw typeError('target', 'a Uint8Array', target);
    return this.reading().tryTake(target);
  }

  /** Settles when tryRead() has something to bring: bytes, the end, or the error. */
  readable(): Promise<void> {
    return this.reading().readable();
  }

  /** As writeSome(); `again` says that not all was taken. */
  tryWrite(bytes: Uint8Array): Tried {
    const n = this.writeSome(bytes);
    return { n, again: n < bytes.length };
  }

  private reading(): Reader {
    this.reader ??= new Reader(this);
    if (this.finished) this.reader.finish();
    return this.reader;
  }

  /** No more writes: what is queued goes out, then the peer sees the end. */
  end(bytes?: Uint8Array | string): void {
    if (bytes !== undefined) this.write(bytes);
    this.calls.act('finish', this);
  }

  /** No more reads either: what is queued goes out, then the connection is closed. */
  close(): void {
    this.calls.act('close', this);
  }

  /** Closes now; what is queued is dropped. */
  destroy(): void {
    this.calls.act('destroy', this);
  }

  /**
   * Closes now, and the peer sees a reset: a failure, where the end could be taken for the end of
   * what there was to say. What is queued, here and in the kernel, is dropped. What cannot be reset
   * (local sockets, pipes) is destroyed.
   */
  reset(): void {
    this.calls.setOption(this, layout.SOCKET_RESET, 1);
    this.destroy();
  }

  /**
   * Asks the kernel for both sides' figures; the record has them in the next turn, and `change`
   * says so.
   */
  sample(): void {
    this.calls.act('sample', this);
  }

  /** How `change` is repeated from now on; a one-shot or dispatch trigger is armed again by it. */
  setTrigger(trigger: Trigger): void {
    this.calls.setTrigger(this, trigger);
  }

  /** With the trigger 'dispatch': `change` may tell again; if something waits, at once. */
  enable(): void {
    this.calls.act('enable', this);
  }

  /** When small segments leave, from now on. */
  setPolicy(policy: Policy): void {
    this.calls.setOption(this, layout.SOCKET_NO_DELAY, policyValue(policy));
  }

  setNoDelay(on = true): void {
    checkFlag('on', on);
    this.calls.setOption(this, layout.SOCKET_NO_DELAY, on ? 1 : 0);
  }

  setKeepAlive(on = true): void {
    checkFlag('on', on);
    this.calls.setOption(this, layout.SOCKET_KEEP_ALIVE, on ? 1 : 0);
  }

  /** Lets the process exit although this connection is open. */
  unref(): this {
    if (!this.finished) this.calls.reference(this, false);
    return this;
  }

  ref(): this {
    if (!this.finished) this.calls.reference(this, true);
    return this;
  }

  /** Internal: what runs for this connection outside of its handlers threw. */
  threw(error: unknown): void {
    this.calls.fail(error, this);
  }

  /** Internal: the record is about to be freed. */
  finish(): void {
    this.finished = true;
    this.receiveSide?.freeze();
    this.sendSide?.freeze();
    this.lastPeer = peerRecord(this.calls.memory, this.record).slice();
    this.reader?.finish();
  }
}
