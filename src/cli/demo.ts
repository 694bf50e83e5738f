// calandria demo: the whole idea in under twenty seconds, on this machine, with real sockets.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import type { Command } from 'commander';
import { CANDIDATES, chooseHost } from '../host/choose';
import { formatMeasurements, MESSAGE_BYTES, measureBoth } from './demo-measure';
import { openFilesMax } from './machine';
import { positiveNumber, wholeNumber } from './options';
import {
  formatCount,
  isRich,
  makePaint,
  makeProgress,
  type Paint,
  type Progress,
} from './terminal';

interface DemoOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly host?: string;
}

/** Descriptors that each of the processes needs besides its connections. */
const DESCRIPTORS_ELSE = 64;

export interface Stage {
  readonly host: string;
  readonly connections: number;
  /** Where the traces go. */
  readonly folder: string;
  readonly paint: Paint;
  readonly progress: Progress;
}

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
  const stage: Stage = {
    host,
    connections: Math.max(1, Math.min(options.connections, openFilesMax() - DESCRIPTORS_ELSE)),
    folder: mkdtempSync(join(tmpdir(), 'calandria-demo-')),
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
        `ulimit -n is ${openFilesMax()}: ${formatCount(stage.connections)} connections instead of ` +
          `${formatCount(options.connections)}.`,
      ),
    );
  }
  await serve(stage, options.seconds);
}

export function heading(paint: Paint, number: number, title: string, text: string): void {
  console.log(`\n${paint.cyan(String(number))}  ${paint.bold(title.padEnd(8))} ${text}`);
}

async function serve(
  { host, connections, paint, progress }: Stage,
  seconds: number,
): Promise<void> {
  heading(
    paint,
    1,
    'Serve',
    `${formatCount(connections)} TCP connections, a message of ${MESSAGE_BYTES} bytes under way on each`,
  );
  const options = { host, connections, milliseconds: seconds * 1000 };
  const sums = await measureBoth(options, progress);
  console.log(formatMeasurements(sums, host, paint));
  const messages = sums.reduce((sum, { messages }) => sum + messages, 0);
  console.log(`   Every byte of ${formatCount(messages)} answers was compared.`);
}

/** How this command line was called, so that what is suggested can be typed as it stands. */
export function commandName(): string {
  const script = process.argv[1] ?? '';
  if (process.env.npm_command === 'exec') return 'npx calandria';
  if (basename(script) === 'calandria') return 'calandria';
  return `node ${relative(process.cwd(), script)}`;
}
