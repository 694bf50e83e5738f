// Starts more children than there are descriptors for, and tells what became of each.
import { createReactor } from '../../../build/js/src/index.js';

const reactor = createReactor({ host: process.argv[2] });
const outcomes = {};
const count = (name) => {
  outcomes[name] = (outcomes[name] ?? 0) + 1;
};
await Promise.all(
  Array.from(
    { length: 50 },
    () =>
      new Promise((resolve) => {
        reactor.spawn(
          { file: 'true' },
          {
            exit: (_, { code }) => count(`exit ${code}`),
            error: (_, { code }) => count(code),
            close: resolve,
          },
        );
      }),
  ),
);
await reactor.close();
process.send(outcomes);
