// Comparison: holds each call that the program makes against the recorded one. The first difference
// is kept; past it the program still gets answers, so that it can come back.
import * as layout from '../../assembly/layout';
import { type Digest, instantiateDigest } from '../core/core';
import { type ReactorMemory, word } from '../core/memory';
import { type Call, callAt, splitCalls, tailSize } from './calls';
import { compareCalls, type Divergence } from './divergence';
import { OutsideCalls } from './outside-calls';
import type { TurnBlock } from './trace';

/**
 * Hears of every call that the program makes, with the recorded result. Bytes are valid at the call
 * only.
 */
export type CallObserver = (call: Call, bytes: Uint8Array | undefined, turn: number) => void;

export class CallComparison {
  /** The first difference; from then on calls are no longer compared. */
  divergence: Divergence | undefined;
  /** The last call's place among those from outside; undefined when it was made in a turn. */
  lastOutside: number | undefined;
  private readonly source: Buffer;
  private readonly digest: Digest;
  private readonly bounce: number;
  private readonly shift: number;
  private readonly scratch: Buffer;
  /** Calls from outside that the recording holds, in order, and which of them were made. */
  private readonly outside: readonly Call[];
  private readonly places: OutsideCalls;
  private readonly observer: CallObserver | undefined;
  private current: TurnBlock | undefined;
  private turning = false;
  /** Where in the turn's calls the next one stands. */
  private at = 0;

  constructor(
    memory: ReactorMemory,
    shift: number,
    outside: readonly Call[],
    observer: CallObserver | undefined,
  ) {
    this.source = Buffer.from(memory.buffer);
    this.digest = instantiateDigest(memory);
    this.bounce = word(memory, layout.BOUNCE_BASE);
    this.shift = shift;
    this.outside = outside;
    this.places = new OutsideCalls(outside);
    this.observer = observer;
    const digests = tailSize(layout.MODE_DIGEST, memory.limits.readBytes);
    this.scratch = Buffer.alloc(layout.CALL_SIZE + Math.max(layout.DATAGRAM_ROOM, digests));
  }

  /** Was the call from outside at this place made? */
  hasMade(place: number): boolean {
    return this.places.taken(place);
  }

  /** Does the recording hold an end from outside that was not made yet? */
  get expectsStop(): boolean {
    return this.places.next(layout.CALL_STOP, layout.NONE, 0) !== undefined;
  }

  get inTurn(): boolean {
    return this.turning;
  }

  load(turn: TurnBlock): void {
    this.current = turn;
  }

  begin(): void {
    this.turning = true;
    this.at = 0;
  }

  /** The turn's handlers are done: a recorded call that they did not make is missing. */
  end(): void {
    this.turning = false;
    const { current } = this;
    if (this.divergence || !current?.ended) return;
    const missing = callAt(current.calls, this.at);
    if (missing) this.divergence = compareCalls(current.turn, missing, undefined);
  }

  /** A call without bytes. Answers the recorded one, or undefined when there is no such. */
  call(
    operation: number,
    record: number,
    generation: number,
    argument: number,
    value: number,
  ): Call | undefined {
    this.encode(operation, record, generation, argument, value);
    return this.compare(this.scratch.subarray(0, layout.CALL_SIZE));
  }

  /** A listen or connect: its name is recorded whole. */
  named(
    operation: number,
    handlers: number,
    wants: number,
    argument: number,
    backlog: number,
    address: number,
    length: number,
  ): Call | undefined {
    this.encode(operation, handlers, wants, argument, backlog);
    return this.compare(this.withBytes(address, length, layout.MODE_BYTES));
  }

  /** An operation: bytes that it writes, or how many it asks for. */
  operation(
    record: number,
    generation: number,
    task: number,
    offsetLow: number,
    offsetHigh: number,
    address: number,
    length: number,
  ): Call | undefined {
    const operation = layout.CALL_OPERATE;
    const call = this.encode(operation, record, generation, offsetLow, offsetHigh);
    call[layout.CALL_DETAIL] = task;
    if (address !== 0) return this.compare(this.withBytes(address, length, layout.MODE_BYTES));
    call.writeUInt32LE(length, layout.CALL_LENGTH);
    return this.compare(call.subarray(0, layout.CALL_SIZE));
  }

  /** A range of a file, which lies in memory as it is recorded. */
  sendFile(
    record: number,
    generation: number,
    file: number,
    fileGeneration: number,
    { address, length }: { readonly address: number; readonly length: number },
    via: number,
  ): Call | undefined {
    this.encode(layout.CALL_SEND_FILE, record, generation, file, fileGeneration);
    this.scratch[layout.CALL_DETAIL] = via;
    return this.compare(this.withBytes(address, length, layout.MODE_BYTES));
  }

  /** Bytes are kept where they lie. */
  lease(address: number, length: number): Call | undefined {
    const call = this.encode(layout.CALL_LEASE, layout.NONE, 0, length, 0);
    call.writeUInt32LE(this.recordedAddress(address), layout.CALL_ADDRESS);
    return this.compare(call.subarray(0, layout.CALL_SIZE));
  }

