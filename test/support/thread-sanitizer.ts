// Threads of the shim in a program of their own under ThreadSanitizer, which in Node finds Node's.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runs, testWith } from './commands';

const root = join(__dirname, '../..');
const FLAGS = ['-std=c++17', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-fsanitize=thread'];

/** Does it work here, as a compiler and as a runtime? */
function sanitizes(): boolean {
  return runs(
    'sh',
    '-c',
    'f=$(mktemp) && echo "int main(){return 0;}" | g++ -fsanitize=thread -x c++ - -o $f && $f; r=$?; rm -f $f; exit $r',
  );
}

/** A test: the program compiles, prints this, and nothing is found. */
export function withThreadSanitizer(
  name: string,
  source: string,
  prints: string,
  flags: readonly string[] = [],
): void {
  testWith(sanitizes(), 'g++ with ThreadSanitizer')(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'calandria-threads-'));
    try {
      const file = join(folder, 'program');
      const compiled = spawnSync(
        'g++',
        [...FLAGS, ...flags, '-pthread', '-I', root, source, '-o', file],
        { encoding: 'utf8' },
      );
      expect(compiled.stderr).toBe('');
      const run = spawnSync(file, { encoding: 'utf8' });
      expect(run).toMatchObject({ status: 0, stderr: '' });
      expect(run.stdout).toBe(prints);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
