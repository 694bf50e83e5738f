// The core of a program replay: no state machine, only a trace. A turn's deliveries and record
// updates come from the recording; each call is compared with the recorded one and answered with
// its recorded result. So a program replay depends on the documented format alone, and outlives
// every version of the Wasm core.
import * as layout from '../../assembly/layout';
import { type Core, type Digest, instantiateDigest } from '../core/core';
import { type ReactorMemory, word } from '../core/memory';
import { type Call, splitCalls, tailSize } from './calls';
import { compareCalls, type Divergence } from './divergence';
import type { TraceHeader } from './format';
import type { TurnBlock } from './trace';

/**
 * Hears of every call that the program makes, with the recorded result. Bytes are valid at the call
 * only.
 */
export type CallObserver = (call: Call, bytes: Uint8Array | undefined, turn: number) => void;

export class ProgramCore implements Core {
  /** The first difference; from then on calls are no longer compared. */
  divergence: Divergence | undefined;
  private readonly memory: ReactorMemory;
  private readonly source: Buffer;
  private readonly digest: Digest;
  private readonly records: number;
  private readonly shift: number;
  private readonly scratch: Buffer;
  private current: TurnBlock | undefined;
  private calls: Generator<Call | undefined> | undefined;
  private turning = false;
  /** Calls from outside that the recording holds, in order, and how many the program has made. */
  private readonly outside: readonly Call[];
  private readonly observer: CallObserver | undefined;
  private outsideMade = 0;
  /** tx.queued before a write of this turn raised it: what the next turn begins with. */
  private readonly queued = new Map<number, number>();
  private readonly dead: number[] = [];
  /** Records that ever had an owner. */
  private readonly used = new Set<number>();
  /** Calls from outside that the turns up to the next one have consumed. */
  private due = 0;
  /** What calls from outside do that came before the turn which consumed them. */
  private held: { readonly place: number; readonly effect: () => void }[] = [];
  private lastOutside: number | undefined;
  /** Ends from outside that the replay brought, and which the program may still bring as well. */
  private broughtStops = 0;

  constructor(
    memory: ReactorMemory,
    header: TraceHeader,
    outside: readonly Call[],
    observer: CallObserver | undefined,
  ) {
    this.memory = memory;
    this.source = Buffer.from(memory.buffer);
    this.digest = instantiateDigest(memory);
    this.records = word(memory, layout.RECORDS_BASE);
    this.shift = word(memory, layout.READ_ARENA_BASE) - header.readArena;
    this.outside = outside;
    this.observer = observer;
    const largest =
      layout.CALL_SIZE +
      Math.max(layout.WRITE_CHUNK, tailSize(layout.MODE_DIGEST, memory.limits.readBytes));
    this.scratch = Buffer.alloc(largest);
    this.set(layout.RECORDS_USED, 1);
  }

  /** Calls from outside made so far. */
  get made(): number {
    return this.outsideMade;
  }

  /** The next call that the recording expects from outside. */
  get expected(): Call | undefined {
    return this.outside[this.outsideMade];
  }

  /**
   * From now on so many calls from outside belong before the next turn; those that came early take
   * effect.
   */
  land(due: number): void {
    this.due = due;
    const held = this.held;
    this.held = held.filter(({ place }) => place >= due);
    for (const { place, effect } of held) if (place < due) effect();
  }

  /**
   * The replay ends the reactor in place of a signal. If the program does so too, that is no second
   * time.
   */
  bringStop(stop: () => void): void {
    stop();
    this.broughtStops++;
  }

  /** The turn that turn() will take in. */
  load(turn: TurnBlock): void {
    this.current = turn;
  }

  /** No turn follows: a reactor that waits for its end may have it. */
  finishAll(): void {
    this.set(layout.RECORDS_USED, 0);
  }

  turn(): void {
    const turn = this.current;
    if (!turn) throw new Error('A turn was begun without one being loaded.');
    this.turning = true;
    this.pending = undefined;
    this.calls = splitCalls(turn.calls);
    this.memory.longs[layout.TURN >> 3] = BigInt(turn.turn);
    this.memory.longs[layout.NOW >> 3] = turn.now;
    for (const { address, bytes } of turn.payload) bytes.copy(this.source, address + this.shift);
    for (const [record, before] of this.queued) this.put(record, layout.TX_QUEUED, before);
    this.queued.clear();
    // Deliveries first: an update in the turn that opens a record is the new owner's.
    this.applyDeliveries(turn.deliveries);
    this.applyUpdates(turn);
  }

