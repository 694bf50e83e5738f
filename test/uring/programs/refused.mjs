// Says whether the host on io_uring can be had here, what comes of wanting it, and what is chosen
// by whoever wants nothing.
import { chooseHost, createReactor, hosts } from 'calandria';

const missing = hosts.find(({ name }) => name === 'uring').missing();
let error = { code: '', message: '' };
try {
  const reactor = createReactor({ host: 'uring' });
  await reactor.close();
} catch ({ code, message }) {
  error = { code, message };
}
process.send({ missing, ...error, chosen: chooseHost().name });
process.disconnect();
