// A connection of the node host: a paused node:net socket behaves like a non-blocking descriptor.
//
// Back-pressure is end to end: bytes wait here up to HELD_MAX and in the socket up to its
// high-water mark, then node:net stops reading and the kernel's window closes. Sends are taken up
// to the high-water mark.
import type { Socket } from 'node:net';
import * as layout from '../../assembly/layout';
import { errorNumber } from '../errors';
import { writePeer } from '../reactor/address';
import { numberOf, Source } from './node-source';
import type { Outgoing } from './outgoing';
import { Slab } from './slab';

/** node:net's own mark is 16 KiB in some versions, and so is then every write. */
export const HIGH_WATER = 65536;
const HELD_MAX = 65536;
/**
 * Milliseconds that a closed connection may take to pass on the bytes it still has, without any
 * progress.
 */
const LINGER = 30_000;
/** Of all connections of this thread: no write happens within another. */
const slab = new Slab();
const BROKEN_PIPE = -errorNumber('EPIPE');

export class Stream extends Source {
  readonly remote: { address: string; port: number };
  private readonly socket: Socket;
  private readonly chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that were received already. */
  private offset = 0;
  private held = 0;
  private ended = false;

  constructor(socket: Socket, report: (source: Source) => void) {
    super(report);
    this.socket = socket;
    // Asked now: a peer that has gone by the time it is accepted has no name any more.
    this.remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    // Whether the process goes on is the reactor's decision (NodeHost.hold).
    socket.unref();
    socket.on('error', (error) => this.fail(error));
    socket.on('connect', () => this.raise(layout.READY_OUT));
    socket.on('drain', () => this.raise(layout.READY_OUT));
    socket.on('end', () => this.end());
  }

  protected end(): void {
    this.ended = true;
    this.raise(layout.READY_IN | layout.READY_END);
  }

  /** Begins to read: until it is accepted, a connection's bytes stay in the kernel. */
  start(): void {
    this.socket.on('readable', () => {
      this.fill();
      this.raise(layout.READY_IN);
    });
  }

  get available(): number {
    return this.held + this.socket.readableLength;
  }

  override get space(): number {
    return Math.max(0, this.socket.writableHighWaterMark - this.socket.writableLength);
  }

  name(bytes: Uint8Array, at: number): void {
    writePeer(bytes, at, this.socket.localAddress ?? '', this.socket.localPort ?? 0);
  }

  status(): number {
    if (this.failure !== 0) return -this.failure;
    return this.socket.connecting ? -layout.ERROR_IN_PROGRESS : 0;
  }

  /**
   * Takes bytes out of the socket; true when there were any. The read that finds the end emits
   * `end`.
   */
  private fill(): boolean {
    const before = this.held;
    while (this.closed || this.held < HELD_MAX) {
      const chunk = this.socket.read() as Buffer | null;
      if (chunk === null) break;
      if (this.closed) continue;
      this.chunks.push(chunk);
      this.held += chunk.length;
    }
    return this.held > before;
  }

  /** As recv(2): at most `most` bytes to `target` at `at`; fewer only when no more are there. */
  override receive(target: Uint8Array, at: number, most: number): number {
    let taken = 0;
    while (taken < most && (this.held > 0 || this.fill())) {
      const first = this.chunks[0] as Uint8Array;
      const length = Math.min(first.length - this.offset, most - taken);
      target.set(first.subarray(this.offset, this.offset + length), at + taken);
      taken += length;
      this.held -= length;
      this.offset += length;
      if (this.offset === first.length) {
        this.chunks.shift();
        this.offset = 0;
      }
    }
    if (taken > 0) {
      this.fill();
      return taken;
    }
    if (this.failure !== 0) return -this.failure;
    return this.ended ? 0 : -layout.ERROR_AGAIN;
  }

  /** As send(2). What does not fit waits for `drain`, which follows because write() said false. */
  override send(outgoing: Outgoing): number {
    let sent = 0;
    for (;;) {
      if (this.failure !== 0) return -this.failure;
      if (this.socket.errored) return -numberOf(this.socket.errored);
      if (this.socket.destroyed || this.socket.writableEnded) return BROKEN_PIPE;
      // A write that the kernel took at once leaves the room as it was: go on.
      const room = Math.min(this.space, outgoing.left);
      if (room === 0) return sent > 0 ? sent : -layout.ERROR_AGAIN;
      this.socket.write(outgoing.copy(room, slab.take(room)));
      // What is not with the kernel now is still in the socket, or with libuv.
      if (this.socket.writableLength > 0) slab.keep(room);
      sent += room;
    }
  }

  override shutDown(): number {
    this.socket.end();
    return 0;
  }

  override setOption(name: number, value: number): number {
    if (name === layout.SOCKET_NO_DELAY) this.socket.setNoDelay(value !== 0);
    else if (name === layout.SOCKET_KEEP_ALIVE) this.socket.setKeepAlive(value !== 0);
    else return -errorNumber('EINVAL');
    return 0;
  }

  /** Bytes that send() took still reach the peer, as with a descriptor; what arrives is dropped. */
  close(reset: boolean): void {
    this.closed = true;
    this.chunks.length = 0;
    this.held = 0;
    const { socket } = this;
    if (reset && this.remote.address !== '') {
      socket.resetAndDestroy();
    } else if (socket.destroyed || socket.writableLength === 0) {
      socket.destroy();
    } else {
      socket.ref();
      socket.once('finish', () => socket.destroy());
      socket.setTimeout(LINGER, () => socket.destroy());
      socket.end();
      this.fill();
    }
  }
}
