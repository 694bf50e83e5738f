// Serves one file: each byte that a client sends is answered with a head and the file.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createReactor } from 'calandria';

const [path, length, via, host = 'epoll'] = process.argv.slice(2);
const options = via ? { via } : {};
const reactor = createReactor({ host });
const file = await reactor.openFile(path);
const listener = reactor.listen(
  { port: 0 },
  {
    data(connection, bytes) {
      for (let asked = 0; asked < bytes.length; asked++) {
        connection.write('head');
        void connection.sendFile(file, 0, Number(length), options);
      }
    },
    error() {},
  },
);
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
process.on('message', () => {
  process.send({ ...reactor.counters, delay: delays.percentile(99) / 1e6 - 1 });
});
const { port } = await listener.ready();
process.send({ port });
process.once('disconnect', () => process.exit());
