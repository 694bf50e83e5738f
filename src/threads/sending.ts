// The send side of a thread's connection: who writes waits for room.
import type { Limits } from '../core/limits';
import { closedError } from '../reactor/calls';
import type { Connection } from '../reactor/connection';
import type { Reactor } from '../reactor/reactor';
import type { Sent } from '../reactor/send-file';
import { Line, LineWait } from './line';
import { NETWORK } from './receiving';
import type { Thread } from './thread';
import { type WaitKind, WaitState } from './wait';

/** When all connections together hold as much as they may, it is tried again after so long, ms. */
const TRY_AGAIN = 5;

export class Sending {
  readonly line = new Line();
  readonly connection: Connection;
  /** What it failed with. */
  failure: Error | undefined;
  private readonly reactor: Reactor;
  private readonly limits: Limits;
  /** The connection's queue is full enough: `drain` will come. */
  private full = false;
  /** All connections together hold as much as they may. */
  private starved = false;
  private closing = false;

  constructor(connection: Connection, reactor: Reactor) {
    this.connection = connection;
    this.reactor = reactor;
    this.limits = reactor.limits;
  }

  get hasRoom(): boolean {
    return !this.full && !this.starved;
  }

  /** Bytes that a queue with room takes at once. */
  get roomLeast(): number {
    const { queueBytes, queueHighWater } = this.limits;
    return Math.max(0, queueBytes - queueHighWater);
  }

  /** Takes what fits of these bytes from `at` on; answers where the rest begins. */
  take(bytes: Uint8Array, at: number): number {
    const rest = bytes.length - at;
    const room = rest <= this.roomLeast ? rest : this.limits.queueBytes - this.connection.tx.queued;
    const piece = at === 0 && rest <= room ? bytes : bytes.subarray(at, at + Math.min(rest, room));
    return this.write(piece) ? at + piece.length : at;
  }

  /** False: nothing was taken. What fits the connection's queue may not fit that of all. */
  write(piece: Uint8Array | string): boolean {
    try {
      this.full = !this.connection.write(piece);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_CALANDRIA_QUEUE_FULL') throw error;
      this.starved = true;
      this.reactor.setTimer(TRY_AGAIN, () => {
        this.starved = false;
        this.serve();
      });
      return false;
    }
  }

  drained(): void {
    this.full = false;
    this.serve();
  }

  /** Nothing can be written any more. */
  end(failure: Error = closedError()): void {
    this.failure ??= failure;
    this.serve();
  }

  /** Closes the connection behind those who wait for room. */
  close(): void {
    if (this.line.empty) this.connection.close();
    else this.closing = true;
  }

  private serve(): void {
    this.line.serve();
    if (this.closing && this.line.empty) this.connection.close();
  }
}

abstract class SendSideWait<Value> extends LineWait<Value> {
  protected readonly side: Sending;

  constructor(thread: Thread, side: Sending) {
    super(thread);
    this.side = side;
  }

  get kinds(): readonly WaitKind[] {
    return NETWORK;
  }

  protected get line(): Line {
    return this.side.line;
  }
}

/**
 * All of the bytes were taken, also when its thread did not wait for that. More than the queue
 * holds go in parts.
 */
export class WriteWait extends SendSideWait<void> {
  private bytes: Uint8Array | string;
  private at = 0;
  private readonly last: boolean;

  /** `last`: and then the end. */
  constructor(thread: Thread, side: Sending, bytes: Uint8Array | string, last: boolean) {
    super(thread, side);
    this.bytes = bytes;
    this.last = last;
  }

  override get outlives(): boolean {
    return true;
  }

  act(): boolean {
    const { side } = this;
    if (side.failure) this.fail(side.failure);
    else if (!side.hasRoom) return false;
    else return this.go();
    return true;
  }

  private go(): boolean {
    try {
      if (!this.taken()) return false;
      if (this.last) this.side.connection.end();
      this.fulfil();
    } catch (error) {
      this.fail(error);
    }
    return true;
  }

  private taken(): boolean {
    const { side } = this;
    if (this.bytes.length === 0) return true;
    if (typeof this.bytes === 'string') {
      // A UTF-16 unit needs three bytes at the most.
      if (this.bytes.length * 3 <= side.roomLeast) return side.write(this.bytes);
      this.bytes = Buffer.from(this.bytes);
    }
    while (side.hasRoom && this.at < this.bytes.length) this.at = side.take(this.bytes, this.at);
    return this.at === this.bytes.length;
  }
}

/** There is room, or nothing can be written any more. */
export class WritableWait extends SendSideWait<void> {
  act(): boolean {
    if (!this.side.failure && !this.side.hasRoom) return false;
    this.fulfil();
    return true;
  }
}

/** A range of a file went behind what was written. Once begun it cannot be given up. */
export class SendFileWait extends SendSideWait<Sent> {
  private readonly send: () => Promise<Sent>;
  private begun = false;

  constructor(thread: Thread, side: Sending, send: () => Promise<Sent>) {
    super(thread, side);
    this.send = send;
  }

  override get outlives(): boolean {
    return true;
  }

  act(): boolean {
    const { side } = this;
    if (!side.failure && !side.hasRoom) return false;
    this.begun = true;
    this.send().then(
      (sent) => this.fulfil(sent),
      (error) => this.fail(error),
    );
    return true;
  }

  /** Begun, it does not stand in line, but it is not over either. */
  override attempt(): boolean {
    if (!super.attempt()) return false;
    return this.state === WaitState.Over;
  }

  override enlist(): void {
    if (!this.begun) super.enlist();
  }
}
