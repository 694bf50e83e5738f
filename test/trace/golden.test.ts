// Golden traces: recorded once, replayed for ever. What is read here today, a release of today can
// be asked for in
// years.
//
//   CALANDRIA_GOLDEN=create npx jest test/trace/golden    records those that are missing
//   CALANDRIA_GOLDEN=text npx jest test/trace/golden      writes the texts beside them again
//
// CALANDRIA_GOLDEN_FOLDER names another folder: scripts/arm64.mjs carries traces from one processor
// to another.
//
// To replace a trace, delete it first: that it has to go should be somebody's decision.
import '../support/tidy-up';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { coreHash } from '../../src/core/core';
import { openTrace, replayCore, replayProgram } from '../../src/index';
import { layoutHash } from '../../src/trace/format';
import { GOLDEN } from '../support/golden-programs';
import { recordRun, SMALL } from '../support/recording';
import { traceText } from '../support/trace-text';

const { CALANDRIA_GOLDEN_FOLDER } = process.env;
const folder = CALANDRIA_GOLDEN_FOLDER ?? join(__dirname, '../fixtures/golden');
const flag = process.env.CALANDRIA_GOLDEN;

describe.each(Object.entries(GOLDEN))('golden trace %s', (name, { program, client, host }) => {
  const file = join(folder, `${name}.trace`);
  const text = join(folder, `${name}.txt`);

  beforeAll(async () => {
    const missing = !existsSync(file);
    if (missing && flag === 'create') {
      const options = { host: host(), reactor: { limits: SMALL, seed: 42n } };
      mkdirSync(folder, { recursive: true });
      copyFileSync(await recordRun(program, client, options), file);
    }
    if (flag === 'text' || (missing && flag === 'create')) {
      writeFileSync(text, traceText(openTrace(file)));
    }
  });

  test('is whole, small, and reads as the text beside it', () => {
    const trace = openTrace(file);
    expect(trace).toMatchObject({ ending: 'complete', lastTurnEnded: true });
    expect(statSync(file).size).toBeLessThan(30_000);
    expect(traceText(trace)).toBe(readFileSync(text, 'utf8'));
  });

  test('replays against its program', async () => {
    const report = await replayProgram(openTrace(file), program as never);
    expect(report).toMatchObject({ verdict: 'identical', errors: [] });
  });

  test('replays on its core, or the replay says that this is another one', () => {
    const trace = openTrace(file);
    const { header, lastTurn } = trace;
    // What lies in another folder was recorded a moment ago, with the same core.
    const same =
      CALANDRIA_GOLDEN_FOLDER !== undefined ||
      (header.coreHash === coreHash() && header.layoutHash === layoutHash());
    expect(replayCore(trace)).toEqual(
      same
        ? { verdict: 'identical', turns: lastTurn }
        : { verdict: 'refused', turns: 0, reason: expect.stringContaining('another core') },
    );
  });
});