  end(): void {
    if (!this.divergence && this.current?.ended) {
      const missing = this.pending ?? this.calls?.next().value;
      if (missing) this.diverge(compareCalls(this.current.turn, missing, undefined));
    }
    for (const record of this.dead.splice(0)) {
      this.source[this.at(record) + layout.RECORD_STATE] = layout.STATE_FREE;
    }
    this.set(layout.DELIVERY_COUNT, 0);
    this.turning = false;
  }

  // ── What came in ──

  private at(record: number): number {
    return this.records + record * layout.RECORD_SIZE;
  }

  private put(record: number, offset: number, value: number): void {
    this.memory.words[(this.at(record) + offset) >> 2] = value;
  }

  private set(address: number, value: number): void {
    this.memory.words[address >> 2] = value;
  }

  private applyUpdates({ updates, turn }: TurnBlock): void {
    for (let at = 0; at < updates.length; at += layout.UPDATE_SIZE) {
      const record = updates.readInt32LE(at + layout.UPDATE_RECORD);
      const source = this.at(record);
      const value = updates.readInt32LE(at + layout.UPDATE_VALUE);
      const error = updates.readInt32LE(at + layout.UPDATE_ERROR);
      const sequence = updates.readInt32LE(at + layout.UPDATE_SEQUENCE);
      const mark = updates[at + layout.UPDATE_EOF] as number;
      const exactness = updates[at + layout.UPDATE_EXACTNESS] as number;
      if (updates[at + layout.UPDATE_SIDE] === 0) {
        this.put(record, layout.RX_AVAILABLE, value);
        this.put(record, layout.RX_ERROR, error);
        this.put(record, layout.RX_SEQUENCE, sequence);
        this.source[source + layout.RX_EOF] = mark;
        this.source[source + layout.RX_EXACTNESS] = exactness;
        this.memory.longs[(source + layout.RX_TURN) >> 3] = BigInt(turn);
      } else {
        this.put(record, layout.TX_SPACE, value);
        this.put(record, layout.TX_QUEUED, updates.readInt32LE(at + layout.UPDATE_QUEUED));
        this.put(record, layout.TX_ERROR, error);
        this.put(record, layout.TX_SEQUENCE, sequence);
        this.source[source + layout.TX_ENDED] = mark;
        this.source[source + layout.TX_EXACTNESS] = exactness;
        this.memory.longs[(source + layout.TX_TURN) >> 3] = BigInt(turn);
      }
    }
  }

  private applyDeliveries(deliveries: Buffer): void {
    const base = word(this.memory, layout.DELIVERIES_BASE);
    deliveries.copy(this.source, base);
    this.set(layout.DELIVERY_COUNT, deliveries.length / layout.DELIVERY_SIZE);
    for (let at = base; at < base + deliveries.length; at += layout.DELIVERY_SIZE) {
      const kind = word(this.memory, at + layout.DELIVERY_KIND);
      const record = word(this.memory, at + layout.DELIVERY_RECORD);
      const address = word(this.memory, at + layout.DELIVERY_ADDRESS);
      if (address !== 0) this.set(at + layout.DELIVERY_ADDRESS, address + this.shift);
      const source = this.at(record);
      switch (kind) {
        case layout.DELIVER_OPEN: {
          const listener = word(this.memory, at + layout.DELIVERY_LISTENER);
          const generation = word(this.memory, at + layout.DELIVERY_GENERATION);
          if (listener !== 0) this.makeRecord(record, generation, layout.KIND_CONNECTION, listener);
          this.source[source + layout.RECORD_STATE] = layout.STATE_OPEN;
          this.copyPeer(record, address + this.shift);
          break;
        }
        case layout.DELIVER_LISTENING:
          this.source[source + layout.RECORD_STATE] = layout.STATE_OPEN;
          this.copyPeer(record, address + this.shift);
          break;
        case layout.DELIVER_DATA:
          // Only that there was some matters: the subject of a later error.
          this.put(record, layout.RECORD_BYTES_IN, 1);
          break;
        case layout.DELIVER_ERROR:
          if (this.source[source + layout.RECORD_KIND] === layout.KIND_CONNECTION) {
            this.source[source + layout.RECORD_STATE] = layout.STATE_FAILED;
          }
          break;
        case layout.DELIVER_CLOSE:
          this.source[source + layout.RECORD_STATE] = layout.STATE_DEAD;
          this.dead.push(record);
          break;
        default:
      }
    }
  }

