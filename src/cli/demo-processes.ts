// The demo's processes: servers that announce their address, and the load that is pointed at them.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LoadOrder, LoadReport } from './demo-load';
import { UserError } from './exit';

/** How long a server may take to listen, and to be gone after it was asked to end. */
const PATIENCE_MILLISECONDS = 8000;
const DOCTOR = '`calandria doctor` shows which limits of this machine could be the reason.';

const children = new Set<ChildProcess>();

// Whatever ends the demo ends its processes.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

function keep<C extends ChildProcess>(child: C): C {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

export interface Server {
  readonly address: string;
  readonly port: number;
  /** Microseconds of processor time so far; undefined where the system does not say. */
  processorTime(): number | undefined;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

/** Starts a script of this folder that prints "listening on ADDRESS:PORT". */
export async function startServer(script: string, scriptArguments: string[] = []): Promise<Server> {
  const child = keep(
    spawn(process.execPath, [join(__dirname, script), ...scriptArguments], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  const line = await firstLine(child);
  const [, address = '', port = ''] = /^listening on (.*):(\d+)$/.exec(line) ?? [];
  if (!port) throw new Error(`${script} printed ${JSON.stringify(line)}, not where it listens`);
  return {
    address,
    port: Number(port),
    processorTime: () => processorTime(child.pid as number),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MILLISECONDS);
      await exited;
      clearTimeout(late);
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => reject(new UserError(`The server ${what}.`, DOCTOR));
    const late = setTimeout(() => fail('did not listen in time'), PATIENCE_MILLISECONDS);
    lines.once('line', resolve);
    child.once('exit', (code) => fail(`ended with exit code ${code} instead of listening`));
    child.once('error', reject);
    lines.once('line', () => clearTimeout(late));
    child.once('exit', () => clearTimeout(late));
  });
}

/** User and system time of a process and all its threads, in steps of 10 ms. */
function processorTime(pid: number): number | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name of the program, in brackets, may hold anything; the fields after it are fixed.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

export interface LoadResult {
  readonly messages: number;
  readonly milliseconds: number;
  /** Of a Histogram. */
  readonly latencies: number[];
  /** Microseconds of the server's processor time while it was measured. */
  readonly processorTime: number | undefined;
}

/** Runs the load against a server; `watch` hears of its progress. */
export async function runLoad(
  server: Server,
  order: Omit<LoadOrder, 'port' | 'address'>,
  watch: (report: LoadReport) => void,
): Promise<LoadResult> {
  const full: LoadOrder = { ...order, port: server.port, address: server.address };
  const child = keep(
    fork(join(__dirname, 'demo-load.js'), [JSON.stringify(full)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  return new Promise((resolve, reject) => {
    let before: number | undefined;
    let result: LoadResult | undefined;
    child.on('message', (report: LoadReport) => {
      watch(report);
      if (report.kind === 'measuring') before = server.processorTime();
      if (report.kind === 'failed')
        reject(new UserError(`The load failed: ${report.message}.`, DOCTOR));
      if (report.kind === 'measured') {
        const after = server.processorTime();
        const used = before === undefined || after === undefined ? undefined : after - before;
        result = { ...report, processorTime: used };
      }
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (result) resolve(result);
      else reject(new UserError(`The load ended early, with exit code ${code}.`, DOCTOR));
    });
  });
}
