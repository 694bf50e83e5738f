// A test's program in a process of its own: for what may end it, and for what is measured of a
// whole process. The programs import the built package, so they also see what users get.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Program {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  private readonly messages: unknown[] = [];
  private readonly waiting: ((message: unknown) => void)[] = [];
  private stderr = '';
  private ending: Ending | undefined;
  private failWaiting: (error: Error) => void = () => {};
  private readonly failed: Promise<never>;

  /** `descriptors`: which the program has too, from 4 on. */
  constructor(command: string[], descriptors: readonly number[] = []) {
    const [file, ...rest] = command as [string, ...string[]];
    this.child = spawn(file, rest, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', ...descriptors],
      detached: true,
    });
    let stdout = '';
    this.child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.child.on('message', (message) => {
      const next = this.waiting.shift();
      if (next) next(message);
      else this.messages.push(message);
    });
    this.failed = new Promise((_, reject) => {
      this.failWaiting = reject;
    });
    this.failed.catch(() => {});
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        const { stderr } = this;
        this.ending = { code, signal, stdout, stderr };
        this.failWaiting(new Error(`The program ended (${code ?? signal}).\n${stdout}${stderr}`));
        resolve(this.ending);
      });
    });
  }

  /** The next message; rejects when the program ends before it sends one. */
  next<Message = Record<string, unknown>>(): Promise<Message> {
    if (this.messages.length > 0) return Promise.resolve(this.messages.shift() as Message);
    const message = new Promise<Message>((resolve) =>
      this.waiting.push(resolve as (message: unknown) => void),
    );
    return Promise.race([message, this.failed]);
  }

  /** Until this has come on stderr; rejects when the program ends without it. */
  async complained(of: RegExp): Promise<void> {
    const { stderr } = this.child;
    while (!of.test(this.stderr)) {
      await Promise.race([once(stderr as NodeJS.ReadableStream, 'data'), this.failed]);
    }
  }

  send(message: object): void {
    this.child.send(message);
  }

  async kill(): Promise<void> {
    try {
      // The whole group: a command like strace would leave the program behind.
      if (!this.ending) process.kill(-(this.child.pid as number), 'SIGKILL');
    } catch (error) {
      // It has ended, and that was not heard yet.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    await this.ended;
  }
}

const running: Program[] = [];

export interface StartOptions {
  readonly parameters?: readonly (string | number)[];
  /** A command that runs the program, like prlimit. */
  readonly through?: readonly string[];
  /** Options of node itself. */
  readonly node?: readonly string[];
}

/** Starts a program by its path below test/. */
export function start(
  path: string,
  { parameters = [], through = [], node = [] }: StartOptions = {},
): Program {
  const file = join(__dirname, '..', path);
  const program = new Program([
    ...through,
    process.execPath,
    ...node,
    file,
    ...parameters.map(String),
  ]);
  running.push(program);
  return program;
}

/** To be called by afterEach. */
export async function endPrograms(): Promise<void> {
  await Promise.all(running.splice(0).map((program) => program.kill()));
}
