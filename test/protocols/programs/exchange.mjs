// Serves one protocol, and on request loads another from a file and serves that to who comes from
// then on. Records itself; afterwards the recording is replayed, which loads the file again.
import { chooseHost, createReactor, openTrace, record, replayCore, replayProgram } from 'calandria';
import { line, loadProtocol, pipeline, serveProtocol } from 'calandria/protocols';

const [first, second, trace] = process.argv.slice(2);
let word = new Promise((resolve) => process.once('message', resolve));
let server;

async function program(reactor) {
  const load = async (file) =>
    pipeline(line(), await loadProtocol(file, { parameters: { mark: '!' } }));
  server = serveProtocol(reactor, await load(first), { port: 0 });
  await word;
  await server.use(await load(second));
}

const reactor = createReactor({ host: record(chooseHost(), trace) });
const running = program(reactor);
while (!server) await new Promise((resolve) => setImmediate(resolve));
process.send((await server.ready()).port);
await running;
process.once('message', async () => {
  await reactor.close();
  word = Promise.resolve();
  const recorded = openTrace(trace);
  const verdicts = [replayCore(recorded).verdict, (await replayProgram(recorded, program)).verdict];
  process.send(verdicts, () => process.disconnect());
});
process.send('exchanged');
