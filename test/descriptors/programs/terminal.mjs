// Adopts a terminal, answers each line in capitals, and says on standard error what it heard.
//
// Usage: terminal.mjs FD
import { readFileSync, writeSync } from 'node:fs';
import { createReactor } from 'calandria';

const fd = Number(process.argv[2]);
const flags = () => /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))[1];
const before = flags();
const reactor = createReactor({ host: 'epoll' });
const heard = [];
let same = false;
reactor.adopt(
  fd,
  {},
  {
    open: (terminal) => terminal.write('ready\n'),
    data(terminal, bytes) {
      const text = Buffer.from(bytes).toString();
      terminal.write(text.toUpperCase());
      heard.push(text);
    },
    end(terminal) {
      heard.push('end');
      same = flags() === before;
      terminal.close();
    },
    error: (_, { code }) => heard.push(code),
    close() {
      heard.push('close');
      void reactor.close();
    },
  },
);
process.on('exit', () => {
  writeSync(2, JSON.stringify({ text: heard.join(''), same }));
});
