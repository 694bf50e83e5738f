// calandria demo: the whole idea in under twenty seconds, on this machine, with real sockets.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { Command } from 'commander';
import { CANDIDATES, chooseHost } from '../host/choose';
import type { Verdict } from '../trace';
import { formatMeasurements, MESSAGE_BYTES, measureBoth } from './demo-measure';
import type { Stage } from './demo-stage';
import { type Change, changeOneByte, formatSize, recordRun, replayBoth } from './demo-trace';
import { EXIT_FINDING } from './exit';
import { openFilesMax } from './machine';
import { positiveNumber, wholeNumber } from './options';
import { formatParts, type Part } from './replay';
import { formatCount, isRich, makePaint, makeProgress, type Paint, plural } from './terminal';

interface DemoOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly host?: string;
  readonly folder?: string;
}

/** Descriptors that each of the processes needs besides its connections. */
const DESCRIPTORS_ELSE = 64;

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('Serve, measure, record, replay and tamper, in under 20 seconds.')
    .option('-c, --connections <number>', 'connections to drive', wholeNumber(1, 10_000), 1000)
    .option(
      '-s, --seconds <number>',
      'length of each of four measurements',
      positiveNumber(60),
      1.5,
    )
    .option('--host <name>', 'host of the server (default: the best that can run here)')
    .option('--folder <folder>', 'where the traces go (default: a new one in the temporary folder)')
    .addHelpText(
      'after',
      `
What it does:
  1  starts the echo server and drives it with real TCP connections from another process, beside
     the same load on a server on node:net
  2  records such a run, every byte of it
  3  replays the recording twice: the core alone, and the program on top of it
  4  changes one byte of a copy, and shows what a replay says to that

Nothing but Node is needed. Where ulimit -n is too low it drives fewer connections, and says so.

Examples:
  $ calandria demo
  $ calandria demo --connections 50 --seconds 0.2
  $ calandria demo --host node`,
    )
    .action(runDemo);
}

async function runDemo(options: DemoOptions): Promise<void> {
  const rich = isRich(process.stdout);
  const paint = makePaint(rich);
  const host = chooseHost(options.host).name;
  if (options.folder) mkdirSync(options.folder, { recursive: true });
  const stage: Stage = {
    host,
    connections: Math.max(1, Math.min(options.connections, openFilesMax() - DESCRIPTORS_ELSE)),
    folder: options.folder ?? mkdtempSync(join(tmpdir(), 'calandria-demo-')),
    paint,
    progress: makeProgress(process.stdout, rich),
  };
  // The processes are ended by the exit, so there has to be one.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));

  const what = CANDIDATES.find(({ name }) => name === host)?.what ?? '';
  console.log(`${paint.bold('calandria')} on ${what}, Node ${process.versions.node}`);
  if (stage.connections < options.connections) {
    console.log(
      paint.yellow(
        `ulimit -n is ${openFilesMax()}: ` +
          `${formatCount(stage.connections)} connections instead of ` +
          `${formatCount(options.connections)}.`,
      ),
    );
  }
  await serve(stage, options.seconds);
  await tellOfTraces(stage);
}

function heading(paint: Paint): (number: number, title: string, text: string) => void {
  return (number, title, text) =>
    console.log(`\n${paint.cyan(String(number))}  ${paint.bold(title.padEnd(7))} ${text}`);
}

async function serve(
  { host, connections, paint, progress }: Stage,
  seconds: number,
): Promise<void> {
  heading(paint)(
    1,
    'Serve',
    `${plural(connections, 'TCP connection')}, ${MESSAGE_BYTES} bytes under way on each`,
  );
  const options = { host, connections, milliseconds: seconds * 1000 };
  const sums = await measureBoth(options, progress);
  console.log(formatMeasurements(sums, host, paint));
  const messages = sums.reduce((sum, { messages }) => sum + messages, 0);
  console.log(`   Every byte of ${formatCount(messages)} answers was compared.`);
}

async function tellOfTraces(stage: Stage): Promise<void> {
  const { paint, folder } = stage;
  const title = heading(paint);
  title(2, 'Record', 'the same server, every byte of it into a file');
  const { file, messages, bytes } = await recordRun(stage);
  console.log(`   ${formatCount(messages)} messages, ${formatSize(bytes)} in ${file}`);

  title(3, 'Replay', 'the core on the recorded events, the program on the recorded deliveries');
  const parts = await replayBoth(file);
  console.log(formatParts(parts, paint, '   '));
  expectVerdict(parts, 'identical');

  title(4, 'Tamper', 'one byte of a copy is changed, its checksum made right again');
  const change = changeOneByte(file, folder);
  const { turn, connection, place, before, after } = change;
  console.log(
    `   turn ${turn}, byte ${place} of what came in on connection ${connection}: ` +
      `${before} is now ${after}`,
  );
  const changed = await replayBoth(change.file);
  console.log(formatParts(changed, paint, '   '));
  expectVerdict(changed, 'diverged');
  suggest(stage, file, change);
}

/** The demo is a claim; when it does not hold, the exit code says so. */
function expectVerdict(parts: readonly Part[], expected: Verdict): void {
  for (const { name, report } of parts) {
    if (report.verdict === expected) continue;
    console.error(
      `error: the ${name} replay should be ${expected}; this is a defect, please report it.`,
    );
    process.exitCode = EXIT_FINDING;
  }
}

function suggest({ paint }: Stage, file: string, change: Change): void {
  const command = commandName();
  const connection = `--connection ${change.connection}`;
  console.log(`\n${paint.bold('What to try next')}`);
  const rows = [
    ['inspect', `${file} ${connection}`, "one connection's whole life"],
    ['replay', change.file, 'the divergence again; its exit code is 1'],
    ['echo', '--port 7000 --record my.trace', 'record what you send it'],
    ['doctor', '', 'what else this machine can run, and its limits'],
  ];
  for (const [name, text, what] of rows) {
    console.log(`  ${paint.dim(`# ${what}`)}\n  ${command} ${name} ${text}`.trimEnd());
  }
}

/** How this command line was called, so that what is suggested can be typed as it stands. */
function commandName(): string {
  const script = process.argv[1] ?? '';
  if (process.env.npm_command === 'exec') return 'npx calandria';
  if (basename(script) === 'calandria') return 'calandria';
  return `node ${relative(process.cwd(), script)}`;
}
