import { withServer } from '../lib/contestants.mjs';
import { runLoad } from '../lib/processes.mjs';

// What the reactor asked the kernel for, as it counts itself: a receive and a send for each
// message, no receive in vain, and one registration in the life of a connection.
const load = { mode: 'echo', connections: 64, bytes: 64 };

export default {
  name: 'calls',
  title: 'system calls, 64 connections, messages of 64 B',
  measurement: {
    columns: [
      { key: 'callsPerMessage', label: 'calls/message', digits: 3 },
      { key: 'waitsPerMessage', label: 'waits/message', digits: 3 },
      { key: 'emptyReceives', label: 'empty receives', digits: 0 },
      { key: 'registrations', label: 'epoll_ctl/connection', digits: 3 },
      { key: 'eventsPerUpdate', label: 'events/update', digits: 3 },
    ],
    connections: load.connections,
    rounds: 1,
    async measure(contestant, context) {
      const { seconds, warmup } = context.options;
      return withServer(contestant, context, async (server) => {
        const { errors } = await runLoad(
          context.programs.load.path,
          server,
          { ...load, seconds, warmup },
          { core: context.pinning.load },
        );
        const counters = await server.readCounters();
        // Each connection ends with one receive that says so.
        const receives = counters.hostReceives - counters.accepted;
        return {
          callsPerMessage: (receives + counters.hostSends) / counters.writes,
          waitsPerMessage: counters.hostWaits / counters.writes,
          emptyReceives: counters.readsEmpty,
          // The listener has one too.
          registrations: (counters.hostControls - 1) / counters.accepted,
          eventsPerUpdate: counters.events / counters.updates,
          errors,
        };
      });
    },
  },
  contestants: ['calandria'],
  baselines: [],
  targets: [
    { contestant: 'calandria', key: 'callsPerMessage', atMost: 2 },
    { contestant: 'calandria', key: 'emptyReceives', atMost: 0 },
    { contestant: 'calandria', key: 'registrations', atMost: 1 },
  ],
};
