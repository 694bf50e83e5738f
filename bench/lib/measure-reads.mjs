// Measures random reads of a file of 1 GiB, 4 KiB each, 32 under way.

import { runProgram } from './measure-program.mjs';

export const gibibyte = 2 ** 30;

const depth = 32;

// Which way a read took, where the library says so: calandria's `via`.
const paths = ['at once', 'kernel', 'pool'];

function shares(counts = {}) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return {};
  return Object.fromEntries(paths.map((path) => [path, (100 * (counts[path] ?? 0)) / total]));
}

// `cached`: the whole file is in the page cache, and read through it; else none of it is, and it is
// read past it (O_DIRECT).
export function measureReads({ cached }) {
  return {
    columns: [
      { key: 'readCpu', label: 'CPU us', digits: 2 },
      { key: 'rate', label: 'reads/s', digits: 0 },
      { key: 'busy', label: 'busy %', digits: 0 },
      ...paths.map((path) => ({ key: path, label: `${path} %`, digits: 0 })),
    ],
    connections: 0,
    prepare({ dataFiles }) {
      const path = dataFiles.path(gibibyte);
      if (cached) dataFiles.warm(path);
      else dataFiles.evict(path);
    },
    async measure(contestant, context) {
      const path = context.dataFiles.path(gibibyte);
      const {
        cpu,
        paths: counts,
        ...figures
      } = await runProgram(contestant, context, {
        before: [path, depth],
        after: [cached ? 'buffered' : 'direct'],
      });
      return { ...figures, ...shares(counts), readCpu: cpu };
    },
  };
}
