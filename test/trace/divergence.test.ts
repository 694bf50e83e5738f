// A program that changed: the replay stops at the first call that differs, and shows both sides.
import '../support/tidy-up';
import {
  type Divergence,
  formatDivergence,
  type Handlers,
  openTrace,
  type Program,
  replayProgram,
} from '../../src/index';
import { dial } from '../support/peer';
import { recordRun } from '../support/recording';

const ANSWER = 'The answer is 42, as ever.';

function server(handlers: Handlers): Program {
  return (reactor) => reactor.listen({ port: 0 }, handlers);
}

/** What was recorded: two writes and an end for each message. */
const recorded = server({
  data(connection) {
    connection.write(ANSWER);
    connection.write('second');
    connection.end();
  },
});

let file: string;
beforeAll(async () => {
  file = await recordRun(recorded as never, async ({ port }) => {
    const peer = await dial(port);
    await peer.write('ask');
    await peer.ended;
  });
});

async function against(handlers: Handlers): Promise<Divergence> {
  const report = await replayProgram(openTrace(file), server(handlers));
  expect(report.verdict).toBe('diverged');
  return report.divergence as Divergence;
}

/** The turn in which the message came, and the connection. */
async function place(): Promise<{ turn: number; connection: string }> {
  let turn = 0;
  let connection = '';
  await replayProgram(openTrace(file), recorded, {
    observer: {
      call(call, _, when) {
        if (call.operation !== 3) return;
        turn = when;
        connection = `${call.record}:${call.generation}`;
      },
    },
  });
  return { turn, connection };
}

describe('the first difference', () => {
  test('one byte: the call, its connection and turn, both sides, and which byte', async () => {
    const changed = `${ANSWER.slice(0, 15)}3${ANSWER.slice(16)}`;
    const divergence = await against({
      data(connection) {
        connection.write(changed);
        connection.write('not even this is looked at');
      },
    });
    expect(divergence).toEqual({
      ...(await place()),
      what: 'a call differs',
      operation: 'write',
      byteOffset: 15,
      recorded: expect.stringContaining('"The answer is 42, as eve"'),
      replayed: expect.stringContaining('"The answer is 43, as eve"'),
    });
  });

  test('more bytes: the offset is where the shorter one ends', async () => {
    const divergence = await against({
      data: (connection) => void connection.write(`${ANSWER} More.`),
    });
    expect(divergence).toMatchObject({ operation: 'write', byteOffset: ANSWER.length });
    expect(divergence.recorded).toMatch(/^write\(.*, 26 bytes:/);
    expect(divergence.replayed).toMatch(/^write\(.*, 32 bytes:/);
  });

  test('a call that is left out in the middle: the next one stands in its place', async () => {
    const divergence = await against({
      data(connection) {
        connection.write(ANSWER);
        connection.end();
      },
    });
    expect(divergence).toMatchObject({
      ...(await place()),
      what: 'a call differs',
      operation: 'write',
      recorded: expect.stringContaining('"second"'),
      replayed: expect.stringMatching(/^end\(/),
    });
  });

  test('a call that is left out at the end of a turn is missing', async () => {
    const divergence = await against({
      data(connection) {
        connection.write(ANSWER);
        connection.write('second');
      },
    });
    const { turn, connection } = await place();
    expect(divergence).toEqual({
      turn,
      connection,
      what: 'a call is missing',
      operation: 'end',
      recorded: `end(${connection}) → 0`,
      replayed: 'nothing',
    });
  });

  test('a call too many was not recorded', async () => {
    const divergence = await against({
      data(connection) {
        connection.write(ANSWER);
        connection.write('second');
        connection.end();
        connection.read(7);
      },
    });
    const { connection } = await place();
    expect(divergence).toMatchObject({
      what: 'a call was not recorded',
      operation: 'read',
      recorded: 'nothing',
      replayed: expect.stringContaining(`read(${connection}, 7)`),
    });
  });

  test('calls in another order: both are named', async () => {
    const divergence = await against({
      data(connection) {
        connection.write('second');
        connection.write(ANSWER);
        connection.end();
      },
    });
    expect(divergence).toMatchObject({ what: 'a call differs', byteOffset: 0 });
    expect(divergence.recorded).toContain('The answer');
    expect(divergence.replayed).toContain('second');
  });

  test('other arguments of listen: before the first turn', async () => {
    const other: Program = (reactor) => reactor.listen({ port: 1, backlog: 5 }, {});
    const { divergence } = await replayProgram(openTrace(file), other);
    expect(divergence).toMatchObject({
      turn: 1,
      what: 'a call differs',
      operation: 'listen',
      recorded: expect.stringContaining('port 0'),
      replayed: expect.stringContaining('port 1'),
    });
  });

  test('a handler that throws now, or an error that it meets now, is a call too', async () => {
    const thrown = new Error('new bug');
    const report = await replayProgram(
      openTrace(file),
      server({
        data() {
          throw thrown;
        },
      }),
    );
    expect(report.errors).toEqual([thrown]);
    expect(report.divergence).toMatchObject({
      what: 'a call differs',
      replayed: expect.stringMatching(/^threw\(/),
    });
  });

  test('the report for people has place, operation and both sides', async () => {
    const divergence = await against({ data: (connection) => void connection.write('no') });
    const { turn, connection } = await place();
    const lines = formatDivergence(divergence).split('\n');
    expect(lines[0]).toBe('diverged: a call differs');
    expect(lines[1]).toBe(
      `  where     turn ${turn}, connection ${connection}, operation write, byte 0`,
    );
    expect(lines[2]).toMatch(/^ {2}recorded {2}write\(.* 26 bytes: 546865/);
    expect(lines[3]).toMatch(/^ {2}replayed {2}write\(.* 2 bytes: 6e6f "no"\)/);
  });

  test('of large borrowed bytes is found in the 4 KiB that hold it', async () => {
    const message = Buffer.alloc(30_000, 'x');
    const echoed = await recordRun(
      server({ data: (connection, bytes) => void connection.write(bytes) }) as never,
      async ({ port }) => {
        const peer = await dial(port);
        await peer.write(message);
        await peer.receive(message.length);
      },
    );
    let seen = 0;
    const report = await replayProgram(
      openTrace(echoed),
      server({
        data(connection, bytes) {
          const at = 20_000 - seen;
          seen += bytes.length;
          if (at >= 0 && at < bytes.length) bytes[at] = 0;
          connection.write(bytes);
        },
      }),
    );
    expect(report.divergence).toMatchObject({ what: 'a call differs', operation: 'write' });
    expect((report.divergence?.byteOffset ?? 1) % 4096).toBe(0);
    expect(report.divergence?.recorded).toContain('with digest');
  });
});
