// One byte anywhere in a trace, its checksum made right again: one of the two replays finds it.
import '../support/tidy-up';
import { BLOCK_HEAD } from '../../src/trace/format';
import { app, bodyOf, both, core, random, recordWhole, SEED } from '../support/damaged-trace';
import { traceFile } from '../support/recording';
import { asFile, blocksOf, forged } from '../support/tamper';

let whole: Buffer;
let scratch: string;
beforeAll(async () => {
  whole = await recordWhole();
});
beforeEach(() => {
  scratch = traceFile();
});

describe(`one byte flipped and the checksum made right again (seed ${SEED})`, () => {
  test('in the digest of any OUT: the core replay diverges', async () => {
    for (const block of blocksOf(whole).filter(({ kind }) => kind === 'OUT')) {
      for (const at of bodyOf(block).slice(0, 8)) {
        expect(core(asFile(forged(whole, block, at), scratch))).toBe('diverged');
      }
    }
  });

  test('in any call of any OUT: program replay diverges, core replay for results', async () => {
    let results = 0;
    for (const block of blocksOf(whole).filter(({ kind }) => kind === 'OUT')) {
      for (const at of bodyOf(block).slice(8)) {
        const damaged = asFile(forged(whole, block, at), scratch);
        if (/diverged|error/.test(await app(damaged))) continue;
        // A program is given the recorded result; that the core gives it is the core's replay.
        expect({ at, core: core(damaged) }).toEqual({ at, core: 'diverged' });
        results++;
      }
    }
    expect(results).toBeGreaterThan(0);
  });

  test('anywhere else in IN: both replays come back with a verdict, or refuse', async () => {
    const chance = random();
    const blocks = blocksOf(whole).filter(({ kind }) => kind === 'IN');
    for (let sample = 0; sample < 150; sample++) {
      const block = chance.pick(blocks);
      const at = block.at + BLOCK_HEAD + chance.between(0, block.length - 1);
      const outcome = await both(forged(whole, block, at, chance.between(1, 255)), scratch);
      expect(Object.keys(outcome)).toEqual(['core', 'app']);
    }
  });
});
