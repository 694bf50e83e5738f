// The other end of an inbox, in any thread: plain JavaScript on a SharedArrayBuffer, without a
// reactor and without the shim.
import { closeSync, writeSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { CalandriaError, typeError } from '../errors';
import { POST_MAX, Ring } from './ring';

/** What an inbox's owner hands to other threads; structured cloning keeps it whole. */
export interface InboxPort {
  readonly ring: SharedArrayBuffer;
}

/** eventfd(2): the number that is added. */
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);
/**
 * Who waits for room looks again after so long, ms: an owner whose thread was terminated closes the
 * inbox, but notifies nobody.
 */
const LOOK_AGAIN = 100;

export class Outbox {
  private readonly ring: Ring;

  /** Throws when this is not the `port` of an inbox. */
  constructor(port: InboxPort) {
    const ring: unknown = (port as Partial<InboxPort> | null)?.ring;
    // By its name: another realm has another class.
    const shared = Object.prototype.toString.call(ring) === '[object SharedArrayBuffer]';
    if (!shared || !Ring.recognises(ring as SharedArrayBuffer)) {
      throw typeError('port', 'the port of an inbox', port);
    }
    this.ring = new Ring(ring as SharedArrayBuffer);
  }

  /** The inbox is closed: nothing is taken any more. */
  get closed(): boolean {
    return this.ring.closed;
  }

  /**
   * Posts bytes, or text as UTF-8: 32,760 bytes at the most. False: the inbox is full, and nothing
   * was taken. Throws ERR_CALANDRIA_CLOSED once the inbox is closed. What was taken and not yet
   * handled when the inbox closes is dropped.
   */
  post(message: Uint8Array | string): boolean {
    return this.offer(this.encode(message));
  }

  /**
   * Posts one after another, and blocks this thread while the inbox is full. Not for the inbox's
   * own thread, which would wait for itself: ERR_CALANDRIA_USAGE.
   */
  postAll(messages: Iterable<Uint8Array | string>): void {
    if (this.ring.attended && this.ring.thread === threadId) {
      throw new CalandriaError(
        'ERR_CALANDRIA_USAGE',
        'postAll() in the thread of the inbox would wait for itself; use postAllAsync().',
      );
    }
    for (const message of this.several(messages)) {
      const payload = this.encode(message);
      for (let room = this.ring.room; !this.offer(payload); room = this.ring.room) {
        this.block(room, payload.length);
      }
    }
  }

  /** Posts one after another; waits without blocking while the inbox is full. */
  async postAllAsync(messages: Iterable<Uint8Array | string>): Promise<void> {
    // Atomics.waitAsync alone keeps no thread alive.
    const alive = setInterval(() => {}, LOOK_AGAIN);
    try {
      for (const message of this.several(messages)) {
        const payload = this.encode(message);
        for (let room = this.ring.room; !this.offer(payload); room = this.ring.room) {
          await this.ring.waitForRoomAsync(room, payload.length, LOOK_AGAIN);
        }
      }
    } finally {
      clearInterval(alive);
    }
  }

  private block(room: number, length: number): void {
    try {
      this.ring.waitForRoom(room, length, LOOK_AGAIN);
    } catch (cause) {
      throw new CalandriaError(
        'ERR_CALANDRIA_USAGE',
        'This thread may not block (Atomics.wait); use postAllAsync().',
        { cause },
      );
    }
  }

  /** One message in place of several would be taken apart: text and bytes are iterable, too. */
  private several(messages: Iterable<Uint8Array | string>): Iterable<Uint8Array | string> {
    const iterable = typeof (messages as Partial<typeof messages> | null)?.[Symbol.iterator];
    if (iterable === 'function' && typeof messages !== 'string' && !ArrayBuffer.isView(messages)) {
      return messages;
    }
    throw typeError('messages', 'several messages, such as an array', messages);
  }

  private encode(message: Uint8Array | string): Uint8Array {
    const bytes = typeof message === 'string' ? Buffer.from(message) : message;
    if (!ArrayBuffer.isView(bytes)) throw typeError('message', 'a Uint8Array or a string', message);
    const { buffer, byteOffset, byteLength } = bytes;
    if (byteLength > this.most) {
      throw new CalandriaError(
        'ERR_CALANDRIA_LIMIT',
        `A post to this inbox has at most ${this.most} bytes, not ${byteLength}.`,
      );
    }
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  private get most(): number {
    return Math.min(POST_MAX, this.ring.capacity - 8);
  }

  private offer(payload: Uint8Array): boolean {
    const { ring } = this;
    if (ring.closed) {
      throw new CalandriaError('ERR_CALANDRIA_CLOSED', 'The inbox is closed; nothing was taken.');
    }
    if (!ring.attended) return true;
    const taken = ring.offer(payload);
    // When it is full too: whoever filled it may have been terminated before it woke anybody.
    const epoch = ring.sleep;
    if (epoch !== 0) {
      this.wake();
      ring.woken(epoch);
    }
    return taken;
  }

  private wake(): void {
    const { ring } = this;
    if (ring.descriptor < 0) return ring.notifyConsumer();
    if (!ring.enter()) return;
    try {
      writeSync(ring.descriptor, ONE);
    } finally {
      // The owner left it to whoever came last.
      if (ring.leave()) closeSync(ring.descriptor);
    }
  }
}
