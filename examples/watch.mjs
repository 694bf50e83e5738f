// Watch: one loop hears of files and of the network.
//
//   node examples/watch.mjs [folder]       then change something in it, or plug a cable
import { createReactor } from 'calandria';

const [, , folder = '.'] = process.argv;
const reactor = createReactor();

reactor.watchPath(folder, {
  open: () => console.log(`watching ${folder}`),
  change: (_, { kind, name, from }) => console.log(kind, from ? `${from} to ${name}` : name),
  overflow: () => console.log('too much at once: some changes are lost'),
  error: (_, error) => console.error(error.message),
  close: () => void reactor.close(),
});

reactor.watchNetwork({
  link: (_, { name, up, running }) => console.log(name, up ? 'up' : 'down', running ? '' : 'idle'),
  address: (_, { added, address, prefix }) =>
    console.log(added ? '+' : '-', `${address}/${prefix}`),
  overrun: () => console.log('too much at once: some changes of the network are lost'),
  // Hosts without netlink say so, and the files are watched all the same.
  error: (_, error) => console.error(error.message),
});

process.once('SIGINT', () => void reactor.close());
