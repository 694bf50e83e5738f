// Measures random reads of a file of 1 GiB, 4 KiB each, 32 under way.

import { runProgram } from './measure-program.mjs';

export const gibibyte = 2 ** 30;

const depth = 32;

// `cached`: the whole file is in the page cache, and read through it; else none of it is, and it is
// read past it (O_DIRECT).
export function measureReads({ cached }) {
  return {
    columns: [
      { key: 'readCpu', label: 'CPU us', digits: 2 },
      { key: 'rate', label: 'reads/s', digits: 0 },
      { key: 'busy', label: 'busy %', digits: 0 },
    ],
    connections: 0,
    prepare({ dataFiles }) {
      const path = dataFiles.path(gibibyte);
      if (cached) dataFiles.warm(path);
      else dataFiles.evict(path);
    },
    async measure(contestant, context) {
      const path = context.dataFiles.path(gibibyte);
      const { cpu, ...figures } = await runProgram(contestant, context, {
        before: [path, depth],
        after: [cached ? 'buffered' : 'direct'],
      });
      return { ...figures, readCpu: cpu };
    },
  };
}
