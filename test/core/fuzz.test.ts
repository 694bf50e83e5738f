import { fuzzCore } from '../support/core-fuzz';

/** `node scripts/fuzz.mjs --runs 100000` runs more of them. */
const RUNS = 20;

describe('the fuzz', () => {
  test(`seeds 1 to ${RUNS}: no rule is broken, everything heals, nothing is left`, () => {
    let events = 0;
    let updates = 0;
    let operations = 0;
    let datagrams = 0;
    let ahead = 0;
    let leases = 0;
    for (let seed = 1; seed <= RUNS; seed++) {
      const result = fuzzCore(seed);
      events += result.events;
      updates += result.updates;
      operations += result.operations;
      datagrams += result.datagrams;
      ahead += result.ahead;
      leases += result.leases;
    }
    // It did something.
    expect(events).toBeGreaterThan(2_500);
    expect(updates).toBeGreaterThan(500);
    expect(operations).toBeGreaterThan(200);
    expect(datagrams).toBeGreaterThan(250);
    expect(ahead).toBeGreaterThan(25_000);
    expect(leases).toBeGreaterThan(50);
  });

  // Found by longer runs, each with the mistake that it found.
  test.each([
    [9063, 'bytes behind a file that is read hold the arena that its own bytes need'],
    [30420, 'operations that wait for room fill the queue that would make it'],
  ])('seed %i: %s', (seed) => {
    expect(fuzzCore(seed).turns).toBeGreaterThan(0);
  });

  test('a failure names its seed and how to run it again', () => {
    // There is no such build, so that its very first step fails.
    expect(() => fuzzCore(1, 'none' as never)).toThrow(
      /^seed 1: [\s\S]*again: node scripts\/fuzz\.mjs --runs 1 --seed 1$/,
    );
  });
});
