// Loads each of the files that it is told of, and says what came of it. Jest's own loader knows no
// import() of files that were just written.
import { pathToFileURL } from 'node:url';
import { loadProtocol } from 'calandria/protocols';

async function outcomeOf(file, options) {
  try {
    const { name } = await loadProtocol(file, options);
    return { name };
  } catch (error) {
    return { code: error.code, message: error.message, cause: error.cause?.message };
  }
}

process.once('message', async (files) => {
  const outcomes = [];
  for (const { file, query, ...options } of files) {
    const where = query === undefined ? file : new URL(query, pathToFileURL(file));
    outcomes.push(await outcomeOf(where, options));
  }
  process.send(outcomes, () => process.disconnect());
});
