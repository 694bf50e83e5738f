// A link: the place of one layer in a pipeline, for one connection. Downwards it is used like a
// connection; upwards it hands on what the layer makes of what it hears.
//
//   the layer above       ▲ deliver, opened, drained, ended        │ write, end, read, close
//   this layer            │                                        ▼
//   the layer below       ▲ data, open, drain, end, error, close   │ write, finish
//
// A layer that wants no more for now (appetite 0) is not called with messages: they are held here,
// in order, and what comes behind them (the end, an error) waits for them.
import { types } from 'node:util';
import { CalandriaError, typeError } from '../errors';
import type { Address } from '../reactor/address';
import type { Connection } from '../reactor/connection';
import type { Chain } from './chain';
import type { Layer, Lower } from './protocol';

export class Link<Reply = unknown, Message = unknown> implements Lower<Reply> {
  data: unknown = undefined;
  private readonly chain: Chain;
  private readonly layer: Layer;
  private readonly below: Link | undefined;
  private above: Link | undefined;
  private appetite = Number.POSITIVE_INFINITY;
  private held: unknown[] = [];
  /** Of the held ones, those that were taken. */
  private taken = 0;
  private isOpen = false;
  private hasEnded = false;
  private hasFailed = false;
  /** The end came, and waits behind what is held. */
  private endWaits = false;
  /** The layer below was told to wait with more. */
  private stalled = false;

  /** Links come from a pipeline. */
  constructor(chain: Chain, layer: Layer, below: Link | undefined) {
    this.chain = chain;
    this.layer = layer;
    this.below = below;
    if (below) below.above = this as Link;
  }

  // ── Downwards ──

  /** The connection under all of the layers. */
  get connection(): Connection {
    const { lower } = this.chain;
    return lower instanceof Link ? lower.connection : (lower as unknown as Connection);
  }

  get peer(): Address {
    return this.chain.lower.peer;
  }

  /** `close` was called, or is about to be. */
  get closed(): boolean {
    return this.chain.lower.closed;
  }

  /** As write() of a connection: takes it whole or throws, and false means wait for `drain`. */
  write(reply: Reply): boolean {
    const { below, chain } = this;
    if (!below) return chain.lower.write(reply as never);
    return below.layer.write ? below.layer.write(below, reply) : below.write(reply);
  }

  /** No more writes. */
  end(reply?: Reply): void {
    if (reply !== undefined) this.write(reply);
    const { below, chain } = this;
    if (!below) chain.end();
    else if (below.layer.finish) below.layer.finish(below);
    else below.end();
  }

  /**
   * Appetite: how many messages are wanted from now on; Infinity (the start) for all, 0 for none.
   * While one layer wants none, nothing is read from the connection.
   */
  read(messages: number): void {
    const counted = Number.isInteger(messages) && messages >= 0;
    if (!counted && messages !== Number.POSITIVE_INFINITY) {
      throw typeError('the appetite', 'Infinity or a whole number from 0', messages);
    }
    this.appetite = messages;
    this.chain.regulate();
  }

  /** Nothing more goes up; what is queued goes out, then the connection is closed. */
  close(): void {
    this.chain.stop();
    this.chain.lower.close();
  }

  /** Closes the connection now. */
  destroy(): void {
    this.chain.stop();
    this.chain.lower.destroy();
  }

  /** Internal. */
  threw(error: unknown): void {
    this.chain.threw(error);
  }

  // ── Upwards ──

  /**
   * Gives the layer above a message. False: it wants no more for now (what is given nevertheless is
   * held for it: bytes are copied, anything else must not lie in bytes of this turn), or nothing
   * goes up any more.
   */
  deliver(message: Message): boolean {
    return this.next.receive(message);
  }

  /** The layer above may begin; without it, it begins with the first message. */
  opened(): void {
    this.next.open();
  }

  /** The layer above may write again. */
  drained(): void {
    this.next.drain();
  }

  /** The layer above hears that no more will come, behind what was delivered. */
  ended(): void {
    this.next.endReached();
  }

  /**
   * What came makes no sense: the layers above hear of the error, behind what was delivered, and
   * the connection is closed when they have said what they have to say.
   */
  fail(error: Error): void {
    this.chain.fail(error, this as Link);
  }

  /** Internal: what comes from below is a stream, and no messages. */
  get onStream(): boolean {
    return !this.below && !(this.chain.lower instanceof Link);
  }

  /** Internal: there is a layer above. */
  get isBelowAnother(): boolean {
    return this.above !== undefined;
  }

  private get next(): Link {
    if (this.above) return this.above;
    throw new CalandriaError(
      'ERR_CALANDRIA_USAGE',
      `${this.layer.name} is the last layer of its pipeline: there is none above it.`,
    );
  }

  // ── Internal: what the layer below, or the pipeline, tells this layer ──

  /** Internal: it will take messages now. */
  get wants(): boolean {
    return this.appetite > 0 && this.waiting === 0;
  }

  private get waiting(): number {
    return this.held.length - this.taken;
  }

  /** Internal. */
  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    if (this.layer.open) this.chain.watch(this.layer.open(this));
    else this.above?.open();
  }

  /** Internal: answers as deliver(). */
  receive(message: unknown): boolean {
    const { chain } = this;
    if (chain.stopped) return false;
    this.open();
    if (this.wants || (chain.flushing && this.waiting === 0)) this.take(message);
    else this.held.push(types.isUint8Array(message) ? message.slice() : message);
    if (chain.stopped) return false;
    this.stalled = !this.wants && !chain.flushing;
    return !this.stalled;
  }

  private take(message: unknown): void {
    this.appetite = Math.max(0, this.appetite - 1);
    if (this.layer.data) this.chain.watch(this.layer.data(this, message));
    else this.above?.receive(message);
  }

  /** Internal. */
  drain(): void {
    if (!this.isOpen) return;
    if (this.layer.drain) this.chain.watch(this.layer.drain(this));
    else this.above?.drain();
  }

  /** Internal. */
  endReached(): void {
    if (this.hasEnded || this.chain.stopped) return;
    this.open();
    if (this.waiting > 0) {
      this.endWaits = true;
      return;
    }
    this.hasEnded = true;
    if (this.layer.end) this.chain.watch(this.layer.end(this));
    else if (this.above) this.above.endReached();
    else this.end();
  }

  /** Internal: the connection failed, or a layer below did. The first such error is told. */
  failed(error: Error): void {
    if (this.hasFailed) return;
    this.hasFailed = true;
    if (this.layer.error) this.chain.watch(this.layer.error(this, error));
  }

  /** Internal: the last call. */
  finished(): void {
    if (this.layer.close) this.chain.watch(this.layer.close(this));
  }

  /**
   * Internal: gives the layer what is held for it, as far as it wants it, and then lets the layer
   * below go on. False when there was nothing to do.
   */
  pump(): boolean {
    const { chain } = this;
    let moved = false;
    while (this.waiting > 0 && (this.appetite > 0 || chain.flushing) && !chain.stopped) {
      this.take(this.held[this.taken++]);
      moved = true;
    }
    if (this.waiting > 0 || chain.stopped) return moved;
    this.held = [];
    this.taken = 0;
    if (this.endWaits) {
      this.endWaits = false;
      this.endReached();
      moved = true;
    }
    if (this.stalled && (this.wants || chain.flushing)) {
      this.stalled = false;
      moved = true;
      const { below } = this;
      if (below && below !== chain.failing) below.layer.resume?.(below);
    }
    return moved;
  }
}
