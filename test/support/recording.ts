// Recording a program that serves real connections, and replaying what it recorded in every way.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CreateReactorOptions,
  createReactor,
  epoll,
  formatDivergence,
  type Host,
  type Limits,
  type Listener,
  openTrace,
  type Program,
  type Reactor,
  type RecordOptions,
  type Report,
  record,
  replayCore,
  replayProgram,
  type Sink,
} from '../../src/index';
import { type Tap, tap } from './tap';

const folders: string[] = [];
const reactors: Reactor[] = [];

/** The name of a file that does not exist yet and is gone after the suite. */
export function traceFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'calandria-trace-'));
  folders.push(folder);
  return join(folder, 'a.trace');
}

afterEach(async () => {
  await Promise.all(reactors.splice(0).map((reactor) => reactor.close()));
});

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Small regions: for tests that replay hundreds of times. */
export const SMALL: Partial<Limits> = {
  connections: 64,
  operations: 64,
  events: 64,
  timers: 64,
  queueBytes: 1 << 18,
  queueBytesTotal: 1 << 20,
  readBytes: 1 << 16,
  readSegments: 2,
  writeSegments: 2,
};

export interface Recording {
  readonly file: string;
  readonly reactor: Reactor;
  readonly tap: Tap;
}

export interface RecordingOptions extends RecordOptions {
  readonly reactor?: Omit<CreateReactorOptions, 'host'>;
  readonly host?: Host;
  readonly sink?: string | Sink;
}

/** A reactor whose turns are recorded; nothing runs on it yet. */
export function startRecording(options: RecordingOptions = {}): Recording {
  const { host = epoll(), reactor: asked = {}, sink, ...recording } = options;
  const file = traceFile();
  const tapped = tap(host);
  const reactor = createReactor({
    seed: 7n,
    ...asked,
    host: record(tapped.host, sink ?? file, recording),
  });
  reactors.push(reactor);
  return { file, reactor, tap: tapped };
}

/** A program whose first listener, or server, a client can dial. */
export type Served = (reactor: Reactor) => Dialled | Promise<Dialled>;
type Dialled = Pick<Listener, 'ready'>;
export type Client = (recording: Recording & { readonly port: number }) => unknown;

/** Records a program while a client drives it; then the reactor is closed. */
export async function recordRun(
  program: Served,
  client: Client,
  options: RecordingOptions = {},
): Promise<string> {
  const recording = startRecording(options);
  const listener = await program(recording.reactor);
  const { port } = await listener.ready();
  await client({ ...recording, port });
  await recording.reactor.close();
  return recording.file;
}

function explained(report: Report): string {
  const { verdict, reason, divergence } = report;
  return [verdict, reason, divergence && formatDivergence(divergence)].filter(Boolean).join('\n');
}

/**
 * Both replays of a trace with full payload, in words: what went wrong shows in the test's output.
 */
export async function replayBoth(
  file: string,
  program: Program,
  patience = 2000,
): Promise<{ core: string; program: string }> {
  return {
    core: explained(replayCore(openTrace(file))),
    program: explained(await replayProgram(openTrace(file), program, { patience })),
  };
}

export const IDENTICAL = { core: 'identical', program: 'identical' };
