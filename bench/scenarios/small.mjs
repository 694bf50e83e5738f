import { measureLoad } from '../lib/measure-load.mjs';
import { SMALL_ECHOES } from '../lib/small-echoes.mjs';

// The price of an event: messages so small that copying them costs nothing.
export default {
  name: '64x64B',
  title: '64 connections, messages of 64 B',
  measurement: measureLoad({ mode: 'echo', connections: 64, bytes: 64 }),
  ...SMALL_ECHOES,
  targets: [
    { contestant: 'calandria', key: 'cpu', against: 'c', atMost: 1.05 },
    { contestant: 'calandria', key: 'cpu', against: 'node-net', atMost: 0.75 },
    { contestant: 'calandria-uring', key: 'cpu', against: 'calandria', atMost: 1.1 },
    { contestant: 'on-node', key: 'cpu', against: 'node-net', atMost: 1.25 },
  ],
};
