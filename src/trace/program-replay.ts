// Program replay: the handlers run again on the recorded deliveries, and every call they make is
// compared with the recorded one. No socket is opened, and no core is needed.
import * as layout from '../../assembly/layout';
import type { Host, Seam } from '../host/host';
import { Reactor } from '../reactor/reactor';
import { type Call, splitCalls } from './calls';
import { endOf } from './core-replay';
import { compareCalls, type Divergence, type Report } from './divergence';
import { ProgramCore } from './program-core';
import type { Trace, TurnBlock } from './trace';

/** A program: sets up its listeners and connections on a reactor. May be async. */
export type Program = (reactor: Reactor, parameters: Record<string, unknown>) => unknown;

export interface ProgramReplayOptions {
  /**
   * Milliseconds to wait for a call from outside (a timer of Node's, a file) that the recording
   * has. Default 5,000.
   */
  readonly patience?: number;
  /** Watches the replay; it cannot change it. */
  readonly observer?: ReplayObserver;
}

/** Hears what a replay does, in order. */
export interface ReplayObserver {
  /** A turn begins: what came in. */
  turn?(turn: TurnBlock): void;
  /**
   * The program made a call; with the recorded result. Bytes (of a write) are valid at the call
   * only.
   */
  call?(call: Call, bytes: Uint8Array | undefined, turn: number): void;
}

export interface ProgramReport extends Report {
  /** What handlers threw, in order; in the recording they threw it too. */
  readonly errors: readonly unknown[];
}

/** Replays a program on a trace. Needs the payload: a digest trace is refused. */
export async function replayProgram(
  trace: Trace,
  program: Program,
  options: ProgramReplayOptions = {},
): Promise<ProgramReport> {
  const { header } = trace;
  if (header.payload === 'digest') {
    return {
      verdict: 'refused',
      turns: 0,
      errors: [],
      reason:
        'the trace holds digests in place of the bytes; a program needs the bytes ' +
        '(record with payload "full")',
    };
  }
  const replay = new ProgramReplay(trace, options);
  const reactor = new Reactor({
    host: replay,
    seed: BigInt(header.seed),
    limits: header.limits,
    sampling: header.sampling,
    debug: header.debug,
    ...(header.program ? { program: header.program } : {}),
  });
  const start = async (): Promise<unknown> => program(reactor, header.program?.parameters ?? {});
  // It may never settle (a program that waits for its end); its calls are what counts.
  start().catch((error) => replay.failed(error));
  return replay.run(reactor);
}

const PATIENCE = 5000;
/** How often to look whether the program made the call that is waited for, ms. */
const WAIT_STEP = 1;

class ProgramReplay implements Host {
  readonly name = 'replay';
  readonly core;
  private readonly trace: Trace;
  private readonly patience: number;
  private readonly observer: ReplayObserver;
  private readonly turns: Generator<TurnBlock>;
  private readonly errors: unknown[] = [];
  private replayed: ProgramCore | undefined;
  private seam: Seam | undefined;
  /** Calls from outside that the turns so far have consumed. */
  private consumed = 0;
  private done = 0;
  /** The program's set-up threw: there is no point in waiting for what it would have done. */
  private broken = false;
  /** What the recorded input made the reactor throw: no program's fault. */
  private fault: unknown;

  constructor(trace: Trace, { patience = PATIENCE, observer = {} }: ProgramReplayOptions) {
    this.trace = trace;
    this.patience = patience;
    this.observer = observer;
    this.turns = trace.turns();
    const outside = [...splitCalls(trace.outside)].filter((call) => call !== undefined);
    this.core = (memory: Seam['memory']) => {
      this.replayed = new ProgramCore(memory, trace.header, outside, observer.call?.bind(observer));
      return this.replayed;
    };
  }

  open(seam: Seam): void {
    this.seam = seam;
  }
  // The replay goes at its own pace; it ends with the trace, whatever the reactor still waits for.
  wake(): void {}
  hold(): void {}
  close(): void {
    this.seam = undefined;
  }

  thrown(error: unknown): void {
    this.errors.push(error);
  }

  failed(error: unknown): void {
    this.errors.push(error);
    this.broken = true;
  }

