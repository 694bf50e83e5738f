// The ring of an inbox: posts from any number of threads to one reactor, in a SharedArrayBuffer.
// host/ring.h is the same for consumers in C++.
//
//   0    magic, capacity, descriptor, thread, attended        written once, before it is shared
//   64   head    u32 bytes reserved so far, modulo 2^32       producers, by compare-exchange
//   128  tail    u32 bytes consumed so far, modulo 2^32       the consumer
//   192  sleep   0: the consumer is awake, else the number    the consumer; producers set it to 0
//                of its sleep
//   196  gate    producers at the descriptor, CLOSED, LEFT    both
//   200  room    changes when there is room again             the consumer
//   204  waiting producers that wait for room                 producers
//   256  capacity bytes (a power of two): posts, each
//        { u32 length + 1, u32 0, bytes padded to 8 }, wrapping anywhere behind the first 8 bytes
//
// A post is reserved by moving the head, and there once its first word is not 0. The consumer
// zeroes what it took before it moves the tail, so a first word says 0 until its post is complete,
// and a slow producer only delays those behind it. One that is terminated between the two delays
// them for ever: V8 can stop a worker where a builtin is called, and so where bytes are copied.
import * as layout from '../../assembly/layout';
import { errorNumber } from '../errors';

/** "RING" read as a little-endian word. */
const MAGIC = 0x474e4952;
const CAPACITY = 1;
const DESCRIPTOR = 2;
const THREAD = 3;
const ATTENDED = 4;
const HEAD = 16;
const TAIL = 32;
const SLEEP = 48;
const GATE = 49;
const ROOM = 50;
const WAITING = 51;
const DATA = 256;
/** No post is taken, and nobody goes to the descriptor any more. */
const CLOSED = 1 << 30;
/** The consumer waited long enough: the last producer at the descriptor closes it. */
const LEFT = 1 << 29;

export const CAPACITY_MIN = 1 << 10;
export const CAPACITY_MAX = 1 << 30;
/** Most bytes of one post: the least room that a reactor reads posts into. */
export const POST_MAX = layout.BATCH_ROOM - layout.POST_HEAD;

const NOT_A_RING = -errorNumber('EPROTO');

function sizeOf(length: number): number {
  return layout.POST_HEAD + ((length + 7) & ~7);
}

export class Ring {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly capacity: number;
  private readonly bytes: Uint8Array;
  /** The same, as words: the first word of each post is among them. */
  private readonly marks: Int32Array;
  /** Of the last sleep; the consumer's own. */
  private epoch = 1;

  /** Over a ring that create() made, in this thread or another. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer, 0, DATA >> 2);
    this.capacity = this.words[CAPACITY] as number;
    this.bytes = new Uint8Array(buffer, DATA);
    this.marks = new Int32Array(buffer, DATA);
  }

  /** A power of two of bytes. Its consumer sleeps: the first post wakes it. */
  static create(capacity: number): Ring {
    const buffer = new SharedArrayBuffer(DATA + capacity);
    const words = new Int32Array(buffer);
    words[0] = MAGIC;
    words[CAPACITY] = capacity;
    words[DESCRIPTOR] = -1;
    words[SLEEP] = 1;
    return new Ring(buffer);
  }

  static recognises(buffer: SharedArrayBuffer): boolean {
    if (buffer.byteLength < DATA + CAPACITY_MIN) return false;
    const [magic, capacity] = new Int32Array(buffer, 0, 2);
    return magic === MAGIC && capacity === buffer.byteLength - DATA;
  }

  // ── Set once ──

  /** A host takes posts out; `descriptor` wakes it (-1: notify does), in this thread. */
  attend(descriptor: number, thread: number): void {
    this.words[DESCRIPTOR] = descriptor;
    this.words[THREAD] = thread;
    Atomics.store(this.words, ATTENDED, 1);
  }

  /** False in a replay: the posts come out of the trace, and what is posted goes nowhere. */
  get attended(): boolean {
    return Atomics.load(this.words, ATTENDED) !== 0;
  }

  get descriptor(): number {
    return this.words[DESCRIPTOR] as number;
  }

  get thread(): number {
    return this.words[THREAD] as number;
  }

  // ── Producers ──

  get closed(): boolean {
    return (Atomics.load(this.words, GATE) & CLOSED) !== 0;
  }

  /** Takes a post whole, or not at all. `payload` is a plain Uint8Array of POST_MAX at the most. */
  offer(payload: Uint8Array): boolean {
    const { words, bytes, marks, capacity } = this;
    const { length } = payload;
    const size = sizeOf(length);
    for (;;) {
      const head = Atomics.load(words, HEAD);
      const used = (head - Atomics.load(words, TAIL)) | 0;
      // Another producer moved the head, and the consumer took what it posted.
      if (used < 0) continue;
      if (used + size > capacity) return false;
      const offset = head & (capacity - 1);
      const start = (offset + layout.POST_HEAD) & (capacity - 1);
      const before = capacity - start;
      const first = length > before ? payload.subarray(0, before) : payload;
      const rest = length > before ? payload.subarray(before) : undefined;
      if (Atomics.compareExchange(words, HEAD, head, (head + size) | 0) === head) {
        bytes.set(first, start);
        if (rest) bytes.set(rest, 0);
        Atomics.store(marks, offset >> 2, length + 1);
        return true;
      }
    }
  }

