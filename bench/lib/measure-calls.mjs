// What the reactor asked the kernel for while it was under a load, as it counts itself.

import { withServer } from './contestants.mjs';
import { runLoad } from './processes.mjs';

export function measureCalls(load, columns, rounds = 1) {
  return {
    columns,
    connections: load.connections,
    rounds,
    async measure(contestant, context) {
      const { seconds, warmup } = context.options;
      return withServer(contestant, context, async (server) => {
        const { errors, messages, serverCpuNanoseconds } = await runLoad(
          context.programs.load.path,
          server,
          { ...load, seconds, warmup },
          { core: context.pinning.load },
        );
        const counters = await server.readCounters();
        // Each connection ends with one receive that says so, where receiving is a call.
        const receives = Math.max(0, counters.hostReceives - counters.accepted);
        return {
          cpu: serverCpuNanoseconds / 1000 / messages,
          callsPerMessage: (receives + counters.hostSends) / counters.writes,
          waitsPerMessage: counters.hostWaits / counters.writes,
          controlsPerMessage: counters.hostControls / counters.writes,
          emptyPerMessage: counters.readsEmpty / counters.writes,
          emptyReceives: counters.readsEmpty,
          // The listener has one too.
          registrations: (counters.hostControls - 1) / counters.accepted,
          eventsPerUpdate: counters.events / counters.updates,
          errors,
        };
      });
    },
  };
}