  private copyPeer(record: number, from: number): void {
    const peer = word(this.memory, layout.PEERS_BASE) + record * layout.PEER_SIZE;
    this.source.copy(this.source, peer, from, from + layout.PEER_SIZE);
  }

  /** A record as the core makes it: updates only tell what changes from there. */
  private makeRecord(record: number, generation: number, kind: number, listener: number): void {
    const source = this.at(record);
    const peer = word(this.memory, layout.PEERS_BASE) + record * layout.PEER_SIZE;
    this.source.fill(0, source, source + layout.RECORD_SIZE);
    this.source.fill(0, peer, peer + layout.PEER_SIZE);
    this.used.add(record);
    this.put(record, layout.TX_SPACE, layout.UNKNOWN);
    this.put(record, layout.RECORD_GENERATION, generation);
    this.put(record, layout.RECORD_LISTENER, listener);
    this.source[source + layout.RECORD_KIND] = kind;
  }

  // ── What the program calls ──

  opened: number | undefined;

  /** Does what the last call does: now, or when the turn comes that consumed it. */
  private settle(effect: () => void): void {
    const place = this.lastOutside;
    if (place === undefined || place < this.due) effect();
    else this.held.push({ place, effect });
  }

  reserve(_length: number): number {
    return word(this.memory, layout.BOUNCE_BASE);
  }

  open(
    dial: number,
    address: number,
    length: number,
    port: number,
    options: number,
    backlog: number,
    handlers: number,
    wants: number,
  ): number {
    const operation = dial ? layout.CALL_CONNECT : layout.CALL_LISTEN;
    const call = this.begin(operation, handlers, wants, port | (options << 16), backlog);
    const made = this.compare(this.withBytes(call, address, length, layout.MODE_BYTES));
    if (!made || made.result < 0 || made.result >= this.memory.limits.connections) {
      return Math.min(made?.result ?? layout.CALL_NO_RECORD, layout.CALL_NO_RECORD);
    }
    const kind = dial ? layout.KIND_CONNECTION : layout.KIND_LISTENER;
    // As the record will say it: a signed word.
    this.opened = made.address | 0;
    this.settle(() => {
      this.makeRecord(made.result, made.address, kind, 0);
      this.source[this.at(made.result) + layout.RECORD_STATE] = layout.STATE_OPENING;
    });
    return made.result;
  }

  write(
    record: number,
    generation: number,
    address: number,
    length: number,
    total: number,
  ): number {
    const recorded = this.peek();
    const call = this.begin(layout.CALL_WRITE, record, generation, total, 0);
    const borrowed = address !== this.reserve(length);
    // How the bytes were kept depends on where they lay; a copy of the same bytes is the same
    // write.
    const mode = recorded?.operation === layout.CALL_WRITE ? recorded.mode : layout.MODE_BYTES;
    call.writeUInt32LE(length, layout.CALL_LENGTH);
    if (borrowed) call.writeUInt32LE(address - this.shift, layout.CALL_ADDRESS);
    const fits = tailSize(mode, length) <= this.scratch.length - layout.CALL_SIZE;
    const made = this.compare(
      this.withBytes(call, address, length, fits ? mode : layout.MODE_DIGEST),
      address,
    );
    if (made && made.result >= 0) this.settle(() => this.queue(record, length));
    return made?.result ?? layout.CALL_TAKEN;
  }

  /**
   * The core raises tx.queued at once, and lowers it when the bytes are gone: by the next turn, or
   * it says so.
   */
  private queue(record: number, length: number): void {
    if (this.stateOf(record) >= layout.STATE_FAILED) return;
    if (this.wordOf(record, layout.TX_ERROR) !== 0) return;
    this.remember(record);
    this.put(record, layout.TX_QUEUED, this.wordOf(record, layout.TX_QUEUED) + length);
  }

