// Calls from outside a turn are inputs: the program has to make them again, and the trace says when
// they land.
import '../support/tidy-up';
import { type Connection, openTrace, type Program, replayProgram } from '../../src/index';
import { dial } from '../support/peer';
import { recordRun } from '../support/recording';

/** Each message is answered within its turn; `delay` ms behind the fifth one is written outside. */
function behindFive(delay: number, text = 'outside'): Program {
  return (reactor) => {
    let messages = 0;
    return reactor.listen(
      { port: 0 },
      {
        data(connection, bytes) {
          connection.write(bytes);
          if (++messages === 5) setTimeout(() => void connection.write(text), delay);
        },
      },
    );
  };
}

async function talk(port: number): Promise<void> {
  const peer = await dial(port);
  // Turns of the reactor, before and after the call from outside.
  for (let round = 1; round <= 5; round++) {
    await peer.write('x');
    await peer.receive(round);
  }
  await peer.receive(5 + 7);
  await peer.write('y');
  await peer.receive(5 + 7 + 1);
}

async function landing(file: string, program: Program): Promise<number[]> {
  const turns: number[] = [];
  const report = await replayProgram(openTrace(file), program, {
    patience: 2000,
    observer: {
      call: (call, _, turn) => void (call.outside && call.operation === 3 && turns.push(turn)),
    },
  });
  expect(report).toMatchObject({ verdict: 'identical' });
  return turns;
}

describe('calls from outside', () => {
  let file: string;
  let recordedTurn: number;
  beforeAll(async () => {
    file = await recordRun(behindFive(20) as never, ({ port }) => talk(port));
    for (const turn of openTrace(file).turns()) {
      if (turn.outside.includes('outside')) recordedTurn = turn.turn;
    }
  });

  test('that come early are held, and take effect in the recorded turn', async () => {
    const queued: [number, number][] = [];
    const early: Program = (reactor) =>
      reactor.listen(
        { port: 0 },
        {
          async open(connection) {
            // As early as a call from outside can be: before the next turn.
            setImmediate(() => void connection.write('outside'));
          },
          data(connection, bytes) {
            queued.push([reactor.turn, connection.tx.queued]);
            connection.write(bytes);
          },
        },
      );
    expect(await replayProgram(openTrace(file), early)).toMatchObject({ verdict: 'identical' });
    expect(queued.length).toBeGreaterThan(5);
    for (const [turn, bytes] of queued) {
      // The bytes count from the turn that took the call, and are gone by the next.
      expect([turn, bytes]).toEqual([turn, turn === recordedTurn ? 7 : 0]);
    }
  });

  test('that come late are waited for, and land in the recorded turn', async () => {
    expect(await landing(file, behindFive(100))).toEqual([recordedTurn]);
  });

  test('that never come are waited for, then a divergence says what was expected', async () => {
    const never: Program = (reactor) =>
      reactor.listen(
        { port: 0 },
        { open() {}, data: (connection, bytes) => void connection.write(bytes) },
      );
    const start = performance.now();
    const report = await replayProgram(openTrace(file), never, { patience: 20 });
    expect(performance.now() - start).toBeLessThan(2000);
    expect(report.divergence).toMatchObject({
      turn: recordedTurn,
      what: 'a call from outside was waited for 20 ms',
      operation: 'write',
      recorded: expect.stringContaining('"outside"'),
      replayed: 'nothing',
    });
  });

  test('that differ are a divergence with both sides', async () => {
    const report = await replayProgram(openTrace(file), behindFive(1, 'outSide'));
    expect(report.divergence).toMatchObject({
      what: 'a call differs',
      operation: 'write',
      byteOffset: 3,
      recorded: expect.stringContaining('outside'),
      replayed: expect.stringContaining('outSide'),
    });
  });

  test('may come in another order for different connections, not for one', async () => {
    const answers =
      (first: number, second: number, text = 'ab'): Program =>
      (reactor) => {
        let opened = 0;
        return reactor.listen(
          { port: 0 },
          {
            open(connection) {
              setTimeout(
                () => {
                  for (const character of text) connection.write(character);
                  connection.end();
                },
                opened++ === 0 ? first : second,
              );
            },
          },
        );
      };
    const recorded = await recordRun(answers(2, 20) as never, async ({ port }) => {
      const peers = [await dial(port), await dial(port)];
      await Promise.all(peers.map((peer) => peer.ended));
    });
    for (const program of [answers(2, 20), answers(30, 1), answers(0, 0)]) {
      const report = await replayProgram(openTrace(recorded), program);
      expect(report).toMatchObject({ verdict: 'identical' });
    }
    const swapped = await replayProgram(openTrace(recorded), answers(30, 1, 'ba'));
    expect(swapped).toMatchObject({ verdict: 'diverged', divergence: { byteOffset: 0 } });
  });

  test('are not waited for when the program could not even be set up', async () => {
    const start = performance.now();
    const report = await replayProgram(openTrace(file), () => {
      throw new Error('no configuration');
    });
    expect(performance.now() - start).toBeLessThan(2000);
    expect(report.divergence?.what).toMatch(/threw while it was set up/);
    expect(report.errors).toMatchObject([{ message: 'no configuration' }]);
  });
});

