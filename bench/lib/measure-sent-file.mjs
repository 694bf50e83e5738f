// Measures a server that sends the same file, in the page cache, over and over on one connection.

import { measureLoad } from './measure-load.mjs';

export function measureSentFile(bytes) {
  const load = { mode: 'fetch', connections: 1, bytes };
  const measurement = measureLoad(load, { messages: 'requests', cpu: 'requestCpu' });
  return {
    ...measurement,
    prepare({ dataFiles }) {
      dataFiles.warm(dataFiles.path(bytes));
    },
    measure(contestant, context) {
      const BENCH_FILE = context.dataFiles.path(bytes);
      const environment = { ...contestant.environment, BENCH_FILE };
      return measurement.measure({ ...contestant, environment }, context);
    },
  };
}
