// Tools that a test would like to have. Where one is missing its tests are skipped, and say so.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function runs(command: string, ...parameters: string[]): boolean {
  return spawnSync(command, parameters, { stdio: 'ignore' }).status === 0;
}

/** strace is only of use where the kernel lets it trace a child. */
export const traces = runs('strace', '-f', '-o', '/dev/null', 'true');
export const compiles = runs('cc', '--version');
export const limits = runs('prlimit', '--version');

/** `test`, or a skipped test that names what is missing. */
export function testWith(
  present: boolean,
  what: string,
): (name: string, body: () => Promise<void>, timeout?: number) => void {
  if (present) return test;
  return (name, body, timeout) => test.skip(`${name} (skipped: no ${what} here)`, body, timeout);
}

/** Compiles one C file; the result is gone when `done` is called. */
export function compile(source: string): { file: string; done(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'calandria-'));
  const from = join(folder, 'program.c');
  const file = join(folder, 'program');
  writeFileSync(from, source);
  const result = spawnSync('cc', ['-O1', '-o', file, from], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`cc failed: ${result.stderr}`);
  return { file, done: () => rmSync(folder, { recursive: true }) };
}
