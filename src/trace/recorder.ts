// The recorder: copies what passes through the seam into blocks. It works on regions, not on
// entries, so that its cost hardly depends on how much happened in a turn.
import * as layout from '../../assembly/layout';
import { coreHash, type Digest, instantiateDigest } from '../core/core';
import { long, type ReactorMemory, word } from '../core/memory';
import { CalandriaError } from '../errors';
import type { RunDescription } from '../host/host';
import { packageVersion } from '../package-root';
import { headsOf } from './batch-heads';
import {
  BLOCK_HEAD,
  digestsOf,
  encodeHeader,
  FORMAT,
  IN_HEAD,
  KIND_CALL,
  KIND_END,
  KIND_IN,
  KIND_OUT,
  layoutHash,
  type Payload,
  padded,
  RANGE_KEPT,
  SETTINGS_OF_HOST,
  sealBlock,
} from './format';
import type { Sink } from './sink';

const BUFFER_SIZE = 1 << 20;

export interface RecorderOptions {
  readonly payload: Payload;
  readonly host: string;
  /** The recording ended, and why. The reactor lives on. */
  readonly onError: (error: CalandriaError) => void;
}

export class Recorder {
  private readonly memory: ReactorMemory;
  private readonly source: Buffer;
  private readonly sink: Sink;
  private readonly options: RecorderOptions;
  private readonly digest: Digest | undefined;
  private buffer = Buffer.alloc(BUFFER_SIZE);
  private length = 0;
  private turning = false;
  private ended = false;

  constructor(memory: ReactorMemory, run: RunDescription, sink: Sink, options: RecorderOptions) {
    this.memory = memory;
    this.source = Buffer.from(memory.buffer);
    this.sink = sink;
    this.options = options;
    this.digest = options.payload === 'digest' ? instantiateDigest(memory) : undefined;
    const settings = word(memory, layout.SETTINGS);
    this.flushBytes(
      encodeHeader({
        format: FORMAT,
        version: packageVersion(),
        layoutHash: layoutHash(),
        coreHash: coreHash(),
        host: options.host,
        limits: memory.limits,
        seed: run.seed.toString(),
        sampling: run.sampling,
        debug: (settings & layout.SETTING_POISON) !== 0,
        payload: options.payload,
        copiesFiles: (settings & layout.SETTING_COPY_FILES) !== 0,
        levels: (settings & layout.SETTING_LEVELS) !== 0,
        completions: settings & SETTINGS_OF_HOST,
        readArena: word(memory, layout.READ_ARENA_BASE),
        program: run.program,
      }),
    );
  }

  /**
   * Around the core's ingest: afterwards the turn's input is with the kernel, if handlers will run.
   */
  in(ingest: () => void): void {
    const events = word(this.memory, layout.EVENT_COUNT);
    const completions = word(this.memory, layout.SUBMISSION_DONE);
    const outside = word(this.memory, layout.CALLS_LENGTH);
    ingest();
    this.turning = true;
    if (this.ended) return this.dropCalls();
    const at = this.begin();
    const head = this.grow(IN_HEAD);
    this.buffer.writeBigUInt64LE(long(this.memory, layout.NOW), head);
    this.put(head + 8, word(this.memory, layout.WAIT_RESULT));
    this.put(head + 12, word(this.memory, layout.EVENT_FORMAT));
    const eventSize = word(this.memory, layout.EVENT_RECORD_SIZE);
    this.put(head + 16, eventSize);
    this.put(head + 20, word(this.memory, layout.EVENT_NOTIFIER));
    this.put(head + 24, outside);
    this.put(head + 28, events);
    this.put(head + 32, completions);
    const updates = word(this.memory, layout.UPDATE_COUNT);
    const deliveries = word(this.memory, layout.DELIVERY_COUNT);
    this.put(head + 40, updates);
    this.put(head + 44, deliveries);
    this.region(layout.CALLS_BASE, outside);
    this.events(events, eventSize);
    this.region(layout.SUBMISSIONS_BASE, completions * layout.SUBMISSION_SIZE);
    const ranges = completions > 0 ? this.payload(completions) : 0;
    this.put(head + 36, ranges);
    this.region(layout.UPDATES_BASE, updates * layout.UPDATE_SIZE);
    this.region(layout.DELIVERIES_BASE, deliveries * layout.DELIVERY_SIZE);
    this.seal(at, KIND_IN);
    this.dropCalls();
    if (deliveries > 0 || outside > 0) this.flush();
  }

  /** After the core's end: with the kernel before the reactor may sleep. */
  out(): void {
    if (!this.turning) return;
    this.turning = false;
    if (this.ended) return this.dropCalls();
    const at = this.begin();
    const head = this.grow(8);
    this.buffer.writeBigUInt64LE(long(this.memory, layout.DIGEST), head);
    this.region(layout.CALLS_BASE, word(this.memory, layout.CALLS_LENGTH));
    this.seal(at, KIND_OUT);
    this.dropCalls();
    if (word(this.memory, layout.TURN_AGAIN) === 0) this.flush();
  }

