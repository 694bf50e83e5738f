import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawChart } from '../lib/chart.mjs';
import { outputDirectory } from '../lib/compile.mjs';
import { runScript } from '../lib/processes.mjs';
import { figures, median } from '../lib/statistics.mjs';

// select and poll name all descriptors in each wait, and the kernel looks at each; epoll and
// io_uring were told before. select's sets end at 1,023.
const counts = [10, 30, 100, 300, 1000, 3000, 10_000, 18_000];
const contestants = ['select', 'poll', 'epoll', 'uring'];
const chart = join(outputDirectory, 'wait-cost.svg');

export default {
  name: 'wait-cost',
  title: 'one wait, with one of N descriptors ready, us; drawn in build/bench/wait-cost.svg',
  task: 'wait',
  measurement: {
    columns: counts.map((count) => ({
      key: `at${count}`,
      label: count.toLocaleString('en-US'),
      digits: 2,
    })),
    connections: counts.at(-1),
    rounds: 3,
    async measure({ command }, { pinning }) {
      return { ...(await runScript(command, { core: pinning.server })), errors: 0 };
    },
  },
  contestants,
  baselines: [],
  targets: [],
  finish({ names, rounds }) {
    const series = names.map((name) => ({
      name,
      points: counts
        .map((count) => [count, median(figures(rounds, name, `at${count}`))])
        .filter(([, cost]) => cost !== undefined),
    }));
    const drawn = series.filter(({ points }) => points.length > 0);
    if (drawn.length === 0) return;
    const title = 'One wait, with one of N descriptors ready';
    const axes = { across: 'descriptors', up: 'microseconds' };
    writeFileSync(chart, drawChart({ title, ...axes, series: drawn }));
  },
};
