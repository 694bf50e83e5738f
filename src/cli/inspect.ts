// calandria inspect: a trace as text: its header, its totals, and its turns, or what stands in
// them.
import { type Command, Option } from 'commander';
import * as layout from '../../assembly/layout';
import { openTrace, type Trace, type TurnBlock } from '../trace';
import { splitCalls } from '../trace/calls';
import { ENTRY_KINDS, type Entry, type EntryKind, entriesOf } from './entries';
import { connectionName, type TurnRange, turnRange } from './options';
import { formatCount, formatTable, isRich, makePaint, type Paint, plural } from './terminal';

interface InspectOptions {
  readonly connection?: string;
  readonly kind?: EntryKind;
  readonly turn?: TurnRange;
  readonly json?: boolean;
}

interface TurnSummary {
  readonly turn: number;
  readonly milliseconds: number;
  readonly events: number;
  readonly completions: number;
  readonly deliveries: number;
  readonly outside: number;
  readonly calls: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Empty when the recording ended inside this turn. */
  readonly digest: string;
}

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('Read a recording: its header, its totals, its turns.')
    .argument('<file>', 'a trace')
    .option('--connection <record:generation>', 'what happened to one connection', connectionName)
    .addOption(
      new Option('--kind <kind>', 'entries of one kind, one a line').choices([...ENTRY_KINDS]),
    )
    .option('--turn <A..B>', 'only these turns: 7, 7..9, 7.. or ..9', turnRange)
    .option('--json', 'print JSON lines: the header, then a line for each turn or entry')
    .addHelpText(
      'after',
      `
Without --connection and --kind there is one line for each turn, with these columns:
  turn         its number
  ms           time of the turn, from the first one on
  events       records that the kernel reported
  completions  operations that the host executed for the core
  deliveries   handlers that were due
  outside      calls that the program made between this turn and the one before
  calls        calls that handlers made in this turn
  in, out      bytes that were received, and bytes that the program wrote
  digest       of all the core's work up to here; "-" when the recording ended inside the turn

With one of them there is one line for each entry: turn, kind, record:generation, and what it was.

Examples:
  $ calandria inspect a.trace
  $ calandria inspect a.trace --turn ..20
  $ calandria inspect a.trace --connection 5:1           one connection's whole life
  $ calandria inspect a.trace --kind call --turn 100..
  $ calandria inspect a.trace --json | jq 'select(.deliveries > 10)'`,
    )
    .action(runInspect);
}

function runInspect(file: string, options: InspectOptions): void {
  const trace = openTrace(file);
  const output = new Output();
  if (options.json) writeJson(trace, options, output);
  else writeText(trace, options, output);
  output.flush();
}

/** Lines are gathered: a system call for each would cost more than all the rest. */
class Output {
  private text = '';

  line(line: string): void {
    this.text += `${line}\n`;
    if (this.text.length > 1 << 16) this.flush();
  }

  flush(): void {
    process.stdout.write(this.text);
    this.text = '';
  }
}

// ── Turns ──

/** Turns of the range, each with the time since the first turn of all. */
function* turnsOf(trace: Trace, range: TurnRange | undefined): Generator<[TurnBlock, number]> {
  let begin: bigint | undefined;
  for (const turn of trace.turns()) {
    begin ??= turn.now;
    if (range && turn.turn > range.last) return;
    if (range && turn.turn < range.first) continue;
    yield [turn, Number(turn.now - begin) / 1e6];
  }
}

function summarise(turn: TurnBlock, milliseconds: number): TurnSummary {
  const { events, eventSize, completions, deliveries } = turn;
  const outside = countCalls(turn.outside);
  const inside = countCalls(turn.calls);
  return {
    turn: turn.turn,
    milliseconds,
    events: eventSize > 0 ? events.length / eventSize : 0,
    completions: completions.length / layout.SUBMISSION_SIZE,
    deliveries: deliveries.length / layout.DELIVERY_SIZE,
    outside: outside.calls,
    calls: inside.calls,
    bytesIn: countReceived(completions),
    bytesOut: outside.bytes + inside.bytes,
    digest: turn.ended ? turn.digest.toString(16).padStart(16, '0') : '',
  };
}

function countReceived(completions: Buffer): number {
  let bytes = 0;
  for (let at = 0; at < completions.length; at += layout.SUBMISSION_SIZE) {
    const operation = completions[at + layout.SUBMISSION_OPERATION];
    const result = completions.readInt32LE(at + layout.SUBMISSION_RESULT);
    if (operation === layout.OPERATION_RECEIVE && result > 0) bytes += result;
  }
  return bytes;
}

/** Calls in a stream, and the bytes of those that write. */
function countCalls(stream: Buffer): { calls: number; bytes: number } {
  let calls = 0;
  let bytes = 0;
  for (const call of splitCalls(stream)) {
    calls += 1;
    // A write that was refused has a negative result and took nothing.
    const writes = call?.operation === layout.CALL_WRITE || call?.operation === layout.CALL_SEND_TO;
    if (writes && call.result >= 0) bytes += call.length;
  }
  return { calls, bytes };
}

const COUNTED = [
  'events',
  'completions',
  'deliveries',
  'outside',
  'calls',
  'bytesIn',
  'bytesOut',
] as const;

