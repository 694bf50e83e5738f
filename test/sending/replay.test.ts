// What was sent from a file is in a trace as operation, file, range and result; with `files:
// 'copy'` its bytes are, too.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { node, openTrace, type Program, type Reactor } from '../../src';
import { pattern } from '../support/conformance';
import { dial } from '../support/peer';
import {
  IDENTICAL,
  type RecordingOptions,
  recordRun,
  replayBoth,
  traceFile,
} from '../support/recording';
import '../support/tidy-up';

const LENGTH = 300_000;

function content(): { path: string; bytes: Buffer } {
  const path = join(traceFile(), '..', 'content');
  const bytes = pattern(LENGTH);
  writeFileSync(path, bytes);
  return { path, bytes };
}

/** Sends a file between two texts, and says what came of it as the last bytes. */
function serving(path: string): (reactor: Reactor) => ReturnType<Reactor['listen']> {
  return (reactor) =>
    reactor.listen(
      { port: 0 },
      {
        async open(connection) {
          const file = await reactor.openFile(path);
          connection.write('head');
          const sent = connection.sendFile(file, 1000, LENGTH - 1000);
          const short = connection.sendFile(file, 0, 10);
          connection.write('middle');
          const { bytesSent, via } = await sent;
          await short;
          connection.end(`${bytesSent} ${via}`);
          await file.close();
        },
      },
    );
}

async function recorded(
  options: RecordingOptions,
): Promise<{ file: string; program: Program; bytes: Buffer; received: Buffer }> {
  const { path, bytes } = content();
  const program = serving(path);
  let received: Buffer = Buffer.alloc(0);
  const file = await recordRun(
    program,
    async ({ port }) => {
      const peer = await dial(port);
      await peer.ended;
      received = peer.received;
      peer.end();
      await peer.closed;
    },
    options,
  );
  return { file, program: (reactor) => void program(reactor), bytes, received };
}

/** Bytes that came in through the read arena. */
function payloadOf(file: string): number {
  let total = 0;
  for (const { payload } of openTrace(file).turns()) {
    for (const { bytes } of payload) total += bytes.length;
  }
  return total;
}

describe('a trace of sendFile', () => {
  test('R0.22: both replays are identical, and need no file', async () => {
    const { file, program, bytes, received } = await recorded({});
    const expected = [Buffer.from('head'), bytes.subarray(1000), bytes.subarray(0, 10)];
    const tail = Buffer.from(`middle${LENGTH - 1000} sendfile`);
    expect(received.equals(Buffer.concat([...expected, tail]))).toBe(true);
    expect(payloadOf(file)).toBeLessThan(10_000);
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });

  test("R0.22: with files: 'copy' its bytes are in the trace, and both replays identical", async () => {
    const { file, program, received } = await recorded({ files: 'copy' });
    expect(received.toString('latin1')).toContain(`${LENGTH - 1000} read`);
    expect(payloadOf(file)).toBeGreaterThan(LENGTH - 1000);
    expect(openTrace(file).header.copiesFiles).toBe(true);
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });

  test('the same on the node host', async () => {
    const { file, program } = await recorded({ host: node() });
    expect(payloadOf(file)).toBeGreaterThan(LENGTH - 1000);
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });
});
