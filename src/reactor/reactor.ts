// The reactor: owns the memory, the core and the host, and runs one turn at a time. It never asks
// which host it has, and knows no clock, no randomness and no I/O of its own.
import * as layout from '../../assembly/layout';
import { type Core, instantiateCore } from '../core/core';
import { completeLimits, type Limits } from '../core/limits';
import { createMemory, long, type ReactorMemory, STREAM_MARGIN, word } from '../core/memory';
import { CalandriaError, typeError } from '../errors';
import type { Host, ProgramDescription } from '../host/host';
import { checkEndpoint, type Endpoint } from './address';
import { checkFlag, checkFlags, checkOptions, checkSampling, checkSignal } from './arguments';
import { type Connection, writeError } from './connection';
import { type Counters, readCounters } from './counters';
import { Deliverer } from './deliverer';
import { checkHandlers, type Handlers, wantsOf } from './handlers';
import type { Listener } from './listener';
import type { ReceiveSide, SendSide } from './sides';
import { Timer, type TimerHandler } from './timer';

export interface ReactorOptions {
  readonly host: Host;
  /** Seed of `random()`. */
  readonly seed: bigint;
  readonly limits?: Partial<Limits>;
  /**
   * 'turn': ask the kernel for exact figures of every connection that was touched, once a turn.
   * Default 'none'.
   */
  readonly sampling?: 'none' | 'turn';
  /** Overwrites delivered bytes when their turn ends, so that a view kept too long shows. */
  readonly debug?: boolean;
  /** Closes the reactor at once when aborted. */
  readonly signal?: AbortSignal;
  /** Names the program in a trace. */
  readonly program?: ProgramDescription;
}

export interface ListenOptions extends Endpoint {
  /** Most connections that may wait to be accepted. Default 511. */
  readonly backlog?: number;
  readonly reusePort?: boolean;
  /** TCP_NODELAY on what is accepted. Default true. */
  readonly noDelay?: boolean;
  readonly keepAlive?: boolean;
  /** On an IPv6 address: do not take IPv4 too. */
  readonly ipv6Only?: boolean;
  /** Closes the listener when aborted. */
  readonly signal?: AbortSignal;
}

export type ConnectOptions = Omit<ListenOptions, 'backlog' | 'reusePort' | 'ipv6Only'>;

export interface CloseOptions {
  /**
   * Stop listening, but let connections send what they hold and close once they are quiet. Default
   * false.
   */
  readonly drain?: boolean;
  /** Milliseconds after which what is left is destroyed. Default 5,000 with `drain`. */
  readonly deadline?: number;
}

export interface TimerOptions {
  readonly repeat?: boolean;
}

/** The largest delay of a timer: 2^53 - 1 ns, about 104 days. */
const DELAY_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 1e6);
const BACKLOG = 511;
/** A peer that never ends must not keep a reactor from closing, ms. */
const DRAIN_DEADLINE = 5000;

type Target = Connection | Listener;

export class Reactor {
  readonly limits: Limits;
  private readonly memory: ReactorMemory;
  private readonly core: Core;
  private readonly host: Host;
  private readonly deliverer: Deliverer;
  private readonly text: Buffer;
  private readonly callsMax: number;
  private turning = false;
  private holding = false;
  private closed = false;
  private closing: Promise<void> | undefined;
  private settleClosing: () => void = () => {};
  private readonly unreferenced = new Set<object>();

  constructor(options: ReactorOptions) {
    const { host } = options;
    checkFlag('debug', options.debug);
    checkSampling(options.sampling);
    checkSignal(options.signal);
    if (typeof options.seed !== 'bigint') throw typeError('seed', 'a bigint', options.seed);
    this.host = host;
    this.limits = completeLimits(options.limits);
    let settings = host.settings ?? 0;
    if (options.sampling === 'turn') settings |= layout.SETTING_SAMPLE_TURN;
    if (options.debug) settings |= layout.SETTING_POISON;
    this.memory = createMemory(this.limits, { settings, seed: options.seed });
    this.core = (host.core ?? instantiateCore)(this.memory);
    this.text = Buffer.from(this.memory.buffer);
    this.callsMax = word(this.memory, layout.CALLS_SIZE_MAX) - STREAM_MARGIN;
    this.deliverer = new Deliverer(this, this.memory, (error) => this.rethrow(error));
    host.open({
      memory: this.memory,
      description: {
        seed: options.seed,
        sampling: options.sampling ?? 'none',
        program: options.program ?? null,
      },
      ingest: () => this.ingest(),
      deliver: () => this.deliverer.deliverAll(),
      end: () => this.endTurn(),
    });
    onAbort(options.signal, () => void this.close());
  }