  private remember(record: number): void {
    if (this.queued.has(record)) return;
    this.queued.set(record, this.wordOf(record, layout.TX_QUEUED));
  }

  read(record: number, generation: number, appetite: number): number {
    return this.simple(layout.CALL_READ, record, generation, appetite, 0);
  }

  finish(record: number, generation: number): number {
    return this.simple(layout.CALL_END, record, generation, 0, 0);
  }

  close(record: number, generation: number): number {
    const result = this.simple(layout.CALL_CLOSE, record, generation, 0, 0);
    if (result === layout.CALL_TAKEN) this.settle(() => this.closing(record));
    return result;
  }

  destroy(record: number, generation: number): number {
    const result = this.simple(layout.CALL_DESTROY, record, generation, 0, 0);
    if (result === layout.CALL_TAKEN) this.settle(() => this.abandon(record));
    return result;
  }

  thrown(record: number, generation: number): number {
    const result = this.simple(layout.CALL_THROWN, record, generation, 0, 0);
    if (result === layout.CALL_TAKEN) this.settle(() => this.abandon(record));
    return result;
  }

  sample(record: number, generation: number): number {
    return this.simple(layout.CALL_SAMPLE, record, generation, 0, 0);
  }

  option(record: number, generation: number, name: number, value: number): number {
    return this.simple(layout.CALL_OPTION, record, generation, name, value);
  }

  timerStart(delayLow: number, delayHigh: number, repeat: number): number {
    const made = this.compare(this.begin(layout.CALL_TIMER_START, repeat, delayLow, delayHigh, 0));
    this.timer = made?.address ?? 0;
    return made?.result ?? layout.CALL_NO_TIMER;
  }

  private timer = 0;

  timerGeneration(_timer: number): number {
    return this.timer;
  }

  timerCancel(timer: number, generation: number): number {
    return this.simple(layout.CALL_TIMER_CANCEL, timer, generation, 0, 0);
  }

  random(): number {
    return this.simple(layout.CALL_RANDOM, layout.NONE, 0, 0, 0);
  }

  stop(drain: number, deadline: number): number {
    const again = !this.turning && this.broughtStops > 0;
    if (again && this.expected?.operation !== layout.CALL_STOP) {
      this.broughtStops--;
      return layout.CALL_TAKEN;
    }
    const result = this.simple(layout.CALL_STOP, layout.NONE, 0, drain, deadline);
    this.settle(() => this.stopAll(drain !== 0));
    return result;
  }

  // ── What calls do to the records at once: the rest of a turn's deliveries depends on it ──

  private mark(record: number, work: number): void {
    this.put(record, layout.RECORD_WORK, work | this.wordOf(record, layout.RECORD_WORK));
  }

  private wordOf(record: number, offset: number): number {
    return word(this.memory, this.at(record) + offset);
  }

  private stateOf(record: number): number {
    return this.source[this.at(record) + layout.RECORD_STATE] as number;
  }

  private isConnection(record: number): boolean {
    return this.source[this.at(record) + layout.RECORD_KIND] === layout.KIND_CONNECTION;
  }

  private closing(record: number): void {
    this.mark(record, layout.WORK_WANT_CLOSE);
    if (this.isConnection(record) && this.stateOf(record) === layout.STATE_OPEN) {
      this.source[this.at(record) + layout.RECORD_STATE] = layout.STATE_CLOSING;
    }
  }

  private abandon(record: number): void {
    const state = this.stateOf(record);
    if (state >= layout.STATE_CLOSED) return;
    this.mark(record, layout.WORK_WANT_CLOSE | layout.WORK_ABANDONED);
    if (!this.isConnection(record)) return;
    this.remember(record);
    this.put(record, layout.TX_QUEUED, 0);
    if (state === layout.STATE_OPEN || state === layout.STATE_CLOSING) {
      this.source[this.at(record) + layout.RECORD_STATE] = layout.STATE_FAILED;
    }
  }

  private stopAll(drain: boolean): void {
    for (const record of this.used) {
      const state = this.stateOf(record);
      if (state === layout.STATE_FREE || state >= layout.STATE_CLOSED) continue;
      if (!drain) this.abandon(record);
      else if (!this.isConnection(record) || state < layout.STATE_OPEN) this.closing(record);
    }
  }

  // ── Comparing ──

