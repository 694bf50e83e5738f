// The ring of an inbox: every order of a small one, and threads in C++ under ThreadSanitizer.
import '../support/tidy-up';
import { join } from 'node:path';
import { explore, SMALL } from '../support/ring-model';
import { withThreadSanitizer } from '../support/thread-sanitizer';

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
});

withThreadSanitizer(
  'R0.7: four threads post and one drains, and ThreadSanitizer finds no race',
  join(__dirname, 'programs/ring.cc'),
  '40000 posts, sum 800020000\n',
);