  async run(reactor: Reactor): Promise<ProgramReport> {
    try {
      const divergence = await this.replay(reactor, this.replayed as ProgramCore);
      if (divergence) return this.report(divergence);
      return { ...endOf(this.trace, this.done), errors: this.errors };
    } finally {
      this.turns.return(undefined);
    }
  }

  private async replay(reactor: Reactor, core: ProgramCore): Promise<Divergence | undefined> {
    let next = this.turns.next();
    while (!next.done && this.seam) {
      const turn = next.value;
      if (turn.outside.length > 0) {
        const missing = await this.outsideCalls(turn, reactor, core);
        if (missing) return missing;
      }
      core.load(turn);
      next = this.turns.next();
      if (next.done && this.trace.ending === 'complete') core.finishAll();
      this.observer.turn?.(turn);
      const outside = next.done ? 0 : countCalls(next.value.outside);
      // Without deliveries no handler runs, and nothing can come between.
      if (turn.deliveries.length > 0) await this.turn(core, outside);
      else this.turnAtOnce(core, outside);
      this.done++;
      if (this.fault) return unplayable(turn, this.fault as Error);
      if (core.divergence) return core.divergence;
    }
    return core.divergence;
  }

  private report(divergence: Divergence): ProgramReport {
    return { verdict: 'diverged', turns: this.done, divergence, errors: this.errors };
  }

  /**
   * The first immediate runs the handlers, the second ends the turn: only ticks and microtasks
   * between.
   */
  private turn(core: ProgramCore, outside: number): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => this.guarded(this.first));
      setImmediate(() => {
        this.guarded(this.second);
        core.land(this.consumed + outside);
        resolve();
      });
    });
  }

  private turnAtOnce(core: ProgramCore, outside: number): void {
    this.guarded(this.first);
    this.guarded(this.second);
    core.land(this.consumed + outside);
  }

  private readonly first = (): void => {
    this.seam?.ingest();
    this.seam?.deliver();
  };

  private readonly second = (): void => this.seam?.end();

  /**
   * What handlers throw is caught where they are called; this is what a damaged recording can
   * cause.
   */
  private guarded(part: () => void): void {
    try {
      part();
    } catch (error) {
      this.fault ??= error;
    }
  }

  /**
   * Waits until the program made the calls from outside that this turn consumed; a divergence if it
   * does not.
   */
  private async outsideCalls(
    turn: TurnBlock,
    reactor: Reactor,
    core: ProgramCore,
  ): Promise<Divergence | undefined> {
    core.land(this.consumed + countCalls(turn.outside));
    for (const call of splitCalls(turn.outside)) {
      if (!call) return unplayable(turn, new Error('a call from outside is cut'));
      // Ending the reactor from outside is an input, like a signal: nobody else would bring it.
      if (call.operation === layout.CALL_STOP && !core.hasMade(this.consumed)) {
        core.bringStop(() => this.guarded(() => this.stop(reactor, call)));
        if (core.divergence) return core.divergence;
        if (this.fault) return unplayable(turn, this.fault as Error);
      }
      this.consumed++;
      const missing = await this.awaitCall(turn, call, core);
      if (missing) return missing;
    }
    return undefined;
  }

  private async awaitCall(
    { turn }: TurnBlock,
    expected: Call,
    core: ProgramCore,
  ): Promise<Divergence | undefined> {
    const place = this.consumed - 1;
    for (let waited = 0; !core.hasMade(place) && !core.divergence; waited += WAIT_STEP) {
      if (waited >= this.patience || this.broken) {
        const missing = compareCalls(turn, expected, undefined) as Divergence;
        const what = this.broken
          ? 'the program threw while it was set up, and a call from outside is missing'
          : `a call from outside was waited for ${this.patience} ms`;
        return { ...missing, what };
      }
      await new Promise((resolve) => setTimeout(resolve, WAIT_STEP));
    }
    return core.divergence;
  }

  private stop(reactor: Reactor, call: Call): void {
    void reactor.close({
      drain: call.argument !== 0,
      ...(call.value >= 0 ? { deadline: call.value } : {}),
    });
  }
}

function countCalls(stream: Buffer): number {
  let count = 0;
  for (const call of splitCalls(stream)) if (call) count++;
  return count;
}

function unplayable({ turn }: TurnBlock, error: Error): Divergence {
  return {
    turn,
    what: 'the recorded input cannot be replayed',
    recorded: 'a turn that ran',
    replayed: error.message,
  };
}
