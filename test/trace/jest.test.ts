// calandria/jest: the helper for replay tests, used as a user would.
import '../support/tidy-up';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openTrace, type Program, type Reactor } from 'calandria';
import { expectIdentical, matchers, type Run, replayTrace } from 'calandria/jest';
import { echo } from '../../src/programs/echo';
import { dial } from '../support/peer';
import { recordRun, startRecording } from '../support/recording';
import { asFile, readTrace } from '../support/tamper';

/** Greets, answers in upper case, and says good-bye. */
function app(reactor: Reactor) {
  return reactor.listen(
    { port: 0 },
    {
      open: (connection) => void connection.write('220 ready\r\n'),
      data: (connection, bytes) =>
        void connection.write(Buffer.from(bytes).toString().toUpperCase()),
      end: (connection) => connection.end('bye\r\n'),
    },
  );
}

const changed: Program = (reactor) =>
  reactor.listen(
    { port: 0 },
    {
      open: (connection) => void connection.write('220 Ready\r\n'),
      data() {},
      end: (connection) => connection.end(),
    },
  );

let file: string;
beforeAll(async () => {
  file = await recordRun(app, async ({ port }) => {
    for (const text of ['first', 'second']) {
      const peer = await dial(port);
      await peer.receive(11);
      await peer.write(text);
      await peer.receive(11 + text.length);
      peer.end();
      await peer.ended;
    }
  });
});

function messageOf(action: () => unknown): { code?: string; message: string } {
  try {
    action();
  } catch (error) {
    return error as { code?: string; message: string };
  }
  return { message: '' };
}