  /** Milliseconds of a clock that never goes back, as of this turn. Its origin means nothing. */
  get now(): number {
    return Number(long(this.memory, layout.NOW)) / 1e6;
  }

  /** Turns begun. */
  get turn(): number {
    return Number(long(this.memory, layout.TURN));
  }

  get hostName(): string {
    return this.host.name;
  }

  /** What happened so far, by name. */
  get counters(): Counters {
    return readCounters(this.memory);
  }

  /** 0 ≤ number < 1, drawn from the seed: the same in a replay. */
  random(): number {
    return (this.call(() => this.core.random()) >>> 0) / 2 ** 32;
  }

  listen(options: ListenOptions, handlers: Handlers): Listener {
    const { backlog = BACKLOG } = options ?? {};
    if (!Number.isInteger(backlog) || backlog < 1)
      throw typeError('backlog', 'a whole number from 1', backlog);
    const record = this.open(false, options, handlers, backlog);
    const listener = this.deliverer.addListener(record, this.core.opened);
    onAbort(options.signal, () => listener.closed || listener.close());
    return listener;
  }

  connect(options: ConnectOptions, handlers: Handlers): Connection {
    const record = this.open(true, options, handlers, 0);
    const connection = this.deliverer.addConnection(record, this.core.opened);
    onAbort(options.signal, () => connection.closed || connection.destroy());
    return connection;
  }

  private open(dial: boolean, options: ListenOptions, handlers: Handlers, backlog: number): number {
    const endpoint = checkEndpoint(options, dial);
    const checked = checkHandlers(handlers);
    checkFlags(options, 'reusePort', 'noDelay', 'keepAlive', 'ipv6Only');
    checkSignal(options.signal);
    this.refuseWhenClosed();
    const bits =
      (options.reusePort ? layout.SOCKET_REUSE_PORT : 0) |
      ((options.noDelay ?? true) && !endpoint.local ? layout.SOCKET_NO_DELAY : 0) |
      (options.keepAlive && !endpoint.local ? layout.SOCKET_KEEP_ALIVE : 0) |
      (options.ipv6Only ? layout.SOCKET_IPV6_ONLY : 0) |
      (endpoint.local ? layout.SOCKET_LOCAL : 0);
    const set = this.deliverer.addHandlers(
      checked,
      endpoint.local ? endpoint.name : `${endpoint.name}:${endpoint.port}`,
    );
    const record = this.call(() => {
      const address = this.core.reserve(Buffer.byteLength(endpoint.name));
      const length = this.text.write(endpoint.name, address);
      return this.core.open(
        dial ? 1 : 0,
        address,
        length,
        endpoint.port,
        bits,
        backlog,
        set,
        wantsOf(checked),
      );
    });
    if (record >= 0) return record;
    throw new CalandriaError(
      record === layout.CALL_DRAINING ? 'ERR_CALANDRIA_CLOSED' : 'ERR_CALANDRIA_LIMIT',
      record === layout.CALL_DRAINING
        ? 'The reactor is closing.'
        : record === layout.CALL_NO_RECORD
          ? `All ${this.limits.connections} connections are in use (limits.connections).`
          : `All ${this.limits.operations} operations of this turn are in use (limits.operations).`,
    );
  }

