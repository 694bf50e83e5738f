// The other side of a connection, as a script has it: what it sent and was not read yet, and what
// it was told. Bytes, ends and resets come as a kernel brings them: what was sent can still be read
// when the end or the error is there.
import * as layout from '../../../assembly/layout';
import { type AcceptedSource, Source } from '../../host/node-source';
import type { Outgoing } from '../../host/outgoing';
import { writePeer } from '../../reactor/address';

const PEER = { address: '127.0.0.1', port: 49_152 };
const CLOSED_HERE = -32; // EPIPE

export class ScriptedStream extends Source implements AcceptedSource {
  readonly remote = PEER;
  override readonly opensAtOnce = true;
  /** Our end was sent; the connection was closed, with a reset. */
  endSeen = false;
  closeSeen = false;
  resetSeen = false;
  private sent: Uint8Array = new Uint8Array(0);
  private sentEnd = false;
  private readonly told: Buffer[] = [];
  /** Bytes that the peer has room for. */
  private room = Number.POSITIVE_INFINITY;
  private waitsForRoom = false;

  // ── What the script does ──

  feed(bytes: Uint8Array): void {
    this.sent = this.sent.length === 0 ? bytes : Buffer.concat([this.sent, bytes]);
    this.raise(layout.READY_IN);
  }

  end(): void {
    this.sentEnd = true;
    this.raise(layout.READY_IN | layout.READY_END);
  }

  reset(): void {
    this.failure = layout.ERROR_CONNECTION_RESET;
    this.raise(layout.READY_IN | layout.READY_ERROR);
  }

  /** From now on the peer takes so many bytes, and then no more until it is told again. */
  grant(bytes: number): void {
    this.room = bytes;
    this.waitsForRoom = false;
    this.raise(layout.READY_OUT);
  }

  /** A send found no room. */
  get full(): boolean {
    return this.waitsForRoom && !this.closed;
  }

  /** All that the peer was told so far. */
  get said(): Buffer {
    return Buffer.concat(this.told);
  }

  // ── What the core asks for ──

  get available(): number {
    return this.sent.length;
  }

  name(bytes: Uint8Array, at: number): void {
    writePeer(bytes, at, PEER.address, PEER.port);
  }

  status(): number {
    return 0;
  }

  start(): void {}

  override receive(target: Uint8Array, at: number, most: number): number {
    if (this.sent.length > 0) {
      const length = Math.min(most, this.sent.length);
      target.set(this.sent.subarray(0, length), at);
      this.sent = this.sent.subarray(length);
      return length;
    }
    if (this.failure !== 0) return -this.failure;
    return this.sentEnd ? 0 : -layout.ERROR_AGAIN;
  }

  override send(outgoing: Outgoing): number {
    if (this.failure !== 0) return -this.failure;
    if (this.endSeen) return CLOSED_HERE;
    const length = Math.min(this.room, outgoing.left);
    this.waitsForRoom = length < outgoing.left;
    if (length === 0) return -layout.ERROR_AGAIN;
    this.told.push(outgoing.copy(length));
    this.room -= length;
    return length;
  }

  override shutDown(): number {
    this.endSeen = true;
    return 0;
  }

  override setOption(): number {
    return 0;
  }

  close(reset: boolean): void {
    this.closed = true;
    this.closeSeen = true;
    this.resetSeen = reset;
  }
}

/** Where the other side dials. */
export class ScriptedListener extends Source {
  override readonly opensAtOnce = true;
  private waiting: ScriptedStream | undefined;

  dial(stream: ScriptedStream): void {
    this.waiting = stream;
    this.raise(layout.READY_IN);
  }

  get available(): number {
    return this.waiting ? 1 : 0;
  }

  name(bytes: Uint8Array, at: number): void {
    writePeer(bytes, at, PEER.address, 1);
  }

  status(): number {
    return 0;
  }

  override accept(): ScriptedStream | number {
    const { waiting } = this;
    this.waiting = undefined;
    return waiting ?? -layout.ERROR_AGAIN;
  }

  close(): void {
    this.closed = true;
  }
}
