// Measures a server under a load: its processor time for each message, and what clients see.

import { withServer } from './contestants.mjs';
import { runLoad } from './processes.mjs';

const latencyColumns = [
  { key: 'p50', label: 'p50 us', digits: 1 },
  { key: 'p99', label: 'p99 us', digits: 1 },
  { key: 'p999', label: 'p999 us', digits: 1 },
];
const busyColumn = { key: 'busy', label: 'busy %', digits: 0 };

// `load`: { mode, connections, bytes, settings? }, see bench/c/load.c. `messages`: what it counts,
// and how its processor time and its losses are told.
export function measureLoad(load, { messages = 'messages', cpu = 'cpu', lost = false } = {}) {
  return {
    columns: [
      { key: cpu, label: 'CPU us', digits: 2 },
      { key: 'messagesPerSecond', label: `${messages}/s`, digits: 0 },
      ...latencyColumns,
      busyColumn,
      ...(lost ? [{ key: 'lost', label: 'lost', digits: 0 }] : []),
    ],
    connections: load.connections,
    async measure(contestant, context) {
      const { seconds, warmup } = context.options;
      return withServer(contestant, context, async (server) => {
        const result = await runLoad(
          context.programs.load.path,
          server,
          { ...load, seconds, warmup },
          { core: context.pinning.load },
        );
        if (result.messages === 0) throw new Error('no message came back');
        const { serverCpuNanoseconds: nanoseconds, ...rest } = result;
        return {
          ...rest,
          [cpu]: nanoseconds / 1000 / result.messages,
          busy: nanoseconds / 1e7 / result.seconds,
        };
      });
    },
  };
}