  /** Is there room for a post of so many bytes? */
  fits(length: number): boolean {
    const head = Atomics.load(this.words, HEAD);
    const used = (head - Atomics.load(this.words, TAIL)) | 0;
    return used + sizeOf(length) <= this.capacity;
  }

  /** The consumer's sleep that a post has to end; 0 while it is awake. */
  get sleep(): number {
    return Atomics.load(this.words, SLEEP);
  }

  /**
   * The consumer was woken from this sleep: others need not. Only afterwards, so that a producer
   * that ends in between has woken nobody in vain; and only this sleep, for it may have begun the
   * next.
   */
  woken(epoch: number): void {
    Atomics.compareExchange(this.words, SLEEP, epoch, 0);
  }

  notifyConsumer(): void {
    Atomics.notify(this.words, SLEEP);
  }

  /** Before the descriptor is touched; false when the ring is closed, and it may be another's. */
  enter(): boolean {
    for (;;) {
      const gate = Atomics.load(this.words, GATE);
      if (gate & CLOSED) return false;
      if (Atomics.compareExchange(this.words, GATE, gate, gate + 1) === gate) return true;
    }
  }

  /** After enter(). True: the consumer is gone, and the caller closes the descriptor. */
  leave(): boolean {
    return Atomics.sub(this.words, GATE, 1) === (CLOSED | LEFT | 1);
  }

  /** Changes when room was made; to be read before fits(). */
  get room(): number {
    return Atomics.load(this.words, ROOM);
  }

  /** Until `room` is another, or so many milliseconds. Blocks the thread. */
  waitForRoom(room: number, length: number, milliseconds: number): void {
    Atomics.add(this.words, WAITING, 1);
    try {
      if (!this.fits(length) && !this.closed) Atomics.wait(this.words, ROOM, room, milliseconds);
    } finally {
      Atomics.sub(this.words, WAITING, 1);
    }
  }

  async waitForRoomAsync(room: number, length: number, milliseconds: number): Promise<void> {
    Atomics.add(this.words, WAITING, 1);
    try {
      if (!this.fits(length) && !this.closed) {
        await Atomics.waitAsync(this.words, ROOM, room, milliseconds).value;
      }
    } finally {
      Atomics.sub(this.words, WAITING, 1);
    }
  }

  // ── The consumer ──

  /** Room was made, or the ring was closed: who waits for it looks again. */
  notifyProducers(): void {
    if (Atomics.load(this.words, WAITING) === 0) return;
    Atomics.add(this.words, ROOM, 1);
    Atomics.notify(this.words, ROOM);
  }

  /** No more posts. */
  close(): void {
    Atomics.or(this.words, GATE, CLOSED);
  }

  /** Is there a complete post? */
  get filled(): boolean {
    return this.mark(Atomics.load(this.words, TAIL)) !== 0;
  }

  /** Complete posts, in order, until one that is not. */
  count(): number {
    let at = Atomics.load(this.words, TAIL);
    const end = (at + this.capacity) | 0;
    let posts = 0;
    for (let mark = this.mark(at); mark !== 0 && at !== end; mark = this.mark(at)) {
      at = (at + sizeOf(mark - 1)) | 0;
      posts++;
    }
    return posts;
  }

  /**
   * Moves posts as a batch (assembly/layout.ts) to `target` at `at`: at most `most` bytes and
   * `records` posts (0: any number). Bytes, or a negative error number when this is no ring.
   */
  drain(target: Uint8Array, at: number, most: number, records: number): number {
    const tail = Atomics.load(this.words, TAIL);
    const view = new DataView(target.buffer, target.byteOffset);
    let filled = 0;
    for (let posts = 0; records === 0 || posts < records; posts++) {
      const mark = this.mark((tail + filled) | 0);
      if (mark === 0) break;
      const size = sizeOf(mark - 1);
      // Behind the mark: the head that it was reserved with is there too.
      const reserved = (Atomics.load(this.words, HEAD) - tail) | 0;
      if (mark < 0 || mark > POST_MAX + 1 || size > reserved - filled) return NOT_A_RING;
      if (size > most - filled) break;
      this.move((tail + filled) & (this.capacity - 1), size, target, at + filled);
      view.setUint32(at + filled, mark - 1, true);
      filled += size;
    }
    if (filled > 0) Atomics.store(this.words, TAIL, (tail + filled) | 0);
    return filled;
  }

  /** Whoever posts from now on wakes the consumer. Look at `filled` behind it. */
  fallAsleep(): number {
    this.epoch = this.epoch === 0x7fffffff ? 1 : this.epoch + 1;
    Atomics.store(this.words, SLEEP, this.epoch);
    return this.epoch;
  }

  /** Resolves when this sleep is over, for a consumer in JavaScript. */
  async asleep(epoch: number): Promise<void> {
    await Atomics.waitAsync(this.words, SLEEP, epoch).value;
  }

  wakeUp(): void {
    Atomics.store(this.words, SLEEP, 0);
  }

  private mark(position: number): number {
    return Atomics.load(this.marks, (position & (this.capacity - 1)) >> 2);
  }

  /** Out of the ring, leaving zeros. */
  private move(offset: number, size: number, target: Uint8Array, at: number): void {
    const first = Math.min(size, this.capacity - offset);
    target.set(this.bytes.subarray(offset, offset + first), at);
    this.bytes.fill(0, offset, offset + first);
    target.set(this.bytes.subarray(0, size - first), at + first);
    this.bytes.fill(0, 0, size - first);
  }
}
