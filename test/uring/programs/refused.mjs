// Says whether the host on io_uring can be had here, what comes of wanting it (with as many entries
// as ENTRIES says), and what is chosen by whoever wants nothing.
import { chooseHost, createReactor, hosts, uring } from 'calandria';

const missing = hosts.find(({ name }) => name === 'uring').missing();
let error = { code: '', message: '' };
try {
  const { ENTRIES } = process.env;
  const host = ENTRIES ? uring({ entries: Number(ENTRIES) }) : 'uring';
  const reactor = createReactor({ host });
  await reactor.close();
} catch ({ code, message }) {
  error = { code, message };
}
process.send({ missing, ...error, chosen: chooseHost().name });
process.disconnect();
