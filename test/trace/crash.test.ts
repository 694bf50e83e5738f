// The turn that killed the program is in the trace: the replay reaches the same handler with the
// same bytes.
import '../support/tidy-up';
import { openTrace, replayCore, replayProgram } from '../../src/index';
import { dial } from '../support/peer';
import { start } from '../support/program';
import { traceFile } from '../support/recording';

const DEATHS = {
  abort: { code: null, signal: 'SIGABRT' },
  kill: { code: null, signal: 'SIGKILL' },
  exit: { code: 0, signal: null },
} as const;

describe.each(Object.entries(DEATHS))('%s inside a handler', (name, ending) => {
  test('ends the trace inside its turn; the replay gets there with the same bytes', async () => {
    const file = traceFile();
    // No core files: they are large, and nobody looks at them.
    const server = start('trace/programs/serve.mjs', {
      parameters: [file, name],
      through: ['sh', '-c', 'ulimit -c 0; exec "$@"', 'sh'],
    });
    const { port } = await server.next<{ port: number }>();
    const peer = await dial(port);
    for (let round = 1; round <= 3; round++) {
      await peer.write('live');
      await peer.receive(4 * round);
    }
    await peer.write('die!!');
    expect(await server.ended).toMatchObject(ending);

    const trace = openTrace(file);
    expect(trace).toMatchObject({ ending: 'early', lastTurnEnded: false });
    const reason = `recording ended inside turn ${trace.lastTurn}`;
    const heard: string[] = [];
    const report = await replayProgram(trace, (reactor) =>
      reactor.listen(
        { port: 0 },
        {
          data(connection, bytes) {
            heard.push(`${reactor.turn} ${Buffer.from(bytes)}`);
            connection.write(bytes);
          },
        },
      ),
    );
    expect(report).toMatchObject({ verdict: 'ends early', reason, turns: trace.lastTurn });
    expect(heard.length).toBe(4);
    expect(heard.at(-1)).toBe(`${trace.lastTurn} die!!`);
    expect(replayCore(trace)).toEqual({ verdict: 'ends early', reason, turns: trace.lastTurn });
  });
});
