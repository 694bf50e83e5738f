// The core of a program replay: no state machine, only a trace. A turn's deliveries and record
// updates come from the recording; each call is compared with the recorded one and answered with
// its recorded result. So a program replay depends on the documented format alone, and outlives
// every version of the Wasm core.
import * as layout from '../../assembly/layout';
import type { Core } from '../core/core';
import { type ReactorMemory, word } from '../core/memory';
import { CallComparison, type CallObserver } from './call-comparison';
import type { Call } from './calls';
import type { Divergence } from './divergence';
import type { TraceHeader } from './format';
import { RecordImage } from './record-image';
import type { TurnBlock } from './trace';

export class ProgramCore implements Core {
  private readonly memory: ReactorMemory;
  private readonly source: Buffer;
  private readonly shift: number;
  private readonly image: RecordImage;
  private readonly comparison: CallComparison;
  private current: TurnBlock | undefined;
  /** Calls from outside that the turns up to the next one have consumed. */
  private due = 0;
  /** What calls from outside do that came before the turn which consumed them. */
  private held: { readonly place: number; readonly effect: () => void }[] = [];
  /** Ends from outside that the replay brought, and which the program may still bring as well. */
  private broughtStops = 0;
  private timer = 0;
  private operation = 0;
  /** Handlers of the streams of what was spawned last. */
  private streams = 0;

  constructor(
    memory: ReactorMemory,
    header: TraceHeader,
    outside: readonly Call[],
    observer: CallObserver | undefined,
  ) {
    this.memory = memory;
    this.source = Buffer.from(memory.buffer);
    this.shift = word(memory, layout.READ_ARENA_BASE) - header.readArena;
    this.image = new RecordImage(memory, this.shift);
    this.comparison = new CallComparison(memory, this.shift, outside, observer);
    this.set(layout.RECORDS_USED, 1);
  }

  private set(address: number, value: number): void {
    this.memory.words[address >> 2] = value;
  }

  get divergence(): Divergence | undefined {
    return this.comparison.divergence;
  }

  /** Did the program make the call from outside at this place of the recording? */
  hasMade(place: number): boolean {
    return this.comparison.hasMade(place);
  }

  /**
   * From now on so many calls from outside belong before the next turn; those that came early take
   * effect.
   */
  land(due: number): void {
    this.due = due;
    if (this.held.length === 0) return;
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
    this.comparison.load(turn);
  }

  /** No turn follows: a reactor that waits for its end may have it. */
  finishAll(): void {
    this.set(layout.RECORDS_USED, 0);
  }

  turn(): void {
    const turn = this.current;
    if (!turn) throw new Error('A turn was begun without one being loaded.');
    this.memory.longs[layout.TURN >> 3] = BigInt(turn.turn);
    this.memory.longs[layout.NOW >> 3] = turn.now;
    for (const { address, bytes } of turn.payload) bytes.copy(this.source, address + this.shift);
    this.image.begin(turn.turn, turn.deliveries, turn.updates);
    this.comparison.begin();
  }

  end(): void {
    this.comparison.end();
    this.image.end();
    this.set(layout.DELIVERY_COUNT, 0);
  }

  // ── What the program calls ──

  opened: number | undefined;

  /** Does what the last call does: now, or when the turn comes that consumed it. */
  private settle(effect: () => void): void {
    const place = this.comparison.lastOutside;
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
    const argument = port | (options << 16);
    const made = this.comparison.named(
      operation,
      handlers,
      wants,
      argument,
      backlog,
      address,
      length,
    );
    return this.make(made, dial ? layout.KIND_CONNECTION : layout.KIND_LISTENER, handlers);
  }

  /** The record that the recording has for a call which makes one. */
  private make(made: Call | undefined, kind: number, handlers: number): number {
    if (!made || made.result >= this.memory.limits.connections) return layout.CALL_NO_RECORD;
    if (made.result < 0) return made.result;
    // As the record will say it: a signed word.
    this.opened = made.address | 0;
    this.settle(() => this.image.make(made.result, made.address, kind, 0, handlers));
    return made.result;
  }

  write(
    record: number,
    generation: number,
    address: number,
    length: number,
    total: number,
  ): number {
    const result = this.comparison.write(record, generation, address, length, total);
    if (result === undefined) return layout.CALL_TAKEN;
    if (result >= 0) {
      if (this.comparison.inTurn) this.image.queue(record, length);
      else this.settle(() => this.image.queue(record, length));
    }
    return result;
  }

  read(record: number, generation: number, appetite: number): number {
    return this.simple(layout.CALL_READ, record, generation, appetite, 0);
  }

  finish(record: number, generation: number): number {
    return this.simple(layout.CALL_END, record, generation, 0, 0);
  }

  close(record: number, generation: number): number {
    const result = this.simple(layout.CALL_CLOSE, record, generation, 0, 0);
    if (result === layout.CALL_TAKEN) this.settle(() => this.image.close(record));
    return result;
  }