  /** Calls `handler` after `milliseconds` (or each time they have passed), never early. */
  setTimer(milliseconds: number, handler: TimerHandler, options: TimerOptions = {}): Timer {
    checkOptions('options', options);
    const { repeat = false } = options;
    checkFlag('repeat', repeat);
    if (typeof handler !== 'function') throw typeError('handler', 'a function', handler);
    if (typeof milliseconds !== 'number' || !(milliseconds >= 0 && milliseconds <= DELAY_MAX)) {
      throw typeError('milliseconds', `a number from 0 to ${DELAY_MAX}`, milliseconds);
    }
    this.refuseWhenClosed();
    // A period of 0 would be due for ever.
    const delay = Math.max(repeat ? 1 : 0, Math.round(milliseconds * 1e6));
    const low = (delay % 2 ** 32) | 0;
    const high = Math.floor(delay / 2 ** 32);
    const index = this.call(() => this.core.timerStart(low, high, repeat ? 1 : 0));
    if (index < 0) {
      throw new CalandriaError(
        'ERR_CALANDRIA_LIMIT',
        `All ${this.limits.timers} timers are in use (limits.timers).`,
      );
    }
    const timer = new Timer(this, index, this.core.timerGeneration(index), repeat, handler);
    this.deliverer.addTimer(timer);
    return timer;
  }

  /**
   * Ends all work; resolves when the last descriptor is closed. After that no handler is called.
   */
  close(options: CloseOptions = {}): Promise<void> {
    checkOptions('options', options);
    const { drain = false, deadline = drain ? DRAIN_DEADLINE : undefined } = options;
    checkFlag('drain', drain);
    if (typeof deadline !== 'number' && deadline !== undefined) {
      throw typeError('deadline', 'a number', deadline);
    }
    if (deadline !== undefined && !(deadline >= 0 && deadline <= DELAY_MAX)) {
      throw typeError('deadline', `milliseconds from 0 to ${DELAY_MAX}`, deadline);
    }
    if (this.closed) return Promise.resolve();
    const first = this.closing === undefined;
    this.closing ??= new Promise((resolve) => {
      this.settleClosing = resolve;
    });
    const limited = drain && deadline !== undefined;
    if (first || !drain) {
      this.call(() => this.core.stop(drain ? 1 : 0, limited ? Math.ceil(deadline) : -1));
      if (limited) this.setTimer(Math.ceil(deadline), () => void this.close()).unref();
    }
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw new CalandriaError('ERR_CALANDRIA_CLOSED', 'The reactor is closed.');
  }

  // ── The turn ──

  private ingest(): void {
    this.turning = true;
    this.guarded(() => this.core.turn());
  }

  private endTurn(): void {
    if (this.closed) return;
    this.guarded(() => this.core.end());
    this.deliverer.forgetClosed();
    this.turning = false;
    const left = word(this.memory, layout.RECORDS_USED);
    if (this.closing && left === 0) return this.finish();
    this.updateHold();
  }

