import { measureReads } from '../lib/measure-reads.mjs';

// The disk itself: nothing is in the page cache, and nothing gets there.
export default {
  name: 'files',
  title: 'random reads of 4 KiB past the page cache (O_DIRECT), 32 under way',
  task: 'read a file',
  measurement: measureReads({ cached: false }),
  contestants: ['c', 'node-fs', 'calandria', 'calandria-uring'],
  baselines: ['c', 'node-fs'],
  targets: [
    { contestant: 'calandria', key: 'rate', against: 'c', atLeast: 0.95 },
    { contestant: 'calandria', key: 'readCpu', against: 'c', atMost: 1.5 },
  ],
};
