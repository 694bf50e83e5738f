// What threads leave behind: nothing.
import { start } from '../support/program';
import '../support/tidy-up';

test('R4.1: a million short threads leave the memory as it was', async () => {
  const program = start('threads/programs/many.mjs', {
    parameters: [1_000_000],
    node: ['--expose-gc'],
  });
  const { samples, arrivals, count } = await program.next<{
    samples: [number, number];
    arrivals: number;
    count: number;
  }>();
  expect([arrivals, count]).toEqual([1_000_001, 0]);
  // A byte kept of each would be 900 KB.
  expect(samples[1] - samples[0]).toBeLessThan(900_000);
  expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
});
