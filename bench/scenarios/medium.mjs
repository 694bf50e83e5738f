import { measureLoad } from '../lib/measure-load.mjs';

// The price of memory: where messages land decides whether they are still cached when sent back.
export default {
  name: '64x16KiB',
  title: '64 connections, messages of 16 KiB',
  measurement: measureLoad({ mode: 'echo', connections: 64, bytes: 16 * 1024 }),
  contestants: [
    'c',
    'node-net',
    'calandria',
    'calandria-uring',
    'calandria-uring-core',
    'on-node',
    'libuv',
    'bun',
  ],
  baselines: ['c', 'node-net'],
  targets: [
    { contestant: 'calandria', key: 'cpu', against: 'c', atMost: 1.1 },
    { contestant: 'calandria', key: 'cpu', against: 'node-net', atMost: 0.75 },
    { contestant: 'calandria-uring', key: 'cpu', against: 'calandria', atMost: 1.1 },
    { contestant: 'on-node', key: 'cpu', against: 'node-net', atMost: 1.25 },
  ],
};