  destroy(record: number, generation: number): number {
    const result = this.simple(layout.CALL_DESTROY, record, generation, 0, 0);
    if (result === layout.CALL_TAKEN) this.settle(() => this.image.abandon(record));
    return result;
  }

  thrown(record: number, generation: number): number {
    const result = this.simple(layout.CALL_THROWN, record, generation, 0, 0);
    if (result === layout.CALL_TAKEN) this.settle(() => this.image.abandon(record));
    return result;
  }

  sample(record: number, generation: number): number {
    return this.simple(layout.CALL_SAMPLE, record, generation, 0, 0);
  }

  option(record: number, generation: number, name: number, value: number): number {
    return this.simple(layout.CALL_OPTION, record, generation, name, value);
  }

  openSource(
    kind: number,
    address: number,
    length: number,
    argument: number,
    value: number,
    handlers: number,
    wants: number,
  ): number {
    const made = this.comparison.named(
      layout.CALL_OPEN,
      handlers,
      wants | (kind << 16),
      argument,
      value,
      address,
      length,
    );
    return this.make(made, kind, handlers);
  }

  spawn(
    address: number,
    length: number,
    streams: number,
    ofStreams: number,
    streamWants: number,
    handlers: number,
    wants: number,
  ): number {
    const owner = wants | (streamWants << 16);
    const operation = layout.CALL_SPAWN;
    const { comparison } = this;
    const made = comparison.named(operation, handlers, owner, streams, ofStreams, address, length);
    this.streams = ofStreams;
    return this.make(made, layout.KIND_PROCESS, handlers);
  }

  takenStream(which: number): number {
    const made = this.comparison.call(layout.CALL_TAKEN_STREAM, which, 0, 0, 0);
    return this.make(made, layout.KIND_CONNECTION, this.streams);
  }

  sendTo(record: number, generation: number, address: number, length: number): number {
    const operation = layout.CALL_SEND_TO;
    const made = this.comparison.named(operation, record, generation, 0, 0, address, length);
    const result = made?.result ?? layout.CALL_TAKEN;
    if (result >= 0) this.settle(() => this.image.queue(record, length));
    return result;
  }

  operate(
    record: number,
    generation: number,
    task: number,
    offsetLow: number,
    offsetHigh: number,
    address: number,
    length: number,
  ): number {
    const made = this.comparison.operation(
      record,
      generation,
      task,
      offsetLow,
      offsetHigh,
      address,
      length,
    );
    this.operation = (made?.address ?? 0) | 0;
    return made?.result ?? layout.CALL_NO_OPERATION;
  }

  sendFile(
    record: number,
    generation: number,
    file: number,
    fileGeneration: number,
    address: number,
    via: number,
  ): number {
    const range = { address, length: 16 };
    const made = this.comparison.sendFile(record, generation, file, fileGeneration, range, via);
    this.operation = (made?.address ?? 0) | 0;
    return made?.result ?? layout.CALL_NO_OPERATION;
  }

  operationGeneration(_operation: number): number {
    return this.operation;
  }

  timerStart(delayLow: number, delayHigh: number, repeat: number): number {
    return this.beat(layout.CALL_TIMER_START, delayLow, delayHigh, repeat);
  }

  idleStart(withinLow: number, withinHigh: number, repeat: number): number {
    return this.beat(layout.CALL_IDLE_START, withinLow, withinHigh, repeat);
  }

  /** A timer or an idle watcher: one table has both. */
  private beat(operation: number, delayLow: number, delayHigh: number, repeat: number): number {
    const made = this.comparison.call(operation, repeat, delayLow, delayHigh, 0);
    // As deliveries will say it: a signed word.
    this.timer = (made?.address ?? 0) | 0;
    return made?.result ?? layout.CALL_NO_TIMER;
  }

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
    const again = !this.comparison.inTurn && this.broughtStops > 0;
    if (again && !this.comparison.expectsStop) {
      this.broughtStops--;
      return layout.CALL_TAKEN;
    }
    const result = this.simple(layout.CALL_STOP, layout.NONE, 0, drain, deadline);
    this.settle(() => this.image.stop(drain !== 0));
    return result;
  }

  trigger(record: number, generation: number, mode: number): number {
    return this.simple(layout.CALL_TRIGGER, record, generation, mode, 0);
  }

  enable(record: number, generation: number): number {
    return this.simple(layout.CALL_ENABLE, record, generation, 0, 0);
  }

  lease(address: number, length: number): number {
    return this.comparison.lease(address, length)?.result ?? layout.CALL_NO_LEASE;
  }

  unlease(lease: number): number {
    return this.simple(layout.CALL_UNLEASE, lease, 0, 0, 0);
  }

  private simple(
    operation: number,
    record: number,
    generation: number,
    argument: number,
    value: number,
  ): number {
    const made = this.comparison.call(operation, record, generation, argument, value);
    return made?.result ?? layout.CALL_STALE;
  }
}
