// Closes its reactor in a process where nothing else ever happens.
import { createReactor } from 'calandria';

setTimeout(() => {}, 1_000_000);
const reactor = createReactor({ host: 'epoll' });
await reactor.listen({ port: 0 }, {}).ready();
await reactor.close();
process.send({ closed: true }, () => process.exit());
