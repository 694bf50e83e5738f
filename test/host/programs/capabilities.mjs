// Says what the package finds here, and what sampling a connection tells.
import { capabilities, chooseHost, createReactor, raiseFdLimit } from 'calandria';

const chosen = chooseHost().name;
const found = capabilities();
let raised;
try {
  raised = raiseFdLimit();
} catch (error) {
  raised = error.code;
}
const reactor = createReactor();
const listener = reactor.listen({ port: 0 }, {});
const { port } = await listener.ready();
const sampled = await new Promise((resolve) => {
  reactor.connect(
    { port },
    {
      open: (connection) => connection.sample(),
      change({ tx }) {
        resolve({ space: tx.space, exactness: tx.exactness });
      },
    },
  );
});
await reactor.close();
process.send({ chosen, found, raised, sampled });
process.disconnect();
