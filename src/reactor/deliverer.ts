// Deliver: walks the core's delivery list and calls the handlers, one by one. Here live the objects
// that stand for records and timers.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';
import { systemError } from '../errors';
import { readPeer } from './address';
import { type Calls, ownerKey } from './calls';
import { Connection } from './connection';
import { HandlerTable } from './handler-table';
import type { Handlers } from './handlers';
import { Listener } from './listener';
import type { Operations } from './operations';
import type { Source } from './source';
import type { TimerRegistry } from './timer';

export class Deliverer {
  readonly handlers = new HandlerTable();
  private readonly calls: Calls;
  private readonly memory: ReactorMemory;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly deliveries: number;
  private readonly records: number;
  private readonly connections: (Connection | undefined)[] = [];
  /** Dialled connections whose place still has its old owner: only a replay is that early. */
  private readonly coming: Connection[] = [];
  // By place and generation: a place may get its next owner before the last one heard its last.
  private readonly listeners = new Map<number, Listener>();
  readonly timers: TimerRegistry = new Map();
  private readonly sources = new Map<number, Source>();
  private readonly operations: Operations;
  private readonly finished: Connection[] = [];

  constructor(calls: Calls, operations: Operations) {
    const { memory } = calls;
    this.calls = calls;
    this.operations = operations;
    this.memory = memory;
    this.words = memory.words;
    this.bytes = memory.bytes;
    this.deliveries = word(memory, layout.DELIVERIES_BASE) >> 2;
    this.records = word(memory, layout.RECORDS_BASE);
  }

  addListener(record: number, generation = this.generationOf(record)): Listener {
    const listener = new Listener(this.calls, record, generation);
    this.listeners.set(ownerKey(record, generation), listener);
    return listener;
  }

  /** A source that is neither a listener nor a connection: it hears of itself. */
  addSource(source: Source): void {
    this.sources.set(ownerKey(source.record, source.generation), source);
  }

  addConnection(record: number, generation = this.generationOf(record)): Connection {
    if (generation === this.generationOf(record)) return this.connectionAt(record);
    const connection = new Connection(this.calls, record, generation);
    this.coming.push(connection);
    return connection;
  }

  /** Of the record's owner, as memory says it. */
  generationOf(record: number): number {
    return this.words[(this.records + record * layout.RECORD_SIZE) >> 2] as number;
  }

  /** The one object for the record's owner, made when first asked for. */
  connectionAt(record: number): Connection {
    const known = this.knownAt(record);
    if (known) return known;
    const connection = new Connection(this.calls, record, this.generationOf(record));
    this.connections[record] = connection;
    return connection;
  }

  private knownAt(record: number): Connection | undefined {
    const known = this.connections[record];
    if (known || this.coming.length === 0) return known;
    const generation = this.generationOf(record);
    const place = this.coming.findIndex(
      (connection) => connection.record === record && connection.generation === generation,
    );
    if (place >= 0) this.connections[record] = this.coming.splice(place, 1)[0];
    return this.connections[record];
  }

  deliverAll(): void {
    const total = word(this.memory, layout.DELIVERY_COUNT);
    for (let place = 0; place < total; place++) {
      const at = this.deliveries + place * (layout.DELIVERY_SIZE >> 2);
      const kind = (this.words[at] as number) & 0xff;
      const record = this.words[at + (layout.DELIVERY_RECORD >> 2)] as number;
      if (kind === layout.DELIVER_TIMER || kind === layout.DELIVER_IDLE) {
        this.deliverTimer(record, at);
        continue;
      }
      if (kind === layout.DELIVER_DONE || kind === layout.DELIVER_PART) {
        this.operations.hear(at << 2);
        continue;
      }
      try {
        const result = this.deliverRecord(kind, record, at);
        if (result !== undefined) this.watch(result, record);
      } catch (error) {
        this.calls.fail(error, { record, generation: this.generationOf(record) });
      }
    }
  }

  private deliverRecord(kind: number, record: number, at: number): void | Promise<void> {
    const source = this.records + record * layout.RECORD_SIZE;
    const state = this.bytes[source + layout.RECORD_STATE] as number;
    switch (this.bytes[source + layout.RECORD_KIND]) {
      case layout.KIND_CONNECTION:
        return this.deliverConnection(kind, record, at, state);
      case layout.KIND_LISTENER:
        return this.deliverListener(kind, record, at);
      default:
        return this.deliverSource(kind, record, at, state);
    }
  }