  /** A core whose assertion failed cannot be asked again: the reactor ends, and says why. */
  private guarded(step: () => void): void {
    try {
      step();
    } catch (cause) {
      if (cause instanceof CalandriaError) throw cause;
      this.finish();
      throw new CalandriaError(
        'ERR_CALANDRIA_CORE',
        `The core found its state damaged, and the reactor is closed: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  private finish(): void {
    this.closed = true;
    this.deliverer.forgetTimers();
    this.host.hold(false);
    this.host.close();
    this.settleClosing();
  }

  private updateHold(): void {
    const used = word(this.memory, layout.RECORDS_USED) + word(this.memory, layout.TIMERS_USED);
    const holding = used > this.unreferenced.size || this.closing !== undefined;
    if (holding === this.holding) return;
    this.holding = holding;
    this.host.hold(holding);
  }

  private rethrow(error: unknown): void {
    if (this.host.thrown) this.host.thrown(error);
    else {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  // ── Calls: in a turn they belong to it; from outside they wake the reactor ──

  private call(body: () => number): number {
    if (word(this.memory, layout.CALLS_LENGTH) > this.callsMax) this.host.spill?.();
    const result = body();
    if (!this.turning) this.wake();
    return result;
  }

  private wake(): void {
    if (this.closed) return;
    this.updateHold();
    this.host.wake();
  }

  /** Internal: calls that a stale name makes do nothing. */
  act(name: 'finish' | 'close' | 'destroy' | 'sample', record: number, generation: number): void {
    if (this.closed) return;
    this.call(() => this.core[name](record, generation));
  }

  /** Internal. */
  appetite(record: number, generation: number, amount: number): void {
    const unlimited = amount === Number.POSITIVE_INFINITY;
    if (!unlimited && !(Number.isInteger(amount) && amount >= 0 && amount < 2 ** 31)) {
      throw typeError('the appetite', 'Infinity or a whole number from 0 to 2147483647', amount);
    }
    if (this.closed) return;
    this.call(() =>
      this.core.read(record, generation, unlimited ? layout.APPETITE_UNLIMITED : amount),
    );
  }

  /** Internal. */
  setOption({ record, generation }: Connection, name: number, on: boolean): void {
    checkFlag('on', on);
    if (this.closed) return;
    this.call(() => this.core.option(record, generation, name, on ? 1 : 0));
  }

  /** Internal. */
  cancelTimer(timer: Timer): void {
    if (this.closed || !this.deliverer.removeTimer(timer)) return;
    this.unreferenced.delete(timer);
    this.call(() => this.core.timerCancel(timer.index, timer.generation));
  }

  /** Internal. The path of every echoed message: no closure, no copy. */
  writeBytes(connection: Connection, bytes: Uint8Array): boolean {
    if (bytes.buffer !== this.memory.buffer) return this.writeCopy(connection, bytes);
    if (word(this.memory, layout.CALLS_LENGTH) > this.callsMax) this.host.spill?.();
    const { length } = bytes;
    const result = this.core.write(
      connection.record,
      connection.generation,
      bytes.byteOffset,
      length,
      length,
    );
    return this.written(result, length);
  }

  private writeCopy(connection: Connection, bytes: Uint8Array): boolean {
    let result: number = layout.CALL_TAKEN;
    let from = 0;
    do {
      if (word(this.memory, layout.CALLS_LENGTH) > this.callsMax) this.host.spill?.();
      const length = Math.min(layout.WRITE_CHUNK, bytes.length - from);
      const address = this.core.reserve(length);
      this.memory.bytes.set(
        from === 0 && length === bytes.length ? bytes : bytes.subarray(from, from + length),
        address,
      );
      result = this.core.write(
        connection.record,
        connection.generation,
        address,
        length,
        bytes.length - from,
      );
      from += length;
    } while (from < bytes.length && result >= 0);
    return this.written(result, bytes.length);
  }

  /** Internal. */
  writeText(connection: Connection, text: string): boolean {
    if (text.length * 3 > layout.WRITE_CHUNK) return this.writeCopy(connection, Buffer.from(text));
    if (word(this.memory, layout.CALLS_LENGTH) > this.callsMax) this.host.spill?.();
    // The exact length: a replay has to ask for the same room.
    const length = Buffer.byteLength(text);
    const address = this.core.reserve(length);
    this.text.write(text, address);
    const result = this.core.write(
      connection.record,
      connection.generation,
      address,
      length,
      length,
    );
    return this.written(result, length);
  }

  private written(result: number, length: number): boolean {
    if (result < 0 || this.closed) throw writeError(result, length, this.limits.queueBytes);
    if (!this.turning) this.wake();
    return result === layout.CALL_TAKEN;
  }

  /** Internal: a view of one side; of a finished connection, of an empty record. */
  side<S extends ReceiveSide | SendSide>(
    kind: new (memory: ReactorMemory, at: number, generation: number) => S,
    { record, generation }: Target,
    finished: boolean,
  ): S {
    const at = word(this.memory, layout.RECORDS_BASE) + record * layout.RECORD_SIZE;
    const side = new kind(this.memory, at, generation);
    if (finished) side.freeze();
    return side;
  }

  /** Internal: a view, valid while the record's owner is. */
  peerRecord(record: number): Uint8Array {
    const at = word(this.memory, layout.PEERS_BASE) + record * layout.PEER_SIZE;
    return new Uint8Array(this.memory.buffer, at, layout.PEER_SIZE);
  }

  /** Internal. */
  reference(target: object, on: boolean): void {
    if (on) this.unreferenced.delete(target);
    else this.unreferenced.add(target);
    if (!this.turning) this.updateHold();
  }

  /** Internal: its record or timer is gone. */
  unreference(target: object): void {
    if (this.unreferenced.size > 0) this.unreferenced.delete(target);
  }

  /** Internal. */
  thrown(record: number, generation: number): void {
    if (!this.closed) this.call(() => this.core.thrown(record, generation));
  }
}

function onAbort(signal: AbortSignal | undefined, action: () => void): void {
  if (signal?.aborted) action();
  else signal?.addEventListener('abort', action, { once: true });
}
