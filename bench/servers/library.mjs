// calandria as the benchmark's programs use it, and what they say when it cannot do what they need.
//
//   CALANDRIA_HOST   the host, by name; the reactor chooses when it is not set

async function load(entry = '') {
  try {
    return await import(`calandria${entry}`);
  } catch (error) {
    const missing = error.code === 'ERR_MODULE_NOT_FOUND';
    return leave(missing ? 'not built: npm run build' : error.stack);
  }
}

function leave(message) {
  console.error(message);
  process.exit(3);
}

export const calandria = await load();

// What 'calandria/NAME' exports.
export const loadEntry = (name) => load(`/${name}`);

// Ends the program when this build has no such method: 'Reactor.openFile'.
export function need(...methods) {
  const missing = methods.filter((method) => {
    const [type, name] = method.split('.');
    return typeof calandria[type]?.prototype[name] !== 'function';
  });
  if (missing.length > 0) leave(`not in this build: ${missing.join(', ')}`);
}