type Totals = Record<(typeof COUNTED)[number] | 'turns' | 'milliseconds', number>;

function totalsOf(trace: Trace): Totals {
  const totals = { turns: 0, milliseconds: 0 } as Totals;
  for (const name of COUNTED) totals[name] = 0;
  for (const [turn, milliseconds] of turnsOf(trace, undefined)) {
    const summary = summarise(turn, milliseconds);
    totals.turns += 1;
    totals.milliseconds = milliseconds;
    for (const name of COUNTED) totals[name] += summary[name];
  }
  return totals;
}

function* matching(turn: TurnBlock, { connection, kind }: InspectOptions): Generator<Entry> {
  for (const entry of entriesOf(turn)) {
    if (kind !== undefined && entry.kind !== kind) continue;
    if (connection !== undefined && entry.connection !== connection) continue;
    yield entry;
  }
}

function wantsEntries({ connection, kind }: InspectOptions): boolean {
  return connection !== undefined || kind !== undefined;
}

// ── For machines ──

function writeJson(trace: Trace, options: InspectOptions, output: Output): void {
  const { file, header, ending, lastTurn, lastTurnEnded } = trace;
  output.line(JSON.stringify({ file, header, ending, lastTurn, lastTurnEnded }));
  for (const [turn, milliseconds] of turnsOf(trace, options.turn)) {
    if (!wantsEntries(options)) output.line(JSON.stringify(summarise(turn, milliseconds)));
    else {
      for (const entry of matching(turn, options)) {
        output.line(JSON.stringify({ turn: turn.turn, milliseconds, ...entry }));
      }
    }
  }
}

// ── For people ──

function writeText(trace: Trace, options: InspectOptions, output: Output): void {
  const paint = makePaint(isRich(process.stdout));
  output.line(formatHeader(trace, totalsOf(trace), paint));
  output.line('');
  if (wantsEntries(options)) writeEntries(trace, options, output, paint);
  else writeTurns(trace, options, output, paint);
}

function formatHeader({ file, header, ...trace }: Trace, totals: Totals, paint: Paint): string {
  const { program } = header;
  const where = trace.lastTurnEnded ? 'after' : 'inside';
  const ending =
    trace.ending === 'complete'
      ? 'complete'
      : paint.yellow(`ends early, ${where} turn ${trace.lastTurn}`);
  const amounts = COUNTED.map((name) => `${formatCount(totals[name])} ${LABELS[name]}`);
  const rows = [
    ['file', file],
    ['format', `${header.format}, written by version ${header.version}`],
    ['host', header.host],
    ['program', program ? `${program.name} ${JSON.stringify(program.parameters)}` : 'not named'],
    ['payload', header.payload],
    ['seed', header.seed],
    ['sampling', header.sampling],
    ['core', header.coreHash],
    ['ending', ending],
    ['totals', `${plural(totals.turns, 'turn')} in ${formatCount(totals.milliseconds, 1)} ms`],
    ['', amounts.slice(0, 3).join(', ')],
    ['', amounts.slice(3).join(', ')],
  ];
  return formatTable(rows.map(([name = '', value = '']) => [paint.dim(name), value]));
}

const LABELS: Record<(typeof COUNTED)[number], string> = {
  events: 'events',
  completions: 'completions',
  deliveries: 'deliveries',
  outside: 'calls from outside',
  calls: 'calls of handlers',
  bytesIn: 'bytes in',
  bytesOut: 'bytes out',
};

// Fixed widths: the lines are written as they are read, and a trace may be longer than memory.
const COLUMNS: readonly (readonly [name: string, width: number])[] = [
  ['turn', 8],
  ['ms', 12],
  ['events', 8],
  ['completions', 12],
  ['deliveries', 11],
  ['outside', 8],
  ['calls', 7],
  ['in', 10],
  ['out', 10],
];

function writeTurns(trace: Trace, options: InspectOptions, output: Output, paint: Paint): void {
  const head = COLUMNS.map(([name, width]) => name.padStart(width)).join('');
  output.line(paint.bold(`${head}  digest`));
  for (const [turn, milliseconds] of turnsOf(trace, options.turn)) {
    const { digest, ...summary } = summarise(turn, milliseconds);
    const { events, completions, deliveries, outside, calls, bytesIn, bytesOut } = summary;
    const counts = [events, completions, deliveries, outside, calls, bytesIn, bytesOut];
    const cells = [String(turn.turn), milliseconds.toFixed(3), ...counts.map(String)];
    const line = cells.map((cell, column) => cell.padStart(COLUMNS[column]?.[1] ?? 0)).join('');
    output.line(`${line}  ${digest || '-'}`);
  }
}

function writeEntries(trace: Trace, options: InspectOptions, output: Output, paint: Paint): void {
  output.line(
    paint.bold(`${'turn'.padStart(8)}  ${'kind'.padEnd(10)}  ${'name'.padEnd(10)}  what`),
  );
  let found = 0;
  for (const [turn] of turnsOf(trace, options.turn)) {
    for (const { kind, connection, text } of matching(turn, options)) {
      found += 1;
      const place = String(turn.turn).padStart(8);
      output.line(`${place}  ${kind.padEnd(10)}  ${connection.padEnd(10)}  ${text}`);
    }
  }
  if (found === 0) output.line('nothing matches; `calandria inspect --help` explains the filters');
}
