// Opens more files than there are descriptors, and tells what became of each.
import { createReactor } from '../../../build/js/src/index.js';

const [host, path] = process.argv.slice(2);
const reactor = createReactor({ host });
const outcomes = {};
const files = [];
await Promise.all(
  Array.from({ length: 100 }, async () => {
    try {
      files.push(await reactor.openFile(path));
      outcomes.open = (outcomes.open ?? 0) + 1;
    } catch (error) {
      const name = `${error.code} ${error.syscall} ${error.path === path}`;
      outcomes[name] = (outcomes[name] ?? 0) + 1;
    }
  }),
);
await Promise.all(files.map((file) => file.close()));
const after = await reactor.openFile(path);
outcomes.after = (await after.readFile('utf8')).length;
await reactor.close();
process.send(outcomes);
