import { measureLoad } from '../lib/measure-load.mjs';
import { SMALL_ECHOES } from '../lib/small-echoes.mjs';

// The price of many: what a connection needs no longer stays in the near caches.
export default {
  name: '1000x64B',
  title: '1,000 connections, messages of 64 B',
  measurement: measureLoad({ mode: 'echo', connections: 1000, bytes: 64 }),
  ...SMALL_ECHOES,
  targets: [
    { contestant: 'calandria', key: 'cpu', against: 'c', atMost: 1.07 },
    { contestant: 'calandria', key: 'cpu', against: 'node-net', atMost: 0.75 },
    { contestant: 'calandria-uring', key: 'cpu', against: 'calandria', atMost: 1.1 },
    { contestant: 'on-node', key: 'cpu', against: 'node-net', atMost: 1.25 },
  ],
};
