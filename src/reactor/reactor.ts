// The reactor: owns the memory, the core and the host, and runs one turn at a time. It never asks
// which host it has, and knows no clock, no randomness and no I/O of its own.
import * as layout from '../../assembly/layout';
import { type Core, instantiateCore } from '../core/core';
import { completeLimits, type Limits } from '../core/limits';
import { createMemory, number, type ReactorMemory, word } from '../core/memory';
import { CalandriaError, typeError } from '../errors';
import type { Host, ProgramDescription } from '../host/host';
import { type AdoptOptions, adopt } from './adopt';
import {
  checkCount,
  checkFlag,
  checkOptions,
  checkProgram,
  checkSampling,
  checkSeed,
  checkSignal,
} from './arguments';
import { Calls } from './calls';
import type { Command } from './command';
import type { Connection } from './connection';
import { type Counters, readCounters } from './counters';
import { bindDatagram, type DatagramHandlers, type DatagramOptions } from './datagram-options';
import type { DatagramSocket } from './datagram-socket';
import { Deliverer } from './deliverer';
import type { Directory } from './directory';
import type { File } from './file';
import type { OpenFileOptions } from './file-arguments';
import { openDirectory, openFile } from './file-opening';
import { type FileWatch, type FileWatchHandlers, watchFiles } from './file-watch';
import { checkHandlers, type Handlers, wantsOf } from './handlers';
import { type IdleHandler, type IdleOptions, type IdleWatcher, watchIdle } from './idle';
import { type Inbox, type InboxHandlers, type InboxOptions, openInbox } from './inbox';
import { type Lease, lease } from './lease';
import type { Listener } from './listener';
import { lostHost } from './lost-host';
import { type Metrics, readMetrics } from './metrics';
import {
  type NetworkHandlers,
  type NetworkOptions,
  type NetworkWatch,
  watchNetwork,
} from './network-watch';
import { Opening } from './opening';
import type { Operations } from './operations';
import { type PathHandlers, type PathWatch, watchPath } from './path-watch';
import {
  type Process,
  type ProcessHandlers,
  type SpawnHandlers,
  spawn,
  watchProcess,
} from './process';
import { type SignalHandlers, type SignalWatch, watchSignal } from './signal-watch';
import { type ConnectOptions, checkSocket, type ListenOptions } from './socket-options';
import { setTimer, type Timer, type TimerHandler, type TimerOptions } from './timer';

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

export interface CloseOptions {
  /**
   * Stop listening, but let connections send what they hold and close once they are quiet. Default
   * false.
   */
  readonly drain?: boolean;
  /** Milliseconds after which what is left is destroyed. Default 5,000 with `drain`. */
  readonly deadline?: number;
}

const BACKLOG = 511;
/** A peer that never ends must not keep a reactor from closing, ms. */
const DRAIN_DEADLINE = 5000;
/** 2^31 - 2 ms, about 24 days: the core takes a word. */
const DEADLINE_MAX = 2 ** 31 - 2;

export class Reactor {
  readonly limits: Limits;
  private readonly memory: ReactorMemory;
  private readonly core: Core;
  private readonly host: Host;
  private readonly calls: Calls;
  private readonly operations: Operations;
  private readonly deliverer: Deliverer;
  private readonly opening: Opening;
  private closing: Promise<void> | undefined;
  private settleClosing: () => void = () => {};

  constructor(options: ReactorOptions) {
    const { host } = options;
    checkFlag('debug', options.debug);
    checkSampling(options.sampling);
    checkSignal(options.signal);
    checkSeed(options.seed);
    checkProgram(options.program);
    this.host = host;
    this.limits = completeLimits(options.limits);
    let settings = host.settings ?? 0;
    if (options.sampling === 'turn') settings |= layout.SETTING_SAMPLE_TURN;
    if (options.debug) settings |= layout.SETTING_POISON;
    const rings = host.ringBytes ?? 0;
    this.memory = createMemory(this.limits, { settings, seed: options.seed, rings });
    this.core = (host.core ?? instantiateCore)(this.memory);
    this.calls = new Calls(this.memory, this.core, host);
    this.operations = this.calls.operations;
    this.deliverer = new Deliverer(this.calls, this.operations);
    this.opening = new Opening(this.calls, this.deliverer, this.operations);
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
    this.calls.aborts.watch(this, options.signal, () => void this.close());
  }

  /** Milliseconds of a clock that never goes back, as of this turn. Its origin means nothing. */
  get now(): number {
    return number(this.memory, layout.NOW) / 1e6;
  }

  /** Turns begun. */
  get turn(): number {
    return number(this.memory, layout.TURN);
  }

  /** close() was called, or what was damaged closed it. */
  get closed(): boolean {
    return this.closing !== undefined || this.calls.closed;
  }

  get hostName(): string {
    return this.host.name;
  }

  /** What happened so far, by name. */
  get counters(): Counters {
    return readCounters(this.memory);
  }

  /** How much came into each stage so far, and how long it stayed there. */
  metrics(): Metrics {
    return readMetrics(this.memory);
  }

  /** 0 ≤ number < 1, drawn from the seed: the same in a replay. */
  random(): number {
    return (this.calls.make((core) => core.random()) >>> 0) / 2 ** 32;
  }

  listen(options: ListenOptions, handlers: Handlers): Listener {
    const { admit, backlog = BACKLOG } = options ?? {};
    checkCount('backlog', backlog);
    if (admit !== undefined) checkCount('admit', admit);
    const record = this.open(false, options, handlers, backlog);
    const listener = this.deliverer.addListener(record, this.core.opened);
    if (admit !== undefined) this.calls.setOption(listener, layout.SOCKET_ADMIT, admit);
    if (options.trigger) listener.setTrigger(options.trigger);
    this.calls.aborts.watch(listener, options.signal, () => listener.close());
    return listener;
  }

