// Measures a server of HTTP under requests over kept connections: its processor time for each.
// `bytes` of the body; with `files` it is that of a file in the page cache, in the folder that
// BENCH_FOLDER names.

import { dirname } from 'node:path';
import { measureLoad } from './measure-load.mjs';

export function measureHttp({ bytes, connections = 64, browser = false, files = false }) {
  const settings = { browser: Number(browser), content: Number(files) };
  const load = { mode: 'http', connections, bytes, settings };
  const measurement = measureLoad(load, { messages: 'requests', cpu: 'requestCpu' });
  if (!files) return measurement;
  return {
    ...measurement,
    prepare({ dataFiles }) {
      dataFiles.warm(dataFiles.path(bytes));
    },
    measure(contestant, context) {
      const BENCH_FOLDER = dirname(context.dataFiles.path(bytes));
      const environment = { ...contestant.environment, BENCH_FOLDER };
      return measurement.measure({ ...contestant, environment }, context);
    },
  };
}