describe('a connect from outside that comes early', () => {
  test('gets its connection at once, and its place when the trace says so', async () => {
    const heard: string[] = [];
    const program =
      (delay: number): Program =>
      async (reactor) => {
        const listener = reactor.listen(
          { port: 0 },
          {
            data: (connection, bytes) => void connection.write(bytes),
            end: (connection) => connection.end(),
            // Lazily made objects must not be mixed up with those of the next owner.
            close: (connection) => void heard.push(`closed ${connection.generation}`),
          },
        );
        const { port } = await listener.ready();
        setTimeout(() => {
          const dialled = reactor.connect(
            { port },
            {
              open: (connection) => {
                heard.push(`same ${connection === dialled}`);
                connection.write('from inside');
              },
              data: (connection: Connection) => connection.end(),
            },
          );
          dialled.data = 'mine';
        }, delay);
        return listener;
      };
    const file = await recordRun(program(30) as never, async ({ port, reactor, tap }) => {
      // A place is used and freed before the program connects, and gets the same place.
      const peer = await dial(port);
      await peer.write('first');
      await peer.receive(5);
      peer.end();
      await peer.ended;
      await tap.when(() => reactor.counters.closed >= 3);
    });
    const recorded = heard.splice(0);
    expect(await replayProgram(openTrace(file), program(0))).toMatchObject({
      verdict: 'identical',
    });
    expect(heard).toEqual(recorded);
    expect(recorded).toContain('same true');
  });
});

describe('the end from outside', () => {
  const draining: Program = (reactor) =>
    reactor.listen(
      { port: 0 },
      { open: (connection) => void connection.write('hi'), data() {}, end: (one) => one.end() },
    );

  test('is brought by the replay, for the signal that caused it never comes', async () => {
    const file = await recordRun(draining as never, async ({ port, reactor }) => {
      const peer = await dial(port);
      await peer.receive(2);
      await reactor.close({ drain: true, deadline: 1000 });
    });
    const start = performance.now();
    expect(await replayProgram(openTrace(file), draining)).toMatchObject({ verdict: 'identical' });
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test('may be made by the program as well', async () => {
    const closing =
      (delay: number): Program =>
      (reactor) => {
        const listener = reactor.listen(
          { port: 0 },
          {
            open(connection) {
              connection.write('hi');
              setTimeout(async () => {
                connection.write('bye');
                await reactor.close();
              }, delay);
            },
          },
        );
        return listener;
      };
    const file = await recordRun(closing(2) as never, async ({ port }) => {
      const peer = await dial(port);
      await peer.ended;
    });
    for (const delay of [0, 2, 20]) {
      const report = await replayProgram(openTrace(file), closing(delay), { patience: 1000 });
      expect(report).toMatchObject({ verdict: 'identical' });
    }
  });
});

describe('a source that the core refused', () => {
  test('is refused for the same reason in a replay', async () => {
    const program: Program = (reactor) =>
      reactor.listen(
        { port: 0 },
        {
          data(connection) {
            try {
              for (;;) reactor.watchPath(`/${'x'.repeat(4000)}`, { error() {} });
            } catch (error) {
              connection.write((error as Error).message);
            }
          },
        },
      );
    const limits = { writeSegments: 1, connections: 1000 };
    let told = '';
    const file = await recordRun(
      program as never,
      async ({ port }) => {
        const peer = await dial(port);
        await peer.write('x');
        told = String(await peer.receive(20));
      },
      { reactor: { limits } },
    );
    expect(told).toContain('limits.writeSegments');
    expect(await replayProgram(openTrace(file), program)).toMatchObject({ verdict: 'identical' });
  });
});
