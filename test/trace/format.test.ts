// The file: how it is made, in which order it is written, and how a damaged one is told from one
// that just ends.
import '../support/tidy-up';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { coreHash } from '../../src/core/core';
import { FORMAT, openTrace, replayCore, replayProgram } from '../../src/index';
import { echo } from '../../src/programs/echo';
import { layoutHash } from '../../src/trace/format';
import { dial } from '../support/peer';
import { recordRun, SMALL, startRecording, traceFile } from '../support/recording';
import { asFile, blocksOf, flipped, headerEnd, withHeader } from '../support/tamper';
import { TRAFFIC, type Traffic } from '../support/traffic';

const { program, client } = TRAFFIC['small messages'] as Traffic;

function codeOf(action: () => unknown): { code?: string; message?: string } {
  try {
    action();
  } catch (error) {
    return error as { code?: string; message?: string };
  }
  return {};
}

describe('a trace file', () => {
  test('is readable by its owner alone, also where there was a file before', () => {
    const fresh = startRecording();
    expect(statSync(fresh.file).mode & 0o777).toBe(0o600);
    const file = traceFile();
    writeFileSync(file, 'older', { mode: 0o644 });
    startRecording({ sink: file });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('says in its header what recorded, how, and what ran', () => {
    const described = { name: 'mine', parameters: { port: 1 } };
    const limits = { connections: 64 };
    const { file } = startRecording({
      payload: 'digest',
      reactor: { seed: 11n, sampling: 'turn', program: described, limits },
    });
    expect(openTrace(file).header).toMatchObject({
      format: FORMAT,
      version: JSON.parse(readFileSync('package.json', 'utf8')).version,
      layoutHash: layoutHash(),
      coreHash: coreHash(),
      host: 'epoll',
      limits: { connections: 64, operations: 4096 },
      seed: '11',
      sampling: 'turn',
      debug: false,
      payload: 'digest',
      program: described,
    });
  });

  test('R3.39: holds IN, OUT, IN, OUT, … and END, with turns from 1 on', async () => {
    const bytes = readFileSync(await recordRun(program, client));
    const blocks = blocksOf(bytes);
    expect(blocks.length).toBeGreaterThan(20);
    expect(blocks.at(-1)?.kind).toBe('END');
    blocks.slice(0, -1).forEach(({ kind, turn }, place) => {
      expect([kind, turn]).toEqual([place % 2 ? 'OUT' : 'IN', Math.floor(place / 2) + 1]);
    });
  });

  test('has the input of a turn before its handler runs, and not yet its output', async () => {
    const seen: { kinds: string[]; holds: boolean; turn: number; reactorTurn: number }[] = [];
    const recording = startRecording();
    const { reactor, file } = recording;
    const listener = reactor.listen(
      { port: 0 },
      {
        data(_, bytes) {
          const written = readFileSync(file);
          const last = blocksOf(written).at(-1);
          seen.push({
            kinds: [last?.kind ?? ''],
            turn: last?.turn ?? 0,
            reactorTurn: reactor.turn,
            holds: written.subarray(last?.at).includes(Buffer.from(bytes)),
          });
        },
      },
    );
    const { port } = await listener.ready();
    const peer = await dial(port);
    await peer.write('find me in the file');
    await recording.tap.when(() => seen.length > 0);
    const turn = seen[0]?.reactorTurn;
    expect(seen[0]).toEqual({ kinds: ['IN'], turn, reactorTurn: turn, holds: true });
  });

  test('has the output of every turn when the reactor sleeps', async () => {
    const { reactor, file } = startRecording();
    const { port } = await echo(reactor, { port: 0, address: '127.0.0.1' }).ready();
    const peer = await dial(port);
    await peer.write('x');
    await peer.receive(1);
    // The answer left with the turn's submissions, and those come after its output was written.
    const last = blocksOf(readFileSync(file)).at(-1);
    expect(last).toMatchObject({ kind: 'OUT', turn: reactor.turn });
  });
});

describe('a trace that was cut', () => {
  let whole: Buffer;
  beforeAll(async () => {
    const file = await recordRun(program, client, { reactor: { limits: SMALL } });
    whole = readFileSync(file);
  });

  test('between two blocks, behind OUT: it ends early, after that turn', () => {
    const block = blocksOf(whole).find(({ kind, turn }) => kind === 'OUT' && turn === 9);
    const end = (block?.at ?? 0) + 24 + (block?.length ?? 0);
    const trace = openTrace(asFile(whole.subarray(0, end)));
    expect(trace).toMatchObject({ ending: 'early', lastTurn: 9, lastTurnEnded: true });
    expect(replayCore(trace)).toEqual({
      verdict: 'ends early',
      turns: 9,
      reason: 'recording ended after turn 9',
    });
  });

  test('behind IN: it ends early, inside that turn', async () => {
    const block = blocksOf(whole).find(({ kind, turn }) => kind === 'OUT' && turn === 9);
    const trace = openTrace(asFile(whole.subarray(0, block?.at)));
    expect(trace).toMatchObject({ ending: 'early', lastTurn: 9, lastTurnEnded: false });
    const reason = 'recording ended inside turn 9';
    expect(replayCore(trace)).toEqual({ verdict: 'ends early', turns: 9, reason });
    expect(await replayProgram(trace, program as never)).toMatchObject({
      verdict: 'ends early',
      reason,
    });
  });

  test('anywhere in its last blocks: it ends early, and replays up to there', () => {
    const blocks = blocksOf(whole);
    const from = blocks.at(-4)?.at ?? 0;
    // Blocks lie at multiples of 8, and 5 has no divisor in common with it: each place within one
    // is tried.
    for (let length = from; length < whole.length; length += 5) {
      const trace = openTrace(asFile(whole.subarray(0, length)));
      expect(trace.ending).toBe('early');
      expect(replayCore(trace).verdict).toBe('ends early');
    }
  });

  test('in its header: an error that says so', () => {
    for (const length of [1, 7, 8, 12, 23, 24, 100, headerEnd(whole) - 1]) {
      const file = asFile(whole.subarray(0, length));
      const error = codeOf(() => openTrace(file));
      expect(error.code).toBe('ERR_CALANDRIA_TRACE');
      expect(error.message).toContain(file);
      expect(error.message).toMatch(/cut off/);
    }
  });

  test('right behind its header: no turns, and it ends early', () => {
    const trace = openTrace(asFile(whole.subarray(0, headerEnd(whole))));
    expect(trace).toMatchObject({ ending: 'early', lastTurn: 0 });
    expect(replayCore(trace).verdict).toBe('ends early');
  });

  test('and whose payload holds a trace of its own: still ends early', async () => {
    const inner = readFileSync(await recordRun(program, client));
    // Blocks lie at multiples of 8 in a file; the last one that fits is of an early turn.
    const piece = inner.subarray(headerEnd(inner), headerEnd(inner) + 4096);
    const outer = await recordRun(program, async ({ port }) => {
      const peer = await dial(port);
      for (let round = 1; round < 40; round++) {
        await peer.write('x');
        await peer.receive(round);
      }
      await peer.write(piece);
      await peer.receive(39 + piece.length);
    });
    const bytes = readFileSync(outer);
    const block = blocksOf(bytes).findLast(({ length }) => length > piece.length);
    const end = (block?.at ?? 0) + 24 + (block?.length ?? 0);
    expect(openTrace(asFile(bytes.subarray(0, end - 8))).ending).toBe('early');
  });
});

describe('what is no trace, or a damaged one', () => {
  let whole: Buffer;
  beforeAll(async () => {
    const file = await recordRun(program, client, { reactor: { limits: SMALL } });
    whole = readFileSync(file);
  });

  test('a bad checksum with blocks behind it is damage, and the place is named', () => {
    const block = blocksOf(whole).find(({ kind, turn }) => kind === 'OUT' && turn === 5);
    const at = block?.at ?? 0;
    const error = codeOf(() => openTrace(asFile(flipped(whole, at + 24))));
    expect(error.code).toBe('ERR_CALANDRIA_TRACE');
    expect(error.message).toContain(`block at byte ${at} `);
  });

  test('bytes behind END are damage', () => {
    const error = codeOf(() => openTrace(asFile(Buffer.concat([whole, Buffer.alloc(8)]))));
    expect(error).toMatchObject({
      code: 'ERR_CALANDRIA_TRACE',
      message: expect.stringContaining('8 bytes follow its END'),
    });
  });

  test('a turn that is missing, doubled or misplaced is an error that names it', () => {
    const blocks = blocksOf(whole);
    const range = (from: number, to: number): Buffer =>
      whole.subarray(blocks[from]?.at, blocks[to]?.at);
    const head = whole.subarray(0, headerEnd(whole));
    const cases: [Buffer[], RegExp][] = [
      [[range(0, 2), range(4, 8)], /Turn 3 follows turn 1/],
      [[range(0, 2), range(0, 2)], /Turn 1 follows turn 1/],
      [[range(0, 1), range(2, 4)], /Turn 2 begins inside turn 1/],
      [[range(0, 2), range(1, 2)], /Turn 1 ends twice/],
      [[range(0, 2), range(3, 4)], /block of turn 2 stands in turn 1/],
    ];
    for (const [parts, message] of cases) {
      const error = codeOf(() => openTrace(asFile(Buffer.concat([head, ...parts]))));
      expect(error).toMatchObject({ code: 'ERR_CALANDRIA_TRACE' });
      expect(error.message).toMatch(message);
    }
  });

  test('no file, a folder, an empty file, another file, an unknown format: each says so', () => {
    const folder = mkdtempSync(join(tmpdir(), 'calandria-'));
    mkdirSync(join(folder, 'inner'));
    const missing = join(folder, 'missing.trace');
    const unknown = Buffer.from(whole);
    unknown.writeUInt32LE(99, 8);
    const cases: [string, RegExp][] = [
      [missing, /no trace to read.*missing\.trace/],
      [join(folder, 'inner'), /inner is not a file/],
      [asFile(Buffer.alloc(0)), /a\.trace is not a trace/],
      [asFile(Buffer.from('{"this":"is not a trace, but long enough"}')), /is not a trace/],
      [asFile(unknown), /format 99; this version reads formats 1, 2, and 3/],
    ];
    for (const [file, message] of cases) {
      const error = codeOf(() => openTrace(file));
      expect(error.code).toBe('ERR_CALANDRIA_TRACE');
      expect(error.message).toMatch(message);
    }
    rmSync(folder, { recursive: true });
    rmSync(dirname(missing), { recursive: true, force: true });
  });

  test('a header whose fields make no sense is an error that names file and field', () => {
    const cases: [object, RegExp][] = [
      [{ payload: 'some' }, /payload is "some"/],
      [{ sampling: 'often' }, /sampling is "often"/],
      [{ coreHash: 7 }, /coreHash is number/],
      [{ seed: 'x' }, /seed is "x"/],
      [{ limits: { connections: -1 } }, /connections.*-1/],
      [{ limits: null }, /limits/],
      [{ readArena: null }, /readArena/],
      [{ program: { name: 1 } }, /program has no name/],
    ];
    for (const [change, message] of cases) {
      const file = asFile(withHeader(whole, () => change));
      const error = codeOf(() => openTrace(file));
      expect(error.code).toBe('ERR_CALANDRIA_TRACE');
      expect(error.message).toContain(file);
      expect(error.message).toMatch(message);
    }
  });
});