  private deliverSource(
    kind: number,
    record: number,
    at: number,
    state: number,
  ): void | Promise<void> {
    const generation = this.words[at + (layout.DELIVERY_GENERATION >> 2)] as number;
    const source = this.sources.get(ownerKey(record, generation));
    if (!source) return;
    if (kind === layout.DELIVER_CLOSE) {
      this.sources.delete(ownerKey(record, generation));
      this.calls.forget(source);
      return source.finish();
    }
    const errno = this.words[at + (layout.DELIVERY_VALUE >> 2)] as number;
    if (kind === layout.DELIVER_ERROR) {
      if (this.work(record) & layout.WORK_ABANDONED) return;
      return source.failed(errno, this.words[at + (layout.DELIVERY_LENGTH >> 2)] === 1);
    }
    if (!this.listening(record, state)) return;
    const address = this.words[at + (layout.DELIVERY_ADDRESS >> 2)] as number;
    const length = this.words[at + (layout.DELIVERY_LENGTH >> 2)] as number;
    const bytes = new Uint8Array(this.memory.buffer, address, length);
    switch (kind) {
      case layout.DELIVER_OPEN:
        return source.opened(bytes);
      case layout.DELIVER_DATA:
        return source.arrived(bytes);
      case layout.DELIVER_CHANGE:
        return source.changed();
      default:
        return source.drained();
    }
  }

  private deliverConnection(
    kind: number,
    record: number,
    at: number,
    state: number,
  ): void | Promise<void> {
    const set = this.words[at + (layout.DELIVERY_HANDLERS >> 2)] as number;
    const handlers = this.handlers.handlers(set);
    switch (kind) {
      case layout.DELIVER_DATA: {
        const reader = this.connections[record]?.reader;
        if ((!handlers.data && !reader) || !this.listening(record, state)) return;
        const address = this.words[at + (layout.DELIVERY_ADDRESS >> 2)] as number;
        const length = this.words[at + (layout.DELIVERY_LENGTH >> 2)] as number;
        const bytes = new Uint8Array(this.memory.buffer, address, length);
        reader?.arrived(bytes);
        return handlers.data?.(this.connectionAt(record), bytes);
      }
      case layout.DELIVER_OPEN:
        if (this.words[at + (layout.DELIVERY_LISTENER >> 2)] !== 0) this.handlers.use(set);
        if (!this.listening(record, state)) return;
        this.tellListener(handlers, record, at);
        return handlers.open?.(this.connectionAt(record));
      case layout.DELIVER_CHANGE:
        if (state !== layout.STATE_OPEN || !this.listening(record, state)) return;
        return handlers.change?.(this.connectionAt(record));
      case layout.DELIVER_DRAIN:
        if (state !== layout.STATE_OPEN || !this.listening(record, state)) return;
        return handlers.drain?.(this.connectionAt(record));
      case layout.DELIVER_END:
        if (state !== layout.STATE_OPEN || !this.listening(record, state)) return;
        this.connections[record]?.reader?.finish();
        return handlers.end?.(this.connectionAt(record));
      case layout.DELIVER_ERROR:
        if (this.work(record) & layout.WORK_ABANDONED) return;
        return this.deliverError(handlers, record, at);
      case layout.DELIVER_CLOSE:
        this.handlers.release(set);
        return this.deliverClose(handlers, record);
      default:
        throw new Error(`The core delivered kind ${kind}, which does not exist.`);
    }
  }

  /** A `for await` over the listener takes who was accepted. */
  private tellListener(handlers: Handlers, record: number, at: number): void {
    const accepting = (this.words[at + (layout.DELIVERY_LISTENER >> 2)] as number) - 1;
    if (accepting < 0) return;
    const listener = this.listeners.get(ownerKey(accepting, this.generationOf(accepting)));
    if (!listener?.iterated) return;
    listener.accepted(this.connectionAt(record), handlers.data !== undefined);
  }

  /**
   * Open, or failed behind what is delivered here; but not closed by a handler in this very turn.
   */
  private listening(record: number, state: number): boolean {
    if (state !== layout.STATE_OPEN && state !== layout.STATE_FAILED) return false;
    return (this.work(record) & layout.WORK_WANT_CLOSE) === 0;
  }

