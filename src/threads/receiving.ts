// The receive side of a thread's connection. Bytes are asked for while somebody waits for them, a
// window at a time; what nobody waits for stays in the kernel, and a wait that is given up takes
// its appetite with it.
import type { Connection } from '../reactor/connection';
import { copiedLease, type Lease } from '../reactor/lease';
import type { Tried } from '../reactor/reader';
import { ByteQueue } from './byte-queue';
import { Line, LineWait } from './line';
import type { Thread } from './thread';
import type { WaitKind } from './wait';

export const NETWORK: readonly WaitKind[] = ['network'];

export class Receiving {
  readonly line = new Line();
  readonly bytes = new ByteQueue();
  private readonly connection: Connection;
  private readonly window: number;
  /** Bytes that the core was asked for and did not bring yet. */
  private appetite: number;
  /** No more will come: the peer's end, ours, or an error. */
  over = false;
  /** What it failed with. */
  failure: Error | undefined;

  constructor(connection: Connection, window: number) {
    this.connection = connection;
    this.window = window;
    this.appetite = window;
    connection.read(window);
  }

  /** The bytes lie in the read arena: they are copied, unless somebody waits for just these. */
  arrived(bytes: Uint8Array): void {
    this.appetite = Math.max(0, this.appetite - bytes.length);
    const { first } = this.line;
    const leases = this.bytes.length === 0 && first instanceof ReadLeaseWait;
    const left = leases ? first.keep(bytes) : bytes;
    if (left.length > 0) this.bytes.push(Buffer.from(left));
    this.line.serve();
    this.want();
  }

  end(failure?: Error): void {
    this.failure ??= failure;
    this.over = true;
    this.line.serve();
  }

  /** Without waiting; asks for what has not come. */
  tryTake(target: Uint8Array): Tried {
    const { bytes, over, failure } = this;
    const waiting = target.length > 0 && bytes.length === 0;
    if (waiting && failure) throw failure;
    const taken = this.line.empty ? bytes.takeAll(target.length) : bytes.take(0);
    target.set(taken);
    if (waiting && !over) this.ask(target.length);
    return { n: taken.length, again: taken.length === 0 && target.length > 0 && !over };
  }

  /** Somebody waits: for so many bytes, with those that are here. */
  want(): void {
    const { first } = this.line;
    if (!(first instanceof ReceiveWait) || this.over) return;
    this.ask(first.needed - this.bytes.length);
  }

  /** Seldom: what is asked for lasts for several reads. */
  private ask(missing: number): void {
    if (this.appetite >= missing && this.appetite > this.window / 2) return;
    this.appetite = Math.max(missing, this.window);
    this.connection.read(this.appetite);
  }

  /** Nobody waits any more: what comes from now on stays where it is. */
  rest(): void {
    if (!this.line.empty || this.appetite === 0 || this.over) return;
    this.appetite = 0;
    this.connection.read(0);
  }
}

abstract class ReceiveWait<Value> extends LineWait<Value> {
  protected readonly side: Receiving;
  /** Bytes without which it cannot be done, unless it is the end. */
  readonly needed: number;

  constructor(thread: Thread, side: Receiving, needed: number) {
    super(thread);
    this.side = side;
    this.needed = needed;
  }

  get kinds(): readonly WaitKind[] {
    return NETWORK;
  }

  protected get line(): Line {
    return this.side.line;
  }

  override enlist(): void {
    super.enlist();
    this.side.want();
  }

  override withdraw(): void {
    super.withdraw();
    this.side.rest();
  }
}

/** What has come, at most so much; nothing at the end. */
export class ReadWait extends ReceiveWait<Buffer> {
  private readonly most: number;

  constructor(thread: Thread, side: Receiving, most: number) {
    super(thread, side, 1);
    this.most = most;
  }

  act(): boolean {
    const { bytes, over, failure } = this.side;
    if (bytes.length === 0 && !over) return false;
    if (bytes.length === 0 && failure) this.fail(failure);
    else this.fulfil(bytes.take(this.most));
    return true;
  }
}

/** So many bytes, or what there is before the end. */
export class ReadExactlyWait extends ReceiveWait<Buffer> {
  act(): boolean {
    const { bytes, over, failure } = this.side;
    if (bytes.length < this.needed && !over) return false;
    if (bytes.length < this.needed && failure) this.fail(failure);
    else this.fulfil(bytes.takeAll(this.needed));
    return true;
  }
}

/** The same where they lie, if they come while it waits; undefined at the end. */
export class ReadLeaseWait extends ReceiveWait<Lease | undefined> {
  private readonly most: number;

  constructor(thread: Thread, side: Receiving, most: number) {
    super(thread, side, 1);
    this.most = most;
  }

  act(): boolean {
    const { bytes, over, failure } = this.side;
    if (bytes.length > 0) this.give(copiedLease(bytes.take(this.most)));
    else if (!over) return false;
    else if (failure) this.fail(failure);
    else this.fulfil(undefined);
    return true;
  }

  /** Keeps what it is to have of these; answers the rest. All of them when no lease is left. */
  keep(bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, this.most);
    let lease: Lease;
    try {
      lease = this.thread.threads.reactor.lease(part);
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_CALANDRIA_LIMIT') return bytes;
      throw error;
    }
    this.line.leave(this);
    this.give(lease);
    return bytes.subarray(part.length);
  }

  private give(lease: Lease): void {
    this.thread.keep(lease);
    this.fulfil(lease);
  }
}

/** There is something to read, be it the end or an error. */
export class ReadableWait extends ReceiveWait<void> {
  act(): boolean {
    if (this.side.bytes.length === 0 && !this.side.over) return false;
    this.fulfil();
    return true;
  }
}