  connect(options: ConnectOptions, handlers: Handlers): Connection {
    const record = this.open(true, options, handlers, 0);
    const connection = this.deliverer.addConnection(record, this.core.opened);
    if (options.trigger) connection.setTrigger(options.trigger);
    this.calls.aborts.watch(connection, options.signal, () => connection.destroy());
    return connection;
  }

  /** A socket for datagrams: UDP, or a local one. */
  bindDatagram(options: DatagramOptions, handlers: DatagramHandlers): DatagramSocket {
    return bindDatagram(this.opening, options, handlers);
  }

  private open(dial: boolean, options: ListenOptions, handlers: Handlers, backlog: number): number {
    const asked = checkSocket(options, dial, backlog);
    const checked = checkHandlers(handlers);
    this.opening.refuseWhenClosed();
    const { handlers: table } = this.deliverer;
    const set = table.add(checked, asked.subject);
    const record = this.calls.make((core) => {
      const { address, length } = this.calls.name(asked.name);
      const { port, bits, extra } = asked;
      return core.open(dial ? 1 : 0, address, length, port, bits, extra, set, wantsOf(checked));
    });
    if (record >= 0) return record;
    table.release(set);
    throw this.opening.error(record);
  }

  /** A connection over a descriptor, which it closes at its end; see docs/api.md for which. */
  adopt(fd: number, options: AdoptOptions, handlers: Handlers): Connection {
    return adopt(this.opening, fd, options, handlers);
  }

  /**
   * Starts a command. Closing the reactor ends the pipes to it and forgets it; the process goes on.
   */
  spawn(command: Command, handlers: SpawnHandlers): Process {
    return spawn(this.opening, command, handlers);
  }

  /** Hears of the end of a process that something else started. */
  watchProcess(pid: number, handlers: ProcessHandlers): Process {
    return watchProcess(this.opening, pid, handlers);
  }

  /** Hears of a signal of this process, by name or by Linux's number. */
  watchSignal(signal: string | number, handlers: SignalHandlers): SignalWatch {
    return watchSignal(this.opening, signal, handlers);
  }

  /** Changes of a file, or of the entries of a folder. */
  watchPath(path: string, handlers: PathHandlers): PathWatch {
    return watchPath(this.opening, path, handlers);
  }

  /** Changes of open files and folders, told before what was sent after them. */
  watchFiles(handlers: FileWatchHandlers): FileWatch {
    return watchFiles(this.opening, handlers);
  }

  /** Links and addresses of this machine. */
  watchNetwork(handlers: NetworkHandlers, options: NetworkOptions = {}): NetworkWatch {
    return watchNetwork(this.opening, handlers, options);
  }

  /** Posts of other threads, which get its `port`. */
  inbox(options: InboxOptions, handlers: InboxHandlers): Inbox {
    return openInbox(this.opening, options, handlers);
  }

  /** Calls `handler` after `milliseconds` (or each time they have passed), never early. */
  setTimer(milliseconds: number, handler: TimerHandler, options: TimerOptions = {}): Timer {
    return setTimer(this.opening, milliseconds, handler, options);
  }

  /** Calls `handler` in the first idle turn, and at the latest when `within` has passed. */
  idle(options: IdleOptions, handler: IdleHandler): IdleWatcher {
    return watchIdle(this.opening, options, handler);
  }

  /**
   * Keeps delivered bytes past this turn, where they lie, until the lease is released.
   * @throws ERR_CALANDRIA_STALE_BYTES they are of an earlier turn, or not the reactor's;
   * ERR_CALANDRIA_LIMIT too many leases.
   */
  lease(bytes: Uint8Array): Lease {
    return lease(this.calls, bytes);
  }

  /** `flags` as in node:fs. Rejects with the system's error. */
  openFile(path: string, flags = 'r', mode = 0o666, options: OpenFileOptions = {}): Promise<File> {
    return openFile(this.opening, path, flags, mode, options);
  }

  openDirectory(path: string): Promise<Directory> {
    return openDirectory(this.opening, path);
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
    if (deadline !== undefined && !(deadline >= 0 && deadline <= DEADLINE_MAX)) {
      throw typeError('deadline', `milliseconds from 0 to ${DEADLINE_MAX}`, deadline);
    }
    if (this.calls.closed) return Promise.resolve();
    this.closing ??= new Promise((resolve) => {
      this.settleClosing = resolve;
    });
    this.calls.hold.close();
    const limit = drain && deadline !== undefined ? Math.ceil(deadline) : -1;
    this.calls.make((core) => core.stop(drain ? 1 : 0, limit));
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // ── The turn ──

  private ingest(): void {
    this.calls.turning = true;
    this.guarded('turn');
    const lost = lostHost(this.memory, this.host.name);
    if (!lost) return;
    this.finish();
    throw lost;
  }

  private endTurn(): void {
    if (this.calls.closed) return;
    this.guarded('end');
    this.deliverer.forgetClosed();
    this.calls.turning = false;
    const left = word(this.memory, layout.RECORDS_USED);
    if (this.closing && left === 0) return this.finish();
    this.calls.hold.update();
  }

  /** A core whose assertion failed cannot be asked again: the reactor ends, and says why. */
  private guarded(step: 'turn' | 'end'): void {
    try {
      this.core[step]();
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
    this.calls.closed = true;
    this.deliverer.abandon();
    this.operations.abandon();
    this.calls.forget(this);
    this.host.hold(false);
    this.host.close();
    this.settleClosing();
  }

  /** Internal: an error of the program's that no handler threw and nobody waits for. */
  fail(error: unknown): void {
    this.calls.fail(error, { record: layout.NONE, generation: 0 });
  }
}
