import { withServer } from '../lib/contestants.mjs';
import { holdLoad, runLoad } from '../lib/processes.mjs';

// What those who do nothing cost those who do something: 100 clients send a message each 10 ms,
// far below what the server can do, so that their latency is not that of a queue.
const counts = [100, 1000, 10_000];
const load = { mode: 'paced', connections: 100, bytes: 64, settings: { interval: 10_000 } };
const quantiles = ['p99', 'p50', 'p999'];

export default {
  name: 'c10k',
  title: 'echo latency in us of 100 paced clients beside 100, 1,000 and 10,000 idle connections',
  measurement: {
    columns: [...counts].reverse().flatMap((count) =>
      quantiles.map((key) => ({
        key: `${key}Beside${count}`,
        label: `${key} @${count}`,
        digits: 1,
      })),
    ),
    connections: counts.at(-1) + load.connections,
    rounds: 3,
    async measure(contestant, context) {
      const { seconds, warmup } = context.options;
      const program = context.programs.load.path;
      const core = { core: context.pinning.load };
      return withServer(contestant, context, async (server) => {
        const figures = { errors: 0 };
        const held = [];
        let open = 0;
        try {
          for (const count of counts) {
            const idle = { mode: 'idle', connections: count - open, bytes: 0 };
            held.push(await holdLoad(program, server, idle, core));
            open = count;
            const result = await runLoad(program, server, { ...load, seconds, warmup }, core);
            figures.errors += result.errors;
            for (const key of quantiles) figures[`${key}Beside${count}`] = result[key];
          }
        } finally {
          for (const holder of held) await holder.close();
        }
        return figures;
      });
    },
  },
  contestants: ['c', 'node-net', 'calandria'],
  baselines: ['c', 'node-net'],
  targets: [],
};
