// Program replay: the handlers run again on the recorded deliveries, and every call they make is
// compared with the recorded one. No socket is opened, and no core is needed.
import * as layout from '../../assembly/layout';
import type { Host, Seam } from '../host/host';
import { Reactor } from '../reactor/reactor';
import { type Call, describeCall, splitCalls } from './calls';
import { endOf } from './core-replay';
import type { Divergence, Report } from './divergence';
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
}

export interface ProgramReport extends Report {
  /** What handlers threw, in order; in the recording they threw it too. */
  readonly errors: readonly unknown[];
}

/** Replays a program on a trace. Needs the payload: a digest trace is refused. */
export async function replayProgram(
  trace: Trace,
  program: Program,
  { patience = 5000 }: ProgramReplayOptions = {},
): Promise<ProgramReport> {
  const { header } = trace;
  if (header.payload === 'digest') {
    return {
      verdict: 'refused',
      turns: 0,
      errors: [],
      reason:
        'the trace holds digests in place of the bytes; a program needs the bytes (record with payload "full")',
    };
  }
  const replay = new ProgramReplay(trace, patience);
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
  start().catch((error) => replay.thrown(error));
  return replay.run(reactor);
}

/** How often to look whether the program made the call that is waited for, ms. */
const WAIT_STEP = 1;

class ProgramReplay implements Host {
  readonly name = 'replay';
  readonly core;
  private readonly trace: Trace;
  private readonly patience: number;
  private readonly turns: Iterator<TurnBlock>;
  private readonly errors: unknown[] = [];
  private replayed: ProgramCore | undefined;
  private seam: Seam | undefined;
  /** Calls from outside that the turns so far have consumed. */
  private consumed = 0;
  private done = 0;

  constructor(trace: Trace, patience: number) {
    this.trace = trace;
    this.patience = patience;
    this.turns = trace.turns();
    const outside = [...splitCalls(trace.outside)].filter((call) => call !== undefined);
    this.core = (memory: Seam['memory']) => {
      this.replayed = new ProgramCore(memory, trace.header, outside);
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

  async run(reactor: Reactor): Promise<ProgramReport> {
    const core = this.replayed as ProgramCore;
    let next = this.turns.next();
    while (!next.done && this.seam) {
      const turn = next.value;
      const missing = await this.outsideCalls(turn, reactor, core);
      if (missing) return this.report(missing);
      core.load(turn);
      next = this.turns.next();
      if (next.done && this.trace.ending === 'complete') core.finishAll();
      await this.turn();
      this.done++;
      if (core.divergence) return this.report(core.divergence);
    }
    if (core.divergence) return this.report(core.divergence);
    return { ...endOf(this.trace, this.done), errors: this.errors };
  }

  private report(divergence: Divergence): ProgramReport {
    return { verdict: 'diverged', turns: this.done, divergence, errors: this.errors };
  }

  /**
   * The first immediate runs the handlers, the second ends the turn: only ticks and microtasks
   * between.
   */
  private turn(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(() => {
        this.seam?.ingest();
        this.seam?.deliver();
      });
      setImmediate(() => {
        this.seam?.end();
        resolve();
      });
    });
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
    for (const call of splitCalls(turn.outside)) {
      this.consumed++;
      // Ending the reactor from outside is an input, like a signal: nobody else would bring it.
      if (call?.operation === layout.CALL_STOP && core.made < this.consumed)
        this.stop(reactor, call);
    }
    let waited = 0;
    while (core.made < this.consumed && !core.divergence) {
      if (waited >= this.patience) {
        const expected = core.expected as Call;
        return {
          turn: turn.turn,
          what: `a call from outside was waited for ${this.patience} ms`,
          recorded: describeCall(expected),
          replayed: 'nothing',
        };
      }
      waited += WAIT_STEP;
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
