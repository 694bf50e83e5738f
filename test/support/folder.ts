// A folder of a suite's own, gone when the suite is.
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Answers a function that makes paths which nobody has used yet. */
export function freshFolder(under = tmpdir()): () => string {
  let folder: string | undefined;
  let paths = 0;
  afterAll(() => {
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    folder ??= mkdtempSync(join(under, 'calandria-files-'));
    return join(folder, String(++paths));
  };
}

/**
 * Writes a file so that none of it is left in the page cache: a direct transfer would have to wait
 * for what is, and go to a thread.
 */
export function writeToDisk(path: string, bytes: Uint8Array): void {
  writeFileSync(path, bytes);
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
}

/** What a promise was rejected with, in short; a sentence when it was not. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'it did not fail';
  } catch (error) {
    const { code, syscall, path } = error as NodeJS.ErrnoException;
    return [code, syscall, path].filter((word) => word !== undefined).join(' ');
  }
}