describe('replayTrace', () => {
  test('in three lines: replay, expect no divergence, assert on what the app did', async () => {
    const run = await replayTrace(file, app);
    expectIdentical(run);
    expect(run.connections[0]?.sent.toString()).toBe('220 ready\r\nFIRSTbye\r\n');
  });

  test('tells of each connection what was received, sent and heard', async () => {
    const run = await replayTrace(file, app);
    expect(run).toMatchObject({
      verdict: 'identical',
      errors: [],
      turns: openTrace(file).lastTurn,
    });
    expect(run.divergence).toBeUndefined();
    expect(run.connections.map(({ received }) => received.toString())).toEqual(['first', 'second']);
    expect(run.connections[1]?.sent.toString()).toBe('220 ready\r\nSECONDbye\r\n');
    const heard = run.connections[0]?.events.map(({ event, bytes }) => `${event} ${bytes ?? ''}`);
    expect(heard).toEqual(['open ', 'data 5', 'end ', 'close ']);
    expect(new Set(run.connections.map(({ name }) => name)).size).toBe(2);
    for (const { name } of run.connections) expect(name).toMatch(/^\d+:\d+$/);
  });

  test('tells every call in words, with its turn and connection', async () => {
    const { calls, connections } = await replayTrace(file, app);
    expect(calls[0]).toMatchObject({ operation: 'listen', outside: true, turn: 1 });
    expect(calls.filter(({ operation }) => operation === 'end').length).toBe(2);
    const greeting = calls.find(({ operation }) => operation === 'write');
    expect(greeting).toMatchObject({
      connection: connections[0]?.name,
      outside: false,
      text: expect.stringContaining('220 ready'),
      result: 0,
    });
  });

  test('counts large bodies and borrowed bytes to what was sent', async () => {
    const large = Buffer.alloc(200_000, 'large');
    const program = (reactor: Reactor) => echo(reactor, { port: 0, address: '127.0.0.1' });
    const recorded = await recordRun(program, async ({ port }) => {
      const peer = await dial(port);
      await peer.write(large);
      await peer.receive(large.length);
    });
    const run = await replayTrace(recorded, program as Program);
    expect(run.connections[0]?.received.equals(large)).toBe(true);
    expect(run.connections[0]?.sent.equals(large)).toBe(true);
  });

  test('finds a program that comes with the package by the name in the trace', async () => {
    const parameters = { port: 0, address: '127.0.0.1' };
    const { reactor, file: named } = startRecording({
      reactor: { program: { name: 'echo', parameters } },
    });
    const { port } = await echo(reactor, parameters).ready();
    const peer = await dial(port);
    await peer.write('hi');
    await peer.receive(2);
    await reactor.close();
    const run = expectIdentical(await replayTrace(named));
    expect(run.connections[0]?.sent.toString()).toBe('hi');
    await expect(replayTrace(file)).rejects.toMatchObject({ code: 'ERR_CALANDRIA_USAGE' });
  });

  test('refuses what is no trace and no app', async () => {
    await expect(replayTrace('/nonexistent', app)).rejects.toMatchObject({
      code: 'ERR_CALANDRIA_TRACE',
    });
    await expect(replayTrace(file, 7 as never)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
  });

  test('waits for a call from outside less long than a test may take', async () => {
    const outside = (delay: number | undefined) => (reactor: Reactor) =>
      reactor.listen(
        { port: 0 },
        {
          open(connection) {
            if (delay !== undefined) setTimeout(() => connection.end('later'), delay);
          },
        },
      );
    const recorded = await recordRun(outside(2), async ({ port }) => {
      const peer = await dial(port);
      await peer.ended;
    });
    expectIdentical(await replayTrace(recorded, outside(5)));
    const run = await replayTrace(recorded, outside(undefined), { patience: 10 });
    expect(run.report).toMatch(/a call from outside was waited for 10 ms/);
  });
});

describe('expectIdentical', () => {
  test('throws the report: where, and both sides', async () => {
    const run = await replayTrace(file, changed);
    const error = messageOf(() => expectIdentical(run));
    expect(error.code).toBe('ERR_CALANDRIA_DIVERGED');
    expect(error.message).toMatch(/a\.trace: diverged \(\d+ turns replayed\)/);
    expect(error.message).toMatch(/where {5}turn \d+, connection 1:1, operation write, byte 4/);
    expect(error.message).toMatch(/recorded {2}write.*220 ready/);
    expect(error.message).toMatch(/replayed {2}write.*220 Ready/);
  });

  test('adds what the app threw', async () => {
    const run = await replayTrace(file, () => {
      throw new Error('no configuration');
    });
    expect(messageOf(() => expectIdentical(run)).message).toMatch(/The app threw: .*no config/);
  });

  test('a trace that ends early passes only as partial', async () => {
    const whole = readTrace(file);
    const cut = asFile(whole.subarray(0, whole.length - 40));
    const run = await replayTrace(cut, app);
    expect(run).toMatchObject({ verdict: 'ends early', reason: expect.stringMatching(/inside/) });
    expect(messageOf(() => expectIdentical(run)).message).toMatch(/partial: true/);
    expect(expectIdentical(run, { partial: true })).toBe(run);
    const other = await replayTrace(cut, changed);
    expect(messageOf(() => expectIdentical(other, { partial: true })).code).toBeDefined();
  });

  test('refuses a promise, and what is no run at all', () => {
    const promise = Promise.resolve({}) as unknown as Run;
    expect(messageOf(() => expectIdentical(promise)).message).toMatch(/did you await it/);
    expect(messageOf(() => expectIdentical({} as Run)).code).toBe('ERR_INVALID_ARG_TYPE');
  });
});

describe('matchers', () => {
  test('toReplayIdentically passes, fails with the report, and can be negated', async () => {
    const same = await replayTrace(file, app);
    const other = await replayTrace(file, changed);
    expect(matchers.toReplayIdentically(same).pass).toBe(true);
    const failed = matchers.toReplayIdentically(other);
    expect(failed.pass).toBe(false);
    expect(failed.message()).toContain('220 Ready');
    expect.extend(matchers);
    const extended = expect as unknown as (run: Run) => {
      toReplayIdentically(): void;
      not: { toReplayIdentically(): void };
    };
    extended(same).toReplayIdentically();
    extended(other).not.toReplayIdentically();
    expect(() => extended(other).toReplayIdentically()).toThrow('220 Ready');
  });
});

test('the module loads without Jest, and opens nothing', () => {
  const built = join(__dirname, '../../build/js/src/jest.js');
  const code = `console.log(typeof require(${JSON.stringify(built)}).expectIdentical)`;
  const { stdout, status } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  expect([stdout.trim(), status]).toEqual(['function', 0]);
});
