// Copies its standard input to its standard output, through the reactor, and says on standard
// error how much it held.
//
// Usage: through.mjs HOST
import { readFileSync, writeSync } from 'node:fs';
import { createReactor } from 'calandria';

const [, , host] = process.argv;
const flags = () =>
  [0, 1].map((fd) => /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))[1]);
const before = flags();
const reactor = createReactor({ host });
const idle = process.memoryUsage().rss;
let queued = 0;
let pauses = 0;
let bytes = 0;
let error = '';

const output = reactor.adopt(
  1,
  {},
  {
    drain: () => input.read(Infinity),
    error: (_, { code }) => {
      error += code;
    },
    close: () => reactor.close(),
  },
);
const input = reactor.adopt(
  0,
  {},
  {
    data(connection, received) {
      bytes += received.length;
      if (!output.write(received)) {
        connection.read(0);
        pauses++;
      }
      queued = Math.max(queued, output.tx.queued);
    },
    end() {
      input.close();
      output.end();
    },
  },
);
process.on('exit', () => {
  const grown = process.resourceUsage().maxRSS * 1024 - idle;
  const same = String(flags()) === String(before);
  writeSync(2, JSON.stringify({ bytes, queued, pauses, grown, same, error, turns: reactor.turn }));
});