  /** The call stream is nearly full. */
  spill(): void {
    if (!this.ended) {
      const at = this.begin();
      this.region(layout.CALLS_BASE, word(this.memory, layout.CALLS_LENGTH));
      this.seal(at, KIND_CALL);
      this.flush();
    }
    this.dropCalls();
  }

  /** No more turns will come. Within a turn (the process is going down) the trace just stops. */
  end(): void {
    if (this.ended) return;
    if (!this.turning) {
      const at = this.begin();
      this.buffer.writeBigUInt64LE(long(this.memory, layout.TURN), this.grow(8));
      this.seal(at, KIND_END);
    }
    this.flush();
    // A flush that failed has closed the sink.
    if (this.ended) return;
    this.ended = true;
    this.sink.close();
  }

  /**
   * Byte ranges of the read arena that this turn's reads filled, a few at the most: reads are
   * packed.
   */
  private payload(completions: number): number {
    const stamp = word(this.memory, layout.TURN);
    const segments = word(this.memory, layout.READ_SEGMENTS_MAX);
    const table = word(this.memory, layout.SEGMENTS_BASE);
    let ranges = 0;
    for (let segment = 0; segment < segments; segment++) {
      const entry = table + segment * layout.SEGMENT_SIZE;
      if (word(this.memory, entry + layout.SEGMENT_STAMP) !== stamp) continue;
      const start = word(this.memory, entry + layout.SEGMENT_START);
      const length = word(this.memory, entry + layout.SEGMENT_END) - start;
      const head = this.grow(8);
      this.put(head, start);
      this.put(head + 4, length);
      if (this.digest) this.digests(this.digest, start, length);
      else this.copy(start, length);
      ranges++;
    }
    return this.digest ? ranges + this.heads(completions) : ranges;
  }

  /** What the core reads of the bytes, as it is. */
  private heads(completions: number): number {
    let ranges = 0;
    for (const [start, length] of headsOf(this.memory, completions)) {
      const head = this.grow(8);
      this.put(head, start);
      this.put(head + 4, length | RANGE_KEPT);
      this.copy(start, length);
      ranges++;
    }
    return ranges;
  }

  private digests(digest: Digest, start: number, length: number): void {
    let at = this.grow(8 * digestsOf(length));
    for (let from = 0; from < length; from += layout.DIGEST_CHUNK) {
      const chunk = Math.min(layout.DIGEST_CHUNK, length - from);
      at = this.buffer.writeBigUInt64LE(digest(start + from, chunk), at);
    }
  }

  // ── Building blocks in the buffer ──

  private begin(): number {
    return this.grow(BLOCK_HEAD);
  }

  private seal(at: number, kind: number): void {
    const low = word(this.memory, layout.TURN) >>> 0;
    const high = word(this.memory, layout.TURN + 4) >>> 0;
    sealBlock(this.buffer, at, kind, this.length - at - BLOCK_HEAD, low, high);
    if (this.length > BUFFER_SIZE) this.flush();
  }

  /** Room at the end of the buffer; returns where it begins. */
  private grow(size: number): number {
    const at = this.length;
    this.length += size;
    if (this.length > this.buffer.length) {
      const larger = Buffer.alloc(2 * Math.max(this.buffer.length, this.length));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    return at;
  }

  private put(at: number, value: number): void {
    this.buffer.writeInt32LE(value, at);
  }

  private region(base: number, length: number): void {
    if (length > 0) this.copy(word(this.memory, base), length);
  }

  /** As they would lie in the vector, also those of a ring, which ends and begins anew. */
  private events(total: number, size: number): void {
    const ring = word(this.memory, layout.EVENT_RING);
    if (ring === 0) return this.region(layout.EVENTS_BASE, total * size);
    if (total === 0) return;
    const last = word(this.memory, layout.EVENT_RING_MASK);
    const first = word(this.memory, layout.EVENT_FIRST) & last;
    const before = Math.min(total, last + 1 - first);
    const at = this.grow(padded(total * size));
    this.source.copy(this.buffer, at, ring + first * size, ring + (first + before) * size);
    this.source.copy(this.buffer, at + before * size, ring, ring + (total - before) * size);
  }

  private copy(address: number, length: number): void {
    const size = padded(length);
    const at = this.grow(size);
    this.source.copy(this.buffer, at, address, address + length);
    if (size > length) this.buffer.fill(0, at + length, at + size);
  }

  private dropCalls(): void {
    this.memory.words[layout.CALLS_LENGTH >> 2] = 0;
  }

  private flush(): void {
    const { length } = this;
    this.length = 0;
    if (length > 0) this.flushBytes(this.buffer.subarray(0, length));
  }

  private flushBytes(bytes: Uint8Array): void {
    try {
      this.sink.write(bytes);
    } catch (cause) {
      this.ended = true;
      try {
        this.sink.close();
      } catch {}
      const reason = (cause as Error).message;
      const message = `The recording ended: ${reason}. The reactor goes on without it.`;
      this.options.onError(new CalandriaError('ERR_CALANDRIA_RECORDING', message, { cause }));
    }
  }
}
