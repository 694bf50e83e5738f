// Every byte of a trace counts: a flip is found by the checksums, and when those are made right
// again by one of the two replays. Who finds what is stated here: neither finds everything alone.
import '../support/tidy-up';
import { readFileSync } from 'node:fs';
import {
  type CalandriaError,
  openTrace,
  type Program,
  replayCore,
  replayProgram,
} from '../../src/index';
import { BLOCK_HEAD, FILE_HEAD } from '../../src/trace/format';
import { dial } from '../support/peer';
import { recordRun, SMALL, traceFile } from '../support/recording';
import { Seeded } from '../support/seeded';
import { asFile, type BlockPlace, blocksOf, flipped, forged } from '../support/tamper';

const SEED = Number(process.env.CALANDRIA_SEED ?? 20);

/** Uses every kind of call, and echoes. */
const program: Program = (reactor) =>
  reactor.listen(
    { port: 0 },
    {
      open(connection) {
        connection.setNoDelay(true);
        connection.write(`welcome ${reactor.random()}`);
        reactor.setTimer(3_600_000, () => {}).cancel();
        connection.sample();
      },
      data(connection, bytes) {
        if (!connection.write(bytes)) connection.read(0);
        connection.read(100_000);
      },
      end: (connection) => connection.end('bye'),
      close: () => {},
    },
  );

async function drive(port: number): Promise<void> {
  const peer = await dial(port);
  await peer.write(ECHOED);
  await peer.receive(ECHOED.length + 20);
  peer.end();
  await peer.ended;
}

const ECHOED = 'an echoed message';

type Outcome = 'identical' | 'diverged' | 'ends early' | 'refused' | 'error';

function core(damaged: string): Outcome {
  try {
    return replayCore(openTrace(damaged)).verdict;
  } catch (error) {
    return known(error);
  }
}

async function app(damaged: string): Promise<Outcome> {
  try {
    return (await replayProgram(openTrace(damaged), program, { patience: 5 })).verdict;
  } catch (error) {
    return known(error);
  }
}

/** Anything but a trace's own error is a crash. */
function known(error: unknown): Outcome {
  if ((error as CalandriaError).code === 'ERR_CALANDRIA_TRACE') return 'error';
  throw error;
}

let whole: Buffer;
let scratch: string;
beforeAll(async () => {
  const options = { reactor: { limits: SMALL } };
  whole = readFileSync(await recordRun(program as never, ({ port }) => drive(port), options));
});
beforeEach(() => {
  scratch = traceFile();
});

async function both(bytes: Buffer): Promise<{ core: Outcome; app: Outcome }> {
  const damaged = asFile(bytes, scratch);
  return { core: core(damaged), app: await app(damaged) };
}

function bodyOf({ at, length }: BlockPlace): number[] {
  return Array.from({ length }, (_, place) => at + BLOCK_HEAD + place);
}

function random(): Seeded {
  return new Seeded(SEED);
}

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

  test('anywhere else in IN: both replays come back with a verdict, or refuse', async () => {
    const chance = random();
    const blocks = blocksOf(whole).filter(({ kind }) => kind === 'IN');
    for (let sample = 0; sample < 150; sample++) {
      const block = chance.pick(blocks);
      const at = block.at + BLOCK_HEAD + chance.between(0, block.length - 1);
      const outcome = await both(forged(whole, block, at, chance.between(1, 255)));
      expect(Object.keys(outcome)).toEqual(['core', 'app']);
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
