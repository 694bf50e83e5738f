// calandria serve: a web server for the files beneath a folder, in one thread or in several.
import { type Stats, statSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { chooseHost } from '../host/choose';
import type { LogFormat } from '../http';
import type { ServeParameters } from '../programs/serve';
import { EXIT_FINDING, UserError } from './exit';
import {
  addListening,
  addRecording,
  type ListeningOptions,
  type RecordedOptions,
} from './listening';
import { filePath, wholeNumber } from './options';
import { leaveOutput, outliveOutput, print } from './output';
import { explained, folderFailure, StartError } from './serve-failure';
import { portOf, type RecordingOptions, serveReactor } from './serve-reactor';
import type { ServeWork } from './serve-worker';
import { WorkerGroup } from './worker-group';

interface Options extends ListeningOptions, RecordedOptions {
  readonly files: 'reference' | 'copy';
  readonly workers: number;
  readonly log?: string;
  readonly logFormat: LogFormat;
  readonly drain: number;
  readonly cache: number;
}

const WORKERS_MAX = 256;

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .argument('[directory]', 'the folder to serve', '.')
    .description('Serve the files beneath a folder over HTTP/1.1.');
  addListening(command)
    .option(
      '-w, --workers <number>',
      'threads, each with a reactor',
      wholeNumber(1, WORKERS_MAX),
      1,
    )
    .option('-l, --log <file>', 'append a line for each request; - for stdout', filePath)
    .addOption(
      new Option('--log-format <format>', 'form of these lines')
        .choices(['common', 'combined', 'json'])
        .default('common'),
    )
    .option('--drain <ms>', 'time for requests to finish', wholeNumber(0, 86_400_000), 10_000)
    .option(
      '--cache <MiB>',
      'memory for short files, and whether long ones stay open; 0: nothing is kept',
      wholeNumber(0, 1 << 20),
      16,
    );
  addRecording(command, 'record everything; with workers FILE.0, FILE.1, …')
    .addOption(
      new Option('--files <kind>', 'what a recording keeps of the files that are sent')
        .choices(['reference', 'copy'])
        .default('reference'),
    )
    .addHelpText(
      'after',
      `
Prints one line, "serving DIRECTORY at http://ADDRESS:PORT/", on stdout once it listens.

It serves index.html for a folder, FILE.br, FILE.zst or FILE.gz in place of FILE to whom takes
them, and parts of files; nothing outside of the folder, no names that begin with a dot (but
/.well-known/), and no devices or pipes.

Files up to 16 KiB are kept in memory, up to 256 longer ones stay open. Who changes, replaces or
deletes one is seen by every request that is sent afterwards: inotify tells of it. A host that has
nothing like it keeps nothing, and stderr says so.

On SIGTERM or SIGINT it stops accepting, closes idle connections, lets requests finish, and exits
0; what is left after --drain ms is cut. A second signal cuts it at once. A worker that dies is
replaced, and stderr says so.

A recording replays with \`calandria replay\`: no file and no socket is needed for it. With
--files copy it also has the bytes of every file that was sent.

Examples:
  $ calandria serve                             this folder, at a free port on 127.0.0.1
  $ calandria serve public --port 8080 --address ::
  $ calandria serve public --log access.log --workers 4
  $ calandria serve public --record a.trace     then: calandria replay a.trace`,
    )
    .action(runServe);
}

async function runServe(directory: string, options: Options): Promise<void> {
  checkDirectory(directory);
  outliveOutput();
  const { port, address, workers, log, logFormat, drain, cache } = options;
  const parameters: ServeParameters = {
    directory,
    port,
    address,
    drainMilliseconds: drain,
    cacheBytes: cache * 2 ** 20,
    ...(log !== undefined && { log, logFormat }),
  };
  const { host, record: file, payload, files } = options;
  const recording: RecordingOptions = { host, file, payload, files };
  const bound =
    workers === 1
      ? await serveAlone(parameters, recording)
      : await serveTogether(parameters, recording, workers);
  const name = isIPv6(address) ? `[${address}]` : address;
  print(`serving ${directory} at http://${name}:${bound}/\n`).catch(({ message }: Error) => {
    warn(`stdout cannot be written: ${message}`);
  });
}

function checkDirectory(directory: string): void {
  const found = status(directory);
  if (found?.isDirectory()) return;
  const what = found ? 'is no folder' : 'does not exist';
  throw new UserError(`${directory} ${what}.`, '`calandria serve DIRECTORY` serves a folder.');
}

function status(directory: string): Stats | undefined {
  try {
    return statSync(directory, { throwIfNoEntry: false });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    throw folderFailure(directory, message, code);
  }
}

function say(message: string): void {
  console.error(`warning: ${message}`);
}

function note(message: string): void {
  console.error(`note: ${message}`);
}

/** A server outlives its recording and its log, but whoever counts on them has to hear of it. */
function warn(message: string): void {
  say(message);
  process.exitCode = EXIT_FINDING;
}

async function serveAlone(
  parameters: ServeParameters,
  recording: RecordingOptions,
): Promise<number> {
  try {
    const hooks = { print, warn, note };
    const { served } = serveReactor({ ...parameters, signals: true }, recording, hooks);
    void served.ended.then(leaveOutput);
    return await portOf(served);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw explained(error, parameters, recording.file);
  }
}

async function serveTogether(
  parameters: ServeParameters,
  recording: RecordingOptions,
  count: number,
): Promise<number> {
  // One that is not there is said once, and not by each worker.
  chooseHost(recording.host);
  const group = new WorkerGroup({
    module: join(__dirname, 'serve-worker.js'),
    count,
    data: (number, port): ServeWork => ({
      parameters: { ...parameters, port: port || parameters.port, shared: true },
      recording: { ...recording, file: recording.file && `${recording.file}.${number}` },
    }),
    say: warn,
    note,
    print,
  });
  void group.ended.then(leaveOutput);
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => group.stop());
  try {
    return await group.start();
  } catch (error) {
    group.stop();
    const failure = error as StartError;
    if (failure.step === undefined) throw new UserError(failure.message);
    throw explained(failure, parameters, recording.file);
  }
}
