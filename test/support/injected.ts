// Programs whose shim meets system calls that fail, by a library that is loaded before all others
// (test/faults/programs/inject.c). The shim itself is the one that is shipped.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { compiles } from './commands';
import { type Program, start } from './program';

/** The shim's call of this name fails: the `first` one, and every so many after it (0: none). */
export interface Fault {
  readonly call: string;
  /** 'fork': it does not fail, but the process forks there. */
  readonly error: keyof typeof constants.errno | 'fork';
  readonly first: number;
  readonly every: number;
}

let folder: string | undefined;
let programs = 0;

function library(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'calandria-inject-'));
  const file = join(folder, 'inject.so');
  if (existsSync(file)) return file;
  const source = join(__dirname, '../faults/programs/inject.c');
  const options = ['-O1', '-shared', '-fPIC', '-Wall', '-Werror', '-o', file, source, '-ldl'];
  const { status, stderr } = spawnSync('cc', options, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc failed: ${stderr}`);
  return file;
}

afterAll(() => {
  if (folder) rmSync(folder, { recursive: true });
  folder = undefined;
});

export interface Injected {
  readonly program: Program;
  /** How many faults each call has met. */
  met(): Record<string, number>;
}

/** What keeps a program from being preloaded into; empty when nothing does. */
export const injectionMissing =
  process.platform !== 'linux'
    ? 'LD_PRELOAD of Linux'
    : !compiles
      ? 'C compiler'
      : process.env.LD_PRELOAD
        ? 'LD_PRELOAD to spare'
        : '';

const [major = 0, minor = 0] = release().split('.').map(Number);

/** Whether requests of io_uring can be refused, too: Linux 6.10. */
export const refusesRequests = major * 100 + minor >= 610;

export function startInjected(
  path: string,
  parameters: readonly string[],
  faults: readonly Fault[],
  environment: readonly string[] = [],
): Injected {
  const preload = library();
  const log = join(folder as string, `${++programs}.log`);
  const inject = faults
    .map(({ call, error, first, every }) => {
      const number = error === 'fork' ? 0 : constants.errno[error];
      return [call, number, first, every].join(' ');
    })
    .join(',');
  const injecting = [`LD_PRELOAD=${preload}`, `INJECT=${inject}`, `INJECT_LOG=${log}`];
  const through = ['env', ...environment, ...injecting];
  return {
    program: start(path, { parameters, through }),
    met() {
      const met: Record<string, number> = {};
      const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
      for (const [call = ''] of lines.map((line) => line.split(' '))) {
        if (call) met[call] = (met[call] ?? 0) + 1;
      }
      return met;
    },
  };
}
