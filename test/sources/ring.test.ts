// The ring of an inbox: every order of a small one, and threads in C++ under ThreadSanitizer.
import '../support/tidy-up';
import { join } from 'node:path';
import { explore, type Flaw, type Model } from '../support/ring-model';
import { withThreadSanitizer } from '../support/thread-sanitizer';

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

withThreadSanitizer(
  'R0.7: four threads post and one drains, and ThreadSanitizer finds no race',
  join(__dirname, 'programs/ring.cc'),
  '40000 posts, sum 800020000\n',
);