  private work(record: number): number {
    return this.words[
      (this.records + record * layout.RECORD_SIZE + layout.RECORD_WORK) >> 2
    ] as number;
  }

  private deliverError(handlers: Handlers, record: number, at: number): void | Promise<void> {
    const errno = this.words[at + (layout.DELIVERY_VALUE >> 2)] as number;
    const set = this.words[at + (layout.DELIVERY_HANDLERS >> 2)] as number;
    const subject = this.handlers.subject(set);
    const source = this.records + record * layout.RECORD_SIZE;
    const dialled = this.words[(source + layout.RECORD_LISTENER) >> 2] === 0;
    const silent = (this.words[(source + layout.RECORD_BYTES_IN) >> 2] as number) === 0;
    const syscall = this.words[(source + layout.TX_ERROR) >> 2]
      ? 'write'
      : dialled && silent
        ? this.handlers.doing(set)
        : 'read';
    const reader = this.knownAt(record)?.reader;
    if (!handlers.error && !reader) return;
    const error = systemError(errno, syscall, subject);
    reader?.failed(error);
    return handlers.error?.(this.connectionAt(record), error);
  }

  private deliverClose(handlers: Handlers, record: number): void | Promise<void> {
    const known = this.knownAt(record);
    if (!known && !handlers.close) return;
    const connection = known ?? this.connectionAt(record);
    connection.finish();
    this.finished.push(connection);
    return handlers.close?.(connection);
  }

  /** The turn is over: records whose `close` was delivered are being freed. */
  forgetClosed(): void {
    if (this.finished.length === 0) return;
    for (const connection of this.finished) {
      this.connections[connection.record] = undefined;
      this.calls.forget(connection);
    }
    this.finished.length = 0;
  }

  /** The reactor is over. Who is still here then never heard of a close: the core was damaged. */
  abandon(): void {
    for (const source of this.sources.values()) source.leave();
    for (const listener of this.listeners.values()) listener.finish();
    this.sources.clear();
    this.listeners.clear();
    this.timers.clear();
  }

  private deliverListener(kind: number, record: number, at: number): void | Promise<void> {
    const generation = this.words[at + (layout.DELIVERY_GENERATION >> 2)] as number;
    const listener = this.listeners.get(ownerKey(record, generation));
    if (!listener) return;
    const set = this.words[at + (layout.DELIVERY_HANDLERS >> 2)] as number;
    const handlers = this.handlers.handlers(set);
    switch (kind) {
      case layout.DELIVER_LISTENING:
        listener.listening(
          readPeer(this.bytes, this.words[at + (layout.DELIVERY_ADDRESS >> 2)] as number),
          this.words[at + (layout.DELIVERY_VALUE >> 2)] as number,
        );
        return handlers.listening?.(listener);
      case layout.DELIVER_CHANGE:
        return listener.closed ? undefined : handlers.listenerChange?.(listener);
      case layout.DELIVER_ERROR: {
        const errno = this.words[at + (layout.DELIVERY_VALUE >> 2)] as number;
        const error = systemError(
          errno,
          listener.address ? 'accept' : 'listen',
          this.handlers.subject(set),
        );
        const heard = listener.address ? true : listener.failed(error);
        if (handlers.listenerError) return handlers.listenerError(listener, error);
        if (!heard) this.calls.rethrow(error);
        return;
      }
      case layout.DELIVER_CLOSE:
        listener.finish();
        this.listeners.delete(ownerKey(record, generation));
        this.calls.forget(listener);
        this.handlers.release(set);
        return;
      default:
        return;
    }
  }

  private deliverTimer(index: number, at: number): void {
    const generation = this.words[at + (layout.DELIVERY_GENERATION >> 2)] as number;
    const timer = this.timers.get(ownerKey(index, generation));
    if (!timer) return;
    if (!timer.repeats) timer.finish();
    try {
      const result = timer.handler(timer, this.words[at + (layout.DELIVERY_VALUE >> 2)] as number);
      if (result !== undefined) this.watch(result, layout.NONE);
    } catch (error) {
      this.calls.fail(error, { record: layout.NONE, generation: 0 });
    }
  }

  private watch(result: unknown, record: number): void {
    if (typeof (result as PromiseLike<void>)?.then !== 'function') return;
    const generation = record === layout.NONE ? 0 : this.generationOf(record);
    (result as PromiseLike<void>).then(undefined, (error) =>
      this.calls.fail(error, { record, generation }),
    );
  }
}
