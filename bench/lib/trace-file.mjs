// A place for the trace of one run. Under build/, on a real disk: a trace in memory would cost
// less than users pay.

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { outputDirectory } from './compile.mjs';

const directories = new Set();

function remove(directory) {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
}

// Traces grow by a hundred megabytes a second: an interrupted run must not leave one behind.
process.on('exit', () => {
  for (const directory of directories) remove(directory);
});

export function makeTraceFile() {
  const directory = mkdtempSync(join(outputDirectory, 'trace-'));
  directories.add(directory);
  return { path: join(directory, 'trace'), remove: () => remove(directory) };
}
