// A handler throws, the process lives on, and a microtask of the same turn calls: recorded, and
// replayed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseHost, createReactor, openTrace, record, replayCore, replayProgram } from 'calandria';

const [, , name] = process.argv;
const thrown = [];
process.on('uncaughtException', ({ message }) => thrown.push(message));

let done;
const program = (reactor) => {
  reactor.setTimer(5, () => {
    throw new Error('boom');
  });
  reactor.setTimer(5, () => {
    Promise.resolve().then(() => reactor.setTimer(1, () => done?.()));
  });
};

const folder = mkdtempSync(join(tmpdir(), 'calandria-'));
const file = join(folder, 'thrown.trace');
const reactor = createReactor({ host: record(chooseHost(name), file) });
const finished = new Promise((resolve) => {
  // Not in the turn: the close that follows is no call of the program's.
  done = () => setImmediate(resolve);
});
program(reactor);
await finished;
await reactor.close();
const trace = openTrace(file);
const { errors, verdict, divergence } = await replayProgram(trace, program);
const core = replayCore(trace).verdict;
rmSync(folder, { recursive: true });
process.send({ thrown, core, verdict, divergence, replayed: errors.length }, () =>
  process.disconnect(),
);
