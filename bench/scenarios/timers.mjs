import { runProgram } from '../lib/measure-program.mjs';

// Timers that are started, fire once and are gone, with some 5,000 pending at any time. Node's
// count whole milliseconds, so they may fire up to one too early.
const leastRate = 9_900;

export default {
  name: 'timers',
  title: '10,000 timers a second, each started with a delay of 1 to 1,000 ms',
  task: 'timers',
  measurement: {
    columns: [
      { key: 'busy', label: '% of a core', digits: 2 },
      { key: 'cpu', label: 'CPU us/timer', digits: 2 },
      { key: 'rate', label: 'timers/s', digits: 0 },
      { key: 'p50', label: 'p50 late ms', digits: 3 },
      { key: 'p99', label: 'p99 late ms', digits: 3 },
      { key: 'early', label: 'early', digits: 0 },
    ],
    connections: 0,
    async measure(contestant, context) {
      const figures = await runProgram(contestant, context);
      if (figures.rate < leastRate) throw new Error(`only ${figures.rate.toFixed(0)} timers/s`);
      return figures;
    },
  },
  contestants: ['node-timers', 'calandria'],
  baselines: ['node-timers'],
  targets: [
    { contestant: 'calandria', key: 'busy', atMost: 5 },
    { contestant: 'calandria', key: 'early', atMost: 0 },
  ],
};
