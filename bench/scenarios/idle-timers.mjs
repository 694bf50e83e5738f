import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { withServer } from '../lib/contestants.mjs';
import { holdLoad } from '../lib/processes.mjs';

// Nothing happens, so nothing may be done: not a wake-up. V8 tidies up for some ten seconds after
// its last work, under any server, so 5 s are tried until in one of them nothing is done. What woke
// up regularly would be seen in each.
const connections = 9000;
const timers = 10_000;
const quiet = 5000;
const attempts = 8;

// Of all threads, to the nanosecond: a process that was not woken adds exactly nothing.
function processorMicroseconds(pid) {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) =>
    Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
}

async function measureQuiet(pid) {
  let least = Infinity;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const before = processorMicroseconds(pid);
    await delay(quiet);
    least = Math.min(least, processorMicroseconds(pid) - before);
    if (least === 0) return { idleMicroseconds: 0, attempts: attempt };
  }
  return { idleMicroseconds: least, attempts };
}

export default {
  name: 'idle-timers',
  title: '9,000 idle connections and 10,000 pending timers, for 5 s',
  measurement: {
    columns: [
      { key: 'idleMicroseconds', label: 'CPU us in 5 s', digits: 0 },
      { key: 'attempts', label: 'tried', digits: 0 },
    ],
    connections,
    rounds: 2,
    async measure(contestant, context) {
      const environment = { ...contestant.environment, BENCH_TIMERS: String(timers) };
      const program = context.programs.load.path;
      return withServer({ ...contestant, environment }, context, async (server) => {
        const load = { mode: 'idle', connections, bytes: 0 };
        const held = await holdLoad(program, server, load, { core: context.pinning.load });
        try {
          await server.collectGarbage();
          return { ...(await measureQuiet(server.pid)), errors: 0 };
        } finally {
          await held.close();
        }
      });
    },
  },
  contestants: ['node-net', 'calandria'],
  baselines: [],
  targets: [{ contestant: 'calandria', key: 'idleMicroseconds', atMost: 0 }],
};
