import { measureLoad } from '../lib/measure-load.mjs';

// One message at a time: the server sleeps between messages, unless it spins.
export default {
  name: 'latency',
  title: '1 connection, messages of 64 B; ratios are of p50 latency',
  measurement: measureLoad({ mode: 'echo', connections: 1, bytes: 64 }),
  contestants: [
    'c',
    'node-net',
    'calandria',
    'calandria-uring',
    'calandria-uring-core',
    'calandria-spin',
    'libuv',
    'bun',
  ],
  baselines: ['c', 'node-net'],
  compared: 'p50',
  targets: [
    { contestant: 'calandria-uring', key: 'p50', against: 'calandria', atMost: 1.1 },
    { contestant: 'calandria', key: 'p50', against: 'node-net', atMost: 1 },
    { contestant: 'calandria-spin', key: 'p50', against: 'node-net', atMost: 0.5 },
  ],
};
