// A connection as a Duplex of node:stream: for node:tls, for pipeline(), for whatever library wants
// a socket. A façade: all it keeps are the buffers that Node has for every stream.
//
//   Node's readable buffer is full: read(0), the kernel's buffers stop the peer
//   write() of the connection says false: the callback waits for `drain`, and the writer for that
import { Duplex } from 'node:stream';
import type { Lower } from '../protocols/protocol';
import { closedError } from '../reactor/calls';
import type { Connection } from '../reactor/connection';
import type { Reactor } from '../reactor/reactor';

export interface StreamOptions {
  /** Bytes that Node keeps in each direction before it asks to wait. Default: as of all streams. */
  readonly highWaterMark?: number;
  /** Our side stays open when the other one has ended. Default false, as of net.Socket. */
  readonly allowHalfOpen?: boolean;
}

type Done = (error?: Error | null) => void;

interface Waiting {
  readonly chunk: Uint8Array;
  /** Of the chunk, what was taken. */
  at: number;
  readonly done: Done;
}

/** Bytes that are written at a time. */
const PIECE_MAX = 64 << 10;
/** What found no room among the unsent bytes of all connections is tried again, ms. */
const TRY_AGAIN = 5;

export class ConnectionStream extends Duplex {
  private readonly reactor: Reactor;
  private readonly lower: Lower;
  private readonly piece: number;
  private isOpen = false;
  private paused = false;
  private waiting: Waiting | undefined;
  private finishing: Done | undefined;
  /** `drain` will come. */
  private full = false;
  private starved = false;
  private theirEnd = false;
  /** The connection is closed. */
  private over = false;
  private closing: (() => void) | undefined;

  /** Streams come from streamProtocol() and dialStream(). */
  constructor(reactor: Reactor, lower: Lower, options: StreamOptions) {
    const { allowHalfOpen = false, highWaterMark } = options;
    super({ allowHalfOpen, ...(highWaterMark === undefined ? {} : { highWaterMark }) });
    const { queueBytes, queueBytesTotal } = reactor.limits;
    this.reactor = reactor;
    this.lower = lower;
    this.piece = Math.min(PIECE_MAX, queueBytes, queueBytesTotal);
  }

  /** The connection below; its `data` is this stream's. */
  get connection(): Connection {
    const { lower } = this;
    return 'connection' in lower ? (lower.connection as Connection) : (lower as Connection);
  }

  setNoDelay(on = true): this {
    if (!this.over) this.connection.setNoDelay(on);
    return this;
  }

  setKeepAlive(on = true): this {
    if (!this.over) this.connection.setKeepAlive(on);
    return this;
  }

  ref(): this {
    this.connection.ref();
    return this;
  }

  unref(): this {
    this.connection.unref();
    return this;
  }

  // ── What Node asks for ──

  override _read(): void {
    if (!this.paused || this.over) return;
    this.paused = false;
    this.lower.read(Number.POSITIVE_INFINITY);
  }

  override _write(chunk: Uint8Array, _: BufferEncoding, done: Done): void {
    this.waiting = { chunk, at: 0, done };
    this.pump();
  }

  override _final(done: Done): void {
    this.finishing = done;
    if (this.isOpen) this.finish();
  }

  override _destroy(error: Error | null, done: Done): void {
    const { waiting, finishing } = this;
    this.waiting = undefined;
    this.finishing = undefined;
    waiting?.done(error ?? closedError());
    finishing?.(error ?? closedError());
    if (this.over) return done(error);
    this.closing = () => done(error);
    // What was written before the end still leaves; who gives up before it drops it.
    if (!error && this.writableFinished) this.lower.close();
    else this.lower.destroy();
  }

  /** Gives the connection what waits, as far as there is room; calls back when more is welcome. */
  private pump(): void {
    const { waiting } = this;
    if (!waiting || !this.isOpen) return;
    const { chunk, done } = waiting;
    try {
      while (waiting.at < chunk.length && !this.full && !this.starved) this.give(waiting);
    } catch (error) {
      this.waiting = undefined;
      return done(error as Error);
    }
    if (waiting.at < chunk.length || this.full) return;
    this.waiting = undefined;
    done();
  }

  private give(waiting: Waiting): void {
    const piece = waiting.chunk.subarray(waiting.at, waiting.at + this.piece);
    try {
      this.full = !this.lower.write(piece);
      waiting.at += piece.length;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_CALANDRIA_QUEUE_FULL') throw error;
      this.starved = true;
      this.reactor.setTimer(TRY_AGAIN, () => {
        this.starved = false;
        this.pump();
      });
    }
  }

  private finish(): void {
    const { finishing } = this;
    this.finishing = undefined;
    if (!finishing) return;
    try {
      this.lower.end();
    } catch (error) {
      return finishing(error as Error);
    }
    finishing();
  }

  // ── What the connection tells ──

  /** Internal. */
  opened(): void {
    this.isOpen = true;
    this.emit('connect');
    this.pump();
    this.finish();
  }

  /** Internal: the bytes are the turn's, and Node keeps what nobody reads at once. */
  arrived(bytes: Uint8Array | string): void {
    if (this.destroyed || this.push(Buffer.from(bytes as Uint8Array))) return;
    if (this.destroyed) return;
    this.paused = true;
    this.lower.read(0);
  }

  /** Internal. */
  drained(): void {
    this.full = false;
    this.pump();
  }

  /** Internal. */
  ended(): void {
    this.theirEnd = true;
    if (!this.destroyed) this.push(null);
  }

  /** Internal. */
  failed(error: Error): void {
    this.destroy(error);
  }

  /** Internal: the last that is heard. */
  gone(): void {
    this.over = true;
    if (this.closing) this.closing();
    // Behind their end somebody may not have read everything yet; then Node does it.
    else if (!this.theirEnd) this.destroy();
  }
}
