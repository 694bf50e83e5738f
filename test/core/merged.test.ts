import { checkMergedLoop } from '../support/merged-model';

describe('the merged loop', () => {
  // Until no new state is found, which takes far more than ten steps.
  test.each([
    ['R4.24 R4.25 R4.30: one operation', 1],
    ['R4.24 R4.25 R4.27 R4.30: two operations, batches of one', 2],
  ])('%s: no order of events loses a wake-up, starves a side or spins', (_name, operations) => {
    const result = checkMergedLoop({ operations, batch: 1 });
    expect(result.fault).toBeUndefined();
    expect(result.depth).toBeGreaterThan(10);
    expect(result.states).toBeGreaterThan(200);
  });

  test('R4.25: three operations, batches of two: nor does any within twelve steps', () => {
    const result = checkMergedLoop({ operations: 3, batch: 2, depth: 12 });
    expect(result.fault).toBeUndefined();
    expect(result.depth).toBe(12);
  });
});
