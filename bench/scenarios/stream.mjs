import { measureLoad } from '../lib/measure-load.mjs';

// Messages larger than socket buffers: short sends, kept tails, back-pressure.
export default {
  name: '8x256KiB',
  title: '8 connections, messages of 256 KiB',
  measurement: measureLoad({ mode: 'stream', connections: 8, bytes: 256 * 1024 }),
  contestants: ['c', 'node-net', 'calandria', 'calandria-uring', 'on-node', 'libuv', 'bun'],
  baselines: ['c', 'node-net'],
  targets: [
    { contestant: 'calandria', key: 'cpu', against: 'c', atMost: 1.1 },
    { contestant: 'calandria-uring', key: 'cpu', against: 'calandria', atMost: 1.1 },
    { contestant: 'on-node', key: 'cpu', against: 'node-net', atMost: 1.25 },
  ],
};
