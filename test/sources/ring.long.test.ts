// The ring of an inbox when producers die; and that the search finds a protocol with a flaw.
import { explore, type Flaw, type Model, SMALL } from '../support/ring-model';

describe('every order of the accesses to a ring', () => {
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
