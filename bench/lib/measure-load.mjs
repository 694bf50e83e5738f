// Measures a server under a load: its processor time for each message, and what clients see.

import { withServer } from './contestants.mjs';
import { runLoad } from './processes.mjs';

const columns = [
  { key: 'cpu', label: 'CPU us', digits: 2 },
  { key: 'messagesPerSecond', label: 'messages/s', digits: 0 },
  { key: 'p50', label: 'p50 us', digits: 1 },
  { key: 'p99', label: 'p99 us', digits: 1 },
  { key: 'p999', label: 'p999 us', digits: 1 },
  { key: 'busy', label: 'busy %', digits: 0 },
];

// `load`: { mode, connections, bytes }, see bench/c/load.c.
export function measureLoad(load) {
  return {
    columns,
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
          cpu: nanoseconds / 1000 / result.messages,
          busy: nanoseconds / 1e7 / result.seconds,
        };
      });
    },
  };
}
