// The ring of an inbox: every order of a small one, and threads in C++ under ThreadSanitizer.
import '../support/tidy-up';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runs, testWith } from '../support/commands';
import { explore, type Flaw, type Model } from '../support/ring-model';

const SMALL: Model = { posts: [2, 1], capacity: 1, room: 2, deaths: false };

describe('every order of the accesses to a ring', () => {
  test('R0.7: loses no wake-up, of the consumer or of who waits for room', () => {
    let states = 0;
    for (const capacity of [1, 2]) {
      for (const room of [1, 2]) {
        const explored = explore({ ...SMALL, capacity, room });
        expect({ capacity, room, stuck: explored.stuck }).toEqual({ capacity, room, stuck: 0 });
        states += explored.states;
      }
    }
    expect(states).toBeGreaterThan(10_000);
  });

  test('R0.7: loses none when a producer ends anywhere between its posts', () => {
    expect(explore({ ...SMALL, deaths: true }).stuck).toBe(0);
  });

  test.each<[Flaw, Partial<Model>]>([
    ['no second look', {}],
    ['stops too early', {}],
    ['clears first', { deaths: true }],
    ['clears any sleep', {}],
    ['waits blindly', {}],
    ['lets sleep', { deaths: true }],
  ])('would find a protocol that has the flaw "%s"', (flaw, more) => {
    expect(explore({ ...SMALL, ...more, flaw }).stuck).toBeGreaterThan(0);
  });
});

const root = join(__dirname, '../..');

/** Does ThreadSanitizer work here, as a compiler and as a runtime? */
function sanitizes(): boolean {
  return runs(
    'sh',
    '-c',
    'f=$(mktemp) && echo "int main(){return 0;}" | g++ -fsanitize=thread -x c++ - -o $f && $f; r=$?; rm -f $f; exit $r',
  );
}

testWith(sanitizes(), 'g++ with ThreadSanitizer')(
  'R0.7: four threads post and one drains, and ThreadSanitizer finds no race',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'calandria-ring-'));
    try {
      const file = join(folder, 'ring');
      const source = join(__dirname, 'programs/ring.cc');
      const compiled = spawnSync(
        'g++',
        [
          '-std=c++17',
          '-O1',
          '-g',
          '-Wall',
          '-Wextra',
          '-Werror',
          '-fsanitize=thread',
          '-pthread',
          '-I',
          root,
          source,
          '-o',
          file,
        ],
        { encoding: 'utf8' },
      );
      expect(compiled.stderr).toBe('');
      const run = spawnSync(file, { encoding: 'utf8' });
      expect(run).toMatchObject({ status: 0, stderr: '' });
      expect(run.stdout).toBe('40000 posts, sum 800020000\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  60_000,
);
