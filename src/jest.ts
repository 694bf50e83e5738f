// Replay tests: a recorded trace, run again against an app, in three lines.
//
//   import { expectIdentical, replayTrace } from 'calandria/jest';
//   import app from '../src/app';
//
//   test('what the app did that night, it still does', async () => {
//     const run = await replayTrace('that-night.trace', app);
//     expectIdentical(run);
//     expect(run.connections[0]?.sent.toString()).toBe('220 ready\r\n');
//   });
//
// The app is the function that was recorded: (reactor, parameters) => unknown; for a program that
// comes with the package it may be left out. No socket is opened and no native code is loaded.
// expectIdentical throws the report of the first difference, with both sides. A trace that ends
// early (the process crashed, which is why one has the trace) passes with { partial: true }; then
// run.reason says inside which turn it ended, and run.connections what led there.
//
// For those who like matchers better:
//
//   import { matchers } from 'calandria/jest';
//   expect.extend(matchers);
//   expect(run).toReplayIdentically();
//
// Nothing in this file needs Jest: it works in any runner, and in none.
import { CalandriaError, typeError } from './errors';
import { builtInProgram } from './programs';
import { type Divergence, formatDivergence, type Verdict } from './trace/divergence';
import { type Program, replayProgram } from './trace/program-replay';
import { type RunCall, RunCollector, type RunConnection } from './trace/run';
import { openTrace, type Trace } from './trace/trace';

export type { Program } from './trace/program-replay';
export type { RunCall, RunConnection, RunEvent } from './trace/run';

// Known by this and not by its class: a test runner may load a module twice, in two realms.
const BRAND = Symbol.for('calandria.run');

/** What came out of a replay, and what the app did in it. */
export interface Run {
  readonly verdict: Verdict;
  /** Turns replayed. */
  readonly turns: number;
  readonly divergence: Divergence | undefined;
  /** Why the replay was refused, or where the trace ends. */
  readonly reason: string | undefined;
  /** What handlers threw, in order. */
  readonly errors: readonly unknown[];
  /** In the order in which they began; up to the first difference. */
  readonly connections: readonly RunConnection[];
  /** Every call the app made, in order. */
  readonly calls: readonly RunCall[];
  /** For people: the verdict, and the first difference with both sides. */
  readonly report: string;
}

export interface ReplayTraceOptions {
  /** Milliseconds to wait for a call from outside that the recording has. Default 1,000. */
  readonly patience?: number;
}

export interface ExpectOptions {
  /** A trace that ends early is fine, if nothing differs up to there. */
  readonly partial?: boolean;
}

/** Less than Jest gives a test: who waits for a call that never comes should hear which. */
const PATIENCE = 1000;

/**
 * Replays a trace against an app.
 * @throws ERR_CALANDRIA_TRACE it cannot be read; ERR_CALANDRIA_USAGE there is no app to run.
 */
export async function replayTrace(
  file: string | Trace,
  app?: Program,
  { patience = PATIENCE }: ReplayTraceOptions = {},
): Promise<Run> {
  if (app !== undefined && typeof app !== 'function') throw typeError('app', 'a function', app);
  const trace = typeof file === 'string' ? openTrace(file) : file;
  const collector = new RunCollector();
  const result = await replayProgram(trace, app ?? recordedProgram(trace), {
    patience,
    observer: collector,
  });
  const { verdict, turns, divergence, reason, errors } = result;
  const run: Run = {
    verdict,
    turns,
    divergence,
    reason,
    errors,
    connections: collector.connections,
    calls: collector.calls,
    report: reportOf(trace.file, result),
  };
  return Object.defineProperty(run, BRAND, { value: true });
}

function recordedProgram({ file, header }: Trace): Program {
  const program = header.program ? builtInProgram(header.program.name) : undefined;
  if (program) return program;
  const which = header.program ? `"${header.program.name}"` : 'a program without a name';
  throw new CalandriaError(
    'ERR_CALANDRIA_USAGE',
    `${file} was recorded from ${which}, which does not come with the package; give its function.`,
  );
}

type Result = Pick<Run, 'verdict' | 'turns'> & Partial<Pick<Run, 'divergence' | 'reason'>>;

function reportOf(file: string, { verdict, turns, divergence, reason }: Result): string {
  const lines = [`${file}: ${verdict} (${turns} ${turns === 1 ? 'turn' : 'turns'} replayed)`];
  if (reason) lines.push(reason);
  if (divergence) lines.push(formatDivergence(divergence));
  return lines.join('\n');
}

function checkRun(run: unknown): asserts run is Run {
  if (typeof run === 'object' && run !== null && BRAND in run) return;
  const promised = typeof (run as PromiseLike<unknown> | undefined)?.then === 'function';
  const hint = promised ? ' (did you await it?)' : '';
  throw typeError('run', `what replayTrace() resolves to${hint}`, run);
}

function passes({ verdict }: Run, { partial = false }: ExpectOptions): boolean {
  return verdict === 'identical' || (partial && verdict === 'ends early');
}

/**
 * Returns the run when the app made the very calls that were recorded.
 * @throws ERR_CALANDRIA_DIVERGED the message is the report.
 */
export function expectIdentical(run: Run, options: ExpectOptions = {}): Run {
  checkRun(run);
  if (passes(run, options)) return run;
  throw new CalandriaError('ERR_CALANDRIA_DIVERGED', explain(run));
}

function explain({ verdict, report, errors }: Run): string {
  const lines = [report];
  if (verdict === 'ends early') lines.push('Pass { partial: true } if that is what you expect.');
  const [first] = errors;
  if (first !== undefined) lines.push(`The app threw: ${(first as Error)?.stack ?? first}`);
  return lines.join('\n');
}

/** For expect.extend(). */
export const matchers = {
  toReplayIdentically(run: Run, options: ExpectOptions = {}) {
    checkRun(run);
    const pass = passes(run, options);
    const message = pass
      ? () => `${run.report}\nIt was expected not to replay identically.`
      : () => explain(run);
    return { pass, message };
  },
};
