import { measureLoad } from '../lib/measure-load.mjs';

// The price of a connection: accept, one echo, close. A message here is a whole connection.
export default {
  name: 'churn',
  title: '64 at a time connect, echo 64 B once, close',
  measurement: measureLoad({ mode: 'churn', connections: 64, bytes: 64 }),
  contestants: ['c', 'node-net', 'calandria', 'calandria-uring', 'on-node', 'libuv', 'bun'],
  baselines: ['c', 'node-net'],
  targets: [
    { contestant: 'calandria', key: 'cpu', against: 'c', atMost: 1.15 },
    { contestant: 'calandria-uring', key: 'cpu', against: 'calandria', atMost: 1.1 },
    { contestant: 'on-node', key: 'cpu', against: 'node-net', atMost: 1.25 },
  ],
};
