// Every byte of a trace counts: a flip is found by the checksums, and when those are made right
// again by one of the two replays. Who finds what is stated here: neither finds everything alone.
import '../support/tidy-up';
import { readFileSync } from 'node:fs';
import { FILE_HEAD } from '../../src/trace/format';
import {
  bodyOf,
  both as bothOf,
  ECHOED,
  program,
  random,
  recordWhole,
  SEED,
} from '../support/damaged-trace';
import { dial } from '../support/peer';
import { recordRun, SMALL, traceFile } from '../support/recording';
import { type BlockPlace, blocksOf, flipped, forged } from '../support/tamper';

let whole: Buffer;
let scratch: string;
beforeAll(async () => {
  whole = await recordWhole();
});
beforeEach(() => {
  scratch = traceFile();
});

const both = (bytes: Buffer): ReturnType<typeof bothOf> => bothOf(bytes, scratch);

test('without damage both replays are identical', async () => {
  expect(await both(whole)).toEqual({ core: 'identical', app: 'identical' });
});

describe(`one byte flipped (seed ${SEED})`, () => {
  async function expectFound(at: number, mask: number): Promise<void> {
    const { core, app } = await both(flipped(whole, at, mask));
    expect({ at, mask, core, app }).toEqual({
      at,
      mask,
      core: expect.stringMatching(/error|diverged|ends early/),
      app: expect.stringMatching(/error|diverged|ends early/),
    });
  }

  test('in any byte of the file head: refused', async () => {
    for (let at = 0; at < FILE_HEAD; at++) {
      const { core, app } = await both(flipped(whole, at, 1 << (at % 8)));
      expect({ at, core, app }).toEqual({ at, core: 'error', app: 'error' });
    }
  });

  test('in 200 places: refused, diverged, or said to end early; never identical', async () => {
    const chance = random();
    for (let sample = 0; sample < 200; sample++) {
      await expectFound(chance.between(0, whole.length - 1), 1 << chance.between(0, 7));
    }
  });

  test('in the last block, with none behind that proves damage: it ends early', async () => {
    const end = blocksOf(whole).at(-1) as BlockPlace;
    for (let at = end.at; at < whole.length; at++) {
      const { core, app } = await both(flipped(whole, at));
      expect({ at, core, app }).toEqual({ at, core: 'ends early', app: 'ends early' });
    }
  });
});

describe(`one byte flipped and the checksum made right again (seed ${SEED})`, () => {
  test('in bytes that the program echoes: both replays diverge', async () => {
    const block = blocksOf(whole).find(
      ({ kind, at, length }) =>
        kind === 'IN' && whole.subarray(at, at + length).includes(Buffer.from(ECHOED)),
    ) as BlockPlace;
    const from = whole.indexOf(ECHOED, block.at);
    for (let at = from; at < from + ECHOED.length; at++) {
      const outcome = await both(forged(whole, block, at));
      expect({ at, ...outcome }).toEqual({ at, core: 'diverged', app: 'diverged' });
    }
  });

  test('in the count of END: refused', async () => {
    const end = blocksOf(whole).at(-1) as BlockPlace;
    for (const at of bodyOf(end)) {
      expect(await both(forged(whole, end, at))).toEqual({ core: 'error', app: 'error' });
    }
  });
});

test('large echoed bytes are held against their digests', async () => {
  const message = Buffer.alloc(20_000);
  for (let at = 0; at < message.length; at++) message[at] = at % 251;
  const recorded = await recordRun(
    program as never,
    async ({ port }) => {
      const peer = await dial(port);
      await peer.write(message);
      await peer.receive(message.length + 20);
    },
    { reactor: { limits: SMALL } },
  );
  const bytes = readFileSync(recorded);
  const chance = random();
  const blocks = blocksOf(bytes).filter(({ kind }) => kind === 'IN');
  for (let sample = 0; sample < 30; sample++) {
    // A run of 251 bytes occurs only in the message; at is somewhere within one.
    const run = chance.between(0, 70) * 251;
    const from = bytes.indexOf(message.subarray(run, run + 251), chance.pick(blocks).at);
    const block = blocks.find(({ at, length }) => at < from && from < at + length);
    if (!block) continue;
    const at = from + chance.between(0, 250);
    const outcome = await both(forged(bytes, block, at));
    expect({ at, ...outcome }).toEqual({ at, core: 'diverged', app: 'diverged' });
  }
});