  /** A write; answers the recorded result. */
  write(
    record: number,
    generation: number,
    address: number,
    length: number,
    total: number,
  ): number | undefined {
    const quick = this.quickWrite(record, generation, address, length, total);
    if (quick !== undefined) return quick;
    const recorded = this.peek(layout.CALL_WRITE, record, generation);
    // How the bytes were kept depends on where they lay; a copy of the same bytes is the same
    // write.
    const mode = recorded?.operation === layout.CALL_WRITE ? recorded.mode : layout.MODE_BYTES;
    const fits = tailSize(mode, length) <= this.scratch.length - layout.CALL_SIZE;
    const call = this.encode(layout.CALL_WRITE, record, generation, total, 0);
    call.writeUInt32LE(this.recordedAddress(address), layout.CALL_ADDRESS);
    const whole = this.withBytes(address, length, fits ? mode : layout.MODE_DIGEST);
    return this.compare(whole, address)?.result;
  }

  /** The same for the one write that is most of a trace, without building it first. */
  private quickWrite(
    record: number,
    generation: number,
    address: number,
    length: number,
    total: number,
  ): number | undefined {
    if (!this.turning || this.observer || this.divergence) return undefined;
    const calls = (this.current as TurnBlock).calls;
    const { at } = this;
    const tail = at + layout.CALL_SIZE;
    const end = tail + tailSize(layout.MODE_BYTES, length);
    if (end > calls.length) return undefined;
    if (calls.readUInt32LE(at) !== (layout.CALL_WRITE | (layout.MODE_BYTES << 8))) return undefined;
    if (
      calls.readInt32LE(at + layout.CALL_RECORD) !== record ||
      calls.readInt32LE(at + layout.CALL_GENERATION) !== (generation | 0) ||
      calls.readInt32LE(at + layout.CALL_ARGUMENT) !== total ||
      calls.readInt32LE(at + layout.CALL_VALUE) !== 0 ||
      calls.readInt32LE(at + layout.CALL_LENGTH) !== length ||
      calls.readUInt32LE(at + layout.CALL_ADDRESS) !== this.recordedAddress(address)
    ) {
      return undefined;
    }
    if (this.source.compare(calls, tail, tail + length, address, address + length) !== 0) {
      return undefined;
    }
    for (let place = tail + length; place < end; place++) if (calls[place] !== 0) return undefined;
    this.at = end;
    this.lastOutside = undefined;
    return calls.readInt32LE(at + layout.CALL_RESULT);
  }

  /** As the recording says it: where borrowed bytes lay, 0 for copied ones. */
  private recordedAddress(address: number): number {
    return address === this.bounce ? 0 : address - this.shift;
  }

  private encode(
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

  private withBytes(address: number, length: number, mode: number): Buffer {
    const call = this.scratch;
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

  /** The recorded call that the next one is compared with. */
  private peek(operation: number, record: number, generation: number): Call | undefined {
    if (this.turning) return callAt((this.current as TurnBlock).calls, this.at);
    const place = this.places.next(operation, record, generation);
    return place === undefined ? undefined : this.outside[place];
  }

  private compare(replayed: Buffer, address = 0): Call | undefined {
    const recorded = this.peek(
      replayed[layout.CALL_OPERATION] as number,
      replayed.readInt32LE(layout.CALL_RECORD),
      replayed.readInt32LE(layout.CALL_GENERATION),
    );
    this.lastOutside = this.turning ? undefined : this.places.take(recorded);
    if (recorded) {
      if (this.turning) this.at += recorded.raw.length;
      giveResults(recorded, replayed);
    }
    if (!this.divergence && (recorded || !this.unknowable())) this.diff(recorded, replayed);
    if (this.observer) this.observe(replayed, address);
    return recorded?.operation === replayed[layout.CALL_OPERATION] ? recorded : undefined;
  }

  private diff(recorded: Call | undefined, replayed: Buffer): void {
    if (recorded && replayed.equals(recorded.raw)) return;
    const call = splitCalls(Buffer.from(replayed)).next().value;
    this.divergence = compareCalls(this.turnOf(), recorded, call ?? undefined);
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
    if (this.turning) return this.current?.ended === false;
    return this.current !== undefined && this.places.left === 0;
  }
}

/** Calls that answer a place whose owner's generation is kept beside it. */
const NAMING: ReadonlySet<number> = new Set([
  layout.CALL_TIMER_START,
  layout.CALL_IDLE_START,
  layout.CALL_OPERATE,
  layout.CALL_SEND_FILE,
  layout.CALL_TAKEN_STREAM,
]);

/** What the recording answered is given, not compared; and so is where the handlers are kept. */
function giveResults(recorded: Call, replayed: Buffer): void {
  const { operation, record, argument, value, result, address } = recorded;
  replayed.writeInt32LE(result, layout.CALL_RESULT);
  if (operation !== replayed[layout.CALL_OPERATION]) return;
  const spawns = operation === layout.CALL_SPAWN;
  const opens = operation <= layout.CALL_CONNECT || operation === layout.CALL_OPEN || spawns;
  const names = NAMING.has(operation);
  if (spawns) replayed.writeInt32LE(value, layout.CALL_VALUE);
  if (opens) replayed.writeInt32LE(record, layout.CALL_RECORD);
  if (foreignNumber(recorded)) replayed.writeInt32LE(argument, layout.CALL_ARGUMENT);
  if (opens || names) {
    replayed.writeUInt32LE(address, layout.CALL_ADDRESS);
  }
}

/**
 * The number of a descriptor to adopt, or of a process to watch: made by somebody else, who may
 * have got another one this time.
 */
function foreignNumber({ operation, generation, length }: Call): boolean {
  if (operation !== layout.CALL_OPEN) return false;
  const kind = generation >>> 16;
  return kind === layout.KIND_CONNECTION || (kind === layout.KIND_PROCESS && length === 0);
}
