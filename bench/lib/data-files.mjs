// The files that are read and sent: made when the first scenario asks for one, in the temporary
// folder, kept for the next, and removed when the benchmark ends.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function run({ path, reason }, words) {
  if (!path) throw new Error(`bench/c/data-file.c: ${reason}`);
  const { status, stderr } = spawnSync(path, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the file, ${words[0]}: ${stderr.trim()}`);
}

export function makeDataFiles({ dataFile: program }) {
  let directory;
  const made = new Map();
  // Whatever ends the benchmark.
  process.on('exit', () => {
    if (directory) rmSync(directory, { recursive: true, force: true });
  });
  return {
    // Where the file of so many bytes is. Throws when there is no room for it.
    path(bytes) {
      directory ??= mkdtempSync(join(tmpdir(), 'calandria-bench-'));
      const path = join(directory, String(bytes));
      if (!made.has(bytes)) run(program, ['make', path, String(bytes)]);
      made.set(bytes, path);
      return path;
    },
    // Throws when a page of it stays in the page cache.
    evict: (path) => run(program, ['evict', path]),
    // Throws when not all of it fits the page cache.
    warm: (path) => run(program, ['warm', path]),
  };
}
