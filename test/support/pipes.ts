// Pipes with names: both ends in this process, each an open file of its own.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

export interface Ends {
  readonly path: string;
  readonly reader: number;
  readonly writer: number;
}

/** Both ends blocking, as a program that knows of no event loop would have them. */
export function openPipe(): Ends {
  const folder = mkdtempSync(join(tmpdir(), 'calandria-pipe-'));
  folders.push(folder);
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  // fifo(7): opened for both, it waits for nobody, and neither do the two that follow.
  const both = openSync(path, constants.O_RDWR);
  const reader = openSync(path, constants.O_RDONLY);
  const writer = openSync(path, constants.O_WRONLY);
  closeSync(both);
  return { path, reader, writer };
}

export function removePipes(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
}

/** The flags of an open file (fcntl(2), F_GETFL), as the kernel shows them. */
export function flagsOf(fd: number): string {
  return /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
}
