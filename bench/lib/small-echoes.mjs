// Who takes part in the scenarios of small messages, and against whom they are measured.
export const SMALL_ECHOES = {
  contestants: [
    'c',
    'c-threads',
    'node-net',
    'calandria',
    'calandria-uring',
    'calandria-uring-core',
    'on-node',
    'libuv',
    'bun',
  ],
  baselines: ['c', 'node-net'],
};
