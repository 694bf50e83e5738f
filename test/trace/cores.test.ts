// What a replay needs, and what it does not: the core replay the very core, the program replay
// neither core nor host.
import '../support/tidy-up';
import { readFileSync } from 'node:fs';
import { openTrace, replayCore, replayProgram } from '../../src/index';
import { echo } from '../../src/programs/echo';
import { dial } from '../support/peer';
import { start } from '../support/program';
import { recordRun, startRecording } from '../support/recording';
import { asFile, withHeader } from '../support/tamper';
import { TRAFFIC, type Traffic } from '../support/traffic';

const shape = (name: string): Traffic => TRAFFIC[name] as Traffic;

describe('the program replay', () => {
  test('needs no shim and no socket', async () => {
    const { program, client } = shape('small messages');
    const file = await recordRun(program, client);
    const replay = start('trace/programs/replay.mjs', {
      parameters: [file],
      through: ['env', 'CALANDRIA_BINARY=/nonexistent/calandria.node'],
    });
    const { report, host } = await replay.next<{ report: { verdict: string }; host: string }>();
    expect(report.verdict).toBe('identical');
    expect(host).toMatch(/epoll.*no shim/);
  });

  test.each(['coreHash', 'layoutHash'])('does not need the same core (%s)', async (field) => {
    const { program, client } = shape('small messages');
    const bytes = readFileSync(await recordRun(program, client));
    const other = 'c0ffee'.padEnd(64, '0');
    const trace = openTrace(asFile(withHeader(bytes, () => ({ [field]: other }))));
    expect(await replayProgram(trace, program as never)).toMatchObject({ verdict: 'identical' });
    const refused = replayCore(trace);
    expect(refused).toMatchObject({ verdict: 'refused', turns: 0 });
    expect(refused.reason).toMatch(/another core.*needs the same/);
    if (field === 'coreHash') expect(refused.reason).toContain('c0ffee');
  });

  test('does not need the addresses of the recording: its arena may lie elsewhere', async () => {
    const { program, client } = shape('writeSome and the record');
    // The same limits give the same addresses, so the replay gets a trace that pretends otherwise.
    const file = await recordRun(program, client, { reactor: { limits: { timers: 100 } } });
    const moved = withHeader(readFileSync(file), ({ limits }) => ({
      limits: { ...limits, timers: 60_000 },
    }));
    expect(await replayProgram(openTrace(asFile(moved)), program as never)).toMatchObject({
      verdict: 'identical',
    });
  });
});

describe('the core replay', () => {
  test.each([
    'small messages',
    'many connections and churn',
    'timers and chance',
    'a slow reader, with back-pressure',
  ])('%s: debug and release build give the same digests', async (name) => {
    const { program, client } = shape(name);
    const trace = openTrace(await recordRun(program, client));
    expect(replayCore(trace, { build: 'release' }).verdict).toBe('identical');
    expect(replayCore(trace, { build: 'debug' }).verdict).toBe('identical');
  });
});

describe('random()', () => {
  async function draw(seed: bigint, count: number): Promise<number[]> {
    const { reactor } = startRecording({ reactor: { seed } });
    const drawn = Array.from({ length: count }, () => reactor.random());
    await reactor.close();
    return drawn;
  }

  test('lies in [0, 1), evenly', async () => {
    const drawn = await draw(3n, 10_000);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThan(1);
    const tenths = new Array<number>(10).fill(0);
    for (const value of drawn) (tenths[Math.floor(value * 10)] as number)++;
    // 1,000 each; the standard deviation is 30.
    for (const tenth of tenths) expect(Math.abs(tenth - 1000)).toBeLessThan(150);
  });

  test('is decided by the seed', async () => {
    const [first, again, other, zero] = await Promise.all([
      draw(5n, 20),
      draw(5n, 20),
      draw(6n, 20),
      draw(0n, 20),
    ]);
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    expect(new Set(zero).size).toBe(20);
    expect((await draw(2n ** 64n - 1n, 5)).length).toBe(5);
  });

  test('is the same in a replay, in and outside of turns', async () => {
    const drawn: number[] = [];
    const program: Traffic['program'] = (reactor) => {
      drawn.push(reactor.random());
      setTimeout(() => void drawn.push(reactor.random()), 1);
      const listener = echo(reactor, { port: 0, address: '127.0.0.1' });
      reactor.setTimer(0, () => void drawn.push(reactor.random()));
      reactor.setTimer(3, () => void drawn.push(reactor.random()));
      return listener;
    };
    const file = await recordRun(program, async ({ port, tap }) => {
      await dial(port);
      await tap.when(() => drawn.length === 4);
    });
    const recorded = drawn.splice(0);
    const seeded = asFile(withHeader(readFileSync(file), () => ({ seed: '999' })));
    for (const trace of [file, seeded]) {
      drawn.length = 0;
      expect(await replayProgram(openTrace(trace), program as never)).toMatchObject({
        verdict: 'identical',
      });
      expect([...drawn].sort()).toEqual([...recorded].sort());
    }
    expect(replayCore(openTrace(seeded)).verdict).toBe('diverged');
  });
});

describe('a timer that starts in the turn in which another fires', () => {
  test('does not take its place among the handlers', async () => {
    const fired: string[] = [];
    const { reactor, tap } = startRecording();
    const again = (): void => void reactor.setTimer(0, () => void fired.push('third'));
    reactor.setTimer(2, () => {
      fired.push('first');
      again();
    });
    reactor.setTimer(2, () => void fired.push('second'));
    await tap.when(() => fired.includes('third'));
    expect(fired).toEqual(['first', 'second', 'third']);
  });
});
