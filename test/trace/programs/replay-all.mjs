// Replays traces of the echo that comes with the package, in both ways, and says which hosts there
// would be.
import { hosts, openTrace, replayCore, replayProgram } from '../../../build/js/src/index.mjs';
import { echo } from '../../../build/js/src/programs/echo.js';

const verdicts = [];
for (const file of process.argv.slice(2)) {
  const core = replayCore(openTrace(file)).verdict;
  const program = await replayProgram(openTrace(file), (reactor) =>
    echo(reactor, { port: 0, address: '127.0.0.1' }),
  );
  verdicts.push({ core, program: program.verdict });
}
const present = hosts.filter(({ missing }) => missing() === '').map(({ name }) => name);
process.send({ verdicts, present });
