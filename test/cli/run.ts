// Runs the built command line the way a shell would.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MAIN = join(__dirname, '../../build/js/src/cli/main.js');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
}

export function start(
  commandArguments: readonly string[],
  environment: Record<string, string> = {},
): Running {
  const child = spawn(process.execPath, [MAIN, ...commandArguments], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const outcome = once(child, 'close').then(([code]) => ({ code, stdout, stderr }));
  return { child, outcome };
}

export function run(
  commandArguments: readonly string[],
  environment?: Record<string, string>,
): Promise<Outcome> {
  return start(commandArguments, environment).outcome;
}

export interface EchoServer extends Running {
  readonly port: number;
}

/** `calandria echo`, listening. */
export function startEcho(commandArguments: readonly string[] = []): Promise<EchoServer> {
  return startServer(['echo', ...commandArguments]);
}

/** A command that says on its first line where it listens. */
export async function startServer(commandArguments: readonly string[]): Promise<EchoServer> {
  const running = start(commandArguments);
  const [text] = (await once(running.child.stdout as NodeJS.ReadableStream, 'data')) as [string];
  const port = Number(/:(\d+)\/?\n$/.exec(text)?.[1]);
  return { ...running, port };
}

/** Ends it the way an operator does. */
export async function stopEcho({ child, outcome }: Running): Promise<Outcome> {
  child.kill('SIGTERM');
  return outcome;
}

export async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return socket;
}

/** Sends a text and resolves with as many bytes of answer. */
export async function exchange(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  let answer = '';
  while (answer.length < text.length) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    answer += bytes.toString();
  }
  return answer;
}

/** A recording of a few messages on a few connections. */
export async function recordEcho(file: string, more: readonly string[] = []): Promise<void> {
  const server = await startEcho(['--record', file, ...more]);
  for (const name of ['first', 'second']) {
    const socket = await dial(server.port);
    for (let message = 0; message < 3; message++) {
      const text = `message ${message} of the ${name} connection`;
      if ((await exchange(socket, text)) !== text) throw new Error('the echo differs');
    }
    socket.end();
    await once(socket, 'close');
  }
  const { code, stderr } = await stopEcho(server);
  if (code !== 0) throw new Error(`echo exited ${code}: ${stderr}`);
}

/** A folder of one test file, gone when its tests are done. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'calandria-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes without reading until nothing more is taken: all buffers on the way are full then. */
export async function stall(socket: Socket): Promise<void> {
  socket.pause();
  const piece = Buffer.alloc(1 << 16, 'x');
  for (;;) {
    const taken = new Promise((resolve) => socket.write(piece, () => resolve(true)));
    const late = new Promise((resolve) => setTimeout(() => resolve(false), 300));
    if (!(await Promise.race([taken, late]))) return;
  }
}
