// calandria replay: runs a recording again and compares, the core alone and the program on top of
// it.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { builtInProgram, PROGRAMS } from '../programs';
import {
  formatDivergence,
  openTrace,
  type Program,
  type ProgramReport,
  type Report,
  replayCore,
  replayProgram,
  type Trace,
  type Verdict,
} from '../trace';
import { EXIT_FINDING, EXIT_FINE, EXIT_USAGE, UserError } from './exit';
import { isRich, makePaint, type Paint, plural } from './terminal';

interface ReplayOptions {
  readonly app?: string;
  readonly core?: boolean;
  readonly partial?: boolean;
  readonly json?: boolean;
}

/** One of the two replays: what came out, or why it did not run. */
export interface Part {
  readonly name: 'core' | 'program';
  readonly report: Report | ProgramReport;
  readonly milliseconds: number;
}

export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('Run a recording again, and compare it call by call.')
    .argument('<file>', 'a trace')
    .option('--app <module>', 'replay against this program instead of the one that was recorded')
    .option('--core', 'replay the core only, no program')
    .option('--partial', 'a trace that ends early is fine')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Two replays, each compared with what was recorded:
  core     the core runs on the recorded events and calls. It needs the very core that recorded,
           and is skipped, with the reason, when the trace comes from another.
  program  the program's handlers run on the recorded deliveries, and each call they make is
           compared. A trace names its program; the built-in ones are found by name
           (${Object.keys(PROGRAMS).join(', ')}), any other is given with --app. It needs the bytes,
           so it refuses a trace that was recorded with --payload digest.

The module given with --app has a default export: (reactor, parameters) => unknown. It starts its
work on the reactor that it is given; the parameters come from the trace.

Exit codes:
  0  identical
  1  diverged: the report shows the first difference, both sides; or the trace ends early (what is
     there was replayed, and the turn in which it ends is named; 0 with --partial)
  2  no trace, an unknown format, damage, or nothing of it could be replayed

Examples:
  $ calandria replay a.trace
  $ calandria replay a.trace --app ./changed-server.js      would my change behave differently?
  $ calandria replay crashed.trace --partial                up to the turn that killed it`,
    )
    .action(runReplay);
}

async function runReplay(file: string, options: ReplayOptions): Promise<void> {
  if (options.app && options.core) {
    throw new UserError('--app and --core exclude each other: a core replay runs no program.');
  }
  const trace = openTrace(file);
  const app = options.app ? await loadApp(options.app) : undefined;
  const parts = [replayPartCore(trace)];
  if (!options.core) parts.push(await replayPartProgram(trace, app));

  process.exitCode = exitCode(parts, options);
  if (options.json) console.log(JSON.stringify(describe(trace, parts), null, 2));
  else console.log(formatParts(parts, makePaint(isRich(process.stdout))));
  if (process.exitCode === EXIT_USAGE) console.error('error: nothing of this trace was replayed.');
  // A program of the user's may have left timers or servers behind.
  if (app) process.stdout.write('', () => process.exit());
}

export function replayPartCore(trace: Trace): Part {
  const start = performance.now();
  const report = replayCore(trace);
  return { name: 'core', report, milliseconds: performance.now() - start };
}

export async function replayPartProgram(trace: Trace, app?: Program): Promise<Part> {
  const start = performance.now();
  const { program } = trace.header;
  const chosen = app ?? (program ? builtInProgram(program.name) : undefined);
  const report = chosen ? await replayProgram(trace, chosen) : refused(missingProgram(trace));
  return { name: 'program', report, milliseconds: performance.now() - start };
}

function refused(reason: string): Report {
  return { verdict: 'refused', turns: 0, reason };
}

function missingProgram({ header }: Trace): string {
  const which = header.program
    ? `its program "${header.program.name}" is not built in`
    : 'it does not name its program';
  return `${which}; give it with --app MODULE`;
}

async function loadApp(module: string): Promise<Program> {
  const path = resolve(module);
  let file = path;
  try {
    // A path, or a package of the folder we are in.
    if (!existsSync(path)) file = createRequire(join(process.cwd(), '_')).resolve(module);
  } catch {
    throw new UserError(
      `There is no module ${JSON.stringify(module)}.`,
      '--app takes a path to a JavaScript file, or the name of an installed package.',
    );
  }
  let found: unknown;
  try {
    found = ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  } catch (error) {
    throw new UserError(
      `${module} throws while it is being loaded: ${(error as Error).message}`,
      'Mend that first; `node` with the same file shows where.',
    );
  }
  // A module compiled to CommonJS has its default export one level down.
  const nested = (found as { default?: unknown } | undefined)?.default;
  const app = typeof found === 'function' ? found : nested;
  if (typeof app !== 'function') {
    throw new UserError(
      `The default export of ${module} is ${found === undefined ? 'missing' : typeof found}, ` +
        'and not a function.',
      'It has to be (reactor, parameters) => unknown.',
    );
  }
  return app as Program;
}

function exitCode(parts: readonly Part[], { partial }: ReplayOptions): number {
  const verdicts = new Set(parts.map(({ report }) => report.verdict));
  if (verdicts.has('diverged')) return EXIT_FINDING;
  if (verdicts.has('ends early')) return partial ? EXIT_FINE : EXIT_FINDING;
  return verdicts.has('identical') ? EXIT_FINE : EXIT_USAGE;
}

function describe(
  { file, header, ending, lastTurn, lastTurnEnded }: Trace,
  parts: readonly Part[],
) {
  const { host, payload, program } = header;
  const trace = { file, host, payload, program, ending, lastTurn, lastTurnEnded };
  const reports = parts.map(({ name, report }) => [
    name,
    { ...report, errors: messagesOf(report) },
  ]);
  return { trace, ...Object.fromEntries(reports) };
}

/** What handlers threw, as they threw it in the recording; only a program replay has handlers. */
function messagesOf(report: Report | ProgramReport): string[] {
  return 'errors' in report ? report.errors.map(String) : [];
}

/** A line for each replay, and the first divergence of each, once when both found the same. */
export function formatParts(parts: readonly Part[], paint: Paint, indent = ''): string {
  const shown = new Set<string>();
  const lines = parts.flatMap(({ name, report, milliseconds }) => {
    const verdict = report.verdict === 'refused' ? 'skipped' : report.verdict;
    const painted = colourOf(report.verdict, paint)(verdict.padEnd(10));
    const took = `${plural(report.turns, 'turn')} in ${milliseconds.toFixed(0)} ms`;
    const detail = report.verdict === 'refused' ? report.reason : took;
    const reason = report.verdict === 'ends early' ? `; ${report.reason}` : '';
    const line = `${name.padEnd(8)} ${painted} ${detail}${reason}`;
    const threw = messagesOf(report).map((message) => `  a handler threw: ${message}`);
    const divergence = report.divergence ? formatDivergence(report.divergence) : '';
    if (divergence === '') return [line, ...threw];
    if (shown.has(divergence)) return [`${line}; as above`, ...threw];
    shown.add(divergence);
    return [line, divergence, ...threw];
  });
  return lines.join('\n').replace(/^/gm, indent);
}

function colourOf(verdict: Verdict, paint: Paint): (text: string) => string {
  switch (verdict) {
    case 'identical':
      return paint.green;
    case 'diverged':
      return paint.red;
    case 'ends early':
      return paint.yellow;
    case 'refused':
      return paint.dim;
  }
}