  private begin(
    operation: number,
    record: number,
    generation: number,
    argument: number,
    value: number,
  ): Buffer {
    const call = this.scratch;
    call.fill(0, 0, layout.CALL_SIZE);
    call[layout.CALL_OPERATION] = operation;
    call[layout.CALL_OUTSIDE] = this.turning ? 0 : 1;
    call.writeInt32LE(record | 0, layout.CALL_RECORD);
    call.writeInt32LE(generation | 0, layout.CALL_GENERATION);
    call.writeInt32LE(argument | 0, layout.CALL_ARGUMENT);
    call.writeInt32LE(value | 0, layout.CALL_VALUE);
    return call;
  }

  private withBytes(call: Buffer, address: number, length: number, mode: number): Buffer {
    call[layout.CALL_MODE] = mode;
    call.writeUInt32LE(length, layout.CALL_LENGTH);
    const size = tailSize(mode, length);
    if (mode === layout.MODE_BYTES) {
      call.fill(0, layout.CALL_SIZE + size - Math.min(size, 8), layout.CALL_SIZE + size);
      this.source.copy(call, layout.CALL_SIZE, address, address + length);
    } else if (mode === layout.MODE_DIGEST) {
      for (let from = 0; from < length; from += layout.DIGEST_CHUNK) {
        const chunk = Math.min(layout.DIGEST_CHUNK, length - from);
        const at = layout.CALL_SIZE + (from / layout.DIGEST_CHUNK) * 8;
        call.writeBigUInt64LE(this.digest(address + from, chunk), at);
      }
    }
    return call.subarray(0, layout.CALL_SIZE + size);
  }

  private simple(
    operation: number,
    record: number,
    generation: number,
    argument: number,
    value: number,
  ): number {
    return (
      this.compare(this.begin(operation, record, generation, argument, value))?.result ??
      layout.CALL_STALE
    );
  }

  private pending: Call | undefined;

  /** The recorded call that the next one is compared with. */
  private peek(): Call | undefined {
    if (!this.turning) return this.outside[this.outsideMade];
    this.pending ??= this.calls?.next().value ?? undefined;
    return this.pending;
  }

  /**
   * Holds the call against the recording; answers the recorded one, or undefined when there is no
   * such.
   */
  private compare(replayed: Buffer, address = 0): Call | undefined {
    const recorded = this.peek();
    this.lastOutside = this.turning ? undefined : this.outsideMade++;
    this.pending = undefined;
    if (recorded) {
      // What the recording answered is given, not compared.
      replayed.writeInt32LE(recorded.result, layout.CALL_RESULT);
      const named =
        recorded.operation <= layout.CALL_CONNECT || recorded.operation === layout.CALL_TIMER_START;
      if (named) replayed.writeUInt32LE(recorded.address, layout.CALL_ADDRESS);
    }
    if (!this.divergence && (recorded || !this.unknowable())) this.diff(recorded, replayed);
    if (this.observer) this.observe(replayed, address);
    // Even past a difference the program gets an answer that fits its call, so that it can come
    // back.
    return recorded?.operation === replayed[layout.CALL_OPERATION] ? recorded : undefined;
  }

  private diff(recorded: Call | undefined, replayed: Buffer): void {
    if (recorded && replayed.equals(recorded.raw)) return;
    const call = splitCalls(Buffer.from(replayed)).next().value;
    this.diverge(compareCalls(this.turnOf(), recorded, call ?? undefined));
  }

  private observe(replayed: Buffer, address: number): void {
    const call = splitCalls(Buffer.from(replayed)).next().value;
    if (!call) return;
    const bytes = address === 0 ? undefined : this.source.subarray(address, address + call.length);
    this.observer?.(call, bytes, this.turnOf());
  }

  /** The turn that a call made now belongs to. */
  private turnOf(): number {
    return (this.current?.turn ?? 0) + (this.turning ? 0 : 1);
  }

  /**
   * A recording that ended inside the turn cannot say what came next. Nor can one say what its
   * program would have called from outside after its end; only what a program does before its first
   * turn has no such excuse.
   */
  private unknowable(): boolean {
    return this.turning ? this.current?.ended === false : this.current !== undefined;
  }

  private diverge(divergence: Divergence | undefined): void {
    this.divergence ??= divergence;
  }
}
