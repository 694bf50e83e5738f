// Replays a trace against the echo that comes with the package, and says what came out.

import { createReactor, openTrace, replayProgram } from '../../../build/js/src/index.mjs';
import { echo } from '../../../build/js/src/programs/echo.js';

const report = await replayProgram(openTrace(process.argv[2]), (reactor) =>
  echo(reactor, { port: 0, address: '127.0.0.1' }),
);
let host = '';
try {
  await createReactor({ host: 'epoll' }).close();
} catch (error) {
  host = error.message;
}
process.send({ report, host });
