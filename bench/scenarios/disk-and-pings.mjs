import { withServer } from '../lib/contestants.mjs';
import { gibibyte } from '../lib/measure-reads.mjs';
import { runLoad } from '../lib/processes.mjs';

// Whether anybody waits for the disk of somebody else. The C server calls sendfile, which does:
// what is not in the page cache is read within the call.
const load = { mode: 'paced', connections: 100, bytes: 64, settings: { interval: 10_000 } };
const patience = 60;

export default {
  name: 'disk-and-pings',
  title: '100 paced clients while a file of 1 GiB, not in the page cache, streams to another',
  task: 'send a file',
  measurement: {
    columns: [
      { key: 'slowdown', label: 'p99 x idle', digits: 1 },
      { key: 'idle', label: 'idle p99 us', digits: 1 },
      { key: 'p99', label: 'p99 us', digits: 1 },
      { key: 'p999', label: 'p999 us', digits: 1 },
      { key: 'speed', label: 'MiB/s', digits: 0 },
      { key: 'cpu', label: 'CPU ms', digits: 0 },
    ],
    connections: load.connections,
    prepare({ dataFiles }) {
      dataFiles.path(gibibyte);
    },
    async measure(contestant, context) {
      const { seconds, warmup } = context.options;
      const { dataFiles, programs, pinning } = context;
      const path = dataFiles.path(gibibyte);
      const environment = { ...contestant.environment, BENCH_FILE: path };
      return withServer({ ...contestant, environment }, context, async (server) => {
        const run = (more) =>
          runLoad(programs.load.path, server, { ...load, warmup, ...more }, { core: pinning.load });
        const idle = await run({ seconds });
        dataFiles.evict(path);
        const settings = { ...load.settings, fetched: gibibyte };
        const streaming = await run({ seconds: patience, settings });
        return {
          slowdown: streaming.p99 / idle.p99,
          idle: idle.p99,
          p99: streaming.p99,
          p999: streaming.p999,
          speed: gibibyte / 2 ** 20 / streaming.seconds,
          cpu: streaming.serverCpuNanoseconds / 1e6,
          errors: idle.errors + streaming.errors,
        };
      });
    },
  },
  contestants: ['c', 'node-fs', 'calandria', 'calandria-uring'],
  baselines: [],
  targets: [{ contestant: 'calandria', key: 'slowdown', atMost: 3 }],
};
