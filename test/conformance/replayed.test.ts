// What was recorded on any host is run again where there is none: by a Node that finds no shim.
import { echo } from '../../src/programs/echo';
import { pattern, runnable } from '../support/conformance';
import { dial } from '../support/peer';
import { start } from '../support/program';
import { startRecording } from '../support/recording';
import '../support/tidy-up';

/** Some clients of an echo; the last one resets its connection. */
async function record(host: (typeof runnable)[number]): Promise<string> {
  const { file, reactor, tap } = startRecording({ host: host.create({}) });
  const { port } = await echo(reactor, { port: 0, address: '127.0.0.1' }).ready();
  for (let client = 1; client <= 4; client++) {
    const peer = await dial(port);
    const bytes = pattern(5000 * client, client);
    await peer.write(bytes);
    expect((await peer.receive(bytes.length)).equals(bytes)).toBe(true);
    if (client === 4) peer.reset();
    else peer.end();
    await peer.closed;
  }
  await tap.when(() => reactor.counters.closed === 4);
  await reactor.close();
  return file;
}

test('R3.9: a trace of every host replays in a Node that has no shim', async () => {
  const files: string[] = [];
  for (const host of runnable) files.push(await record(host));
  const replay = start('trace/programs/replay-all.mjs', {
    parameters: files,
    through: ['env', 'CALANDRIA_BINARY=/nonexistent/calandria.node'],
  });
  const { verdicts, present } = await replay.next<{ verdicts: object[]; present: string[] }>();
  expect(present).toEqual(['node', 'null']);
  expect(verdicts).toEqual(runnable.map(() => ({ core: 'identical', program: 'identical' })));
});
