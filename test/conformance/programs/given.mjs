// Serves on a descriptor that the starting process has handed over, until it is told to close it.
import { fstatSync } from 'node:fs';
import { createReactor } from '../../../build/js/src/index.js';

/** Behind the channel to the starting process. */
const GIVEN = 4;
const reactor = createReactor({ host: process.argv[2] });
const listener = reactor.listen(
  { fd: GIVEN },
  {
    open: (connection) => void connection.write('g'),
    end: (connection) => connection.end(),
  },
);
process.once('message', async () => {
  await reactor.close();
  let left = 'open';
  try {
    fstatSync(GIVEN);
  } catch (error) {
    left = error.code;
  }
  process.send({ left }, () => process.disconnect());
});
process.send(await listener.ready());
