import { measureReads } from '../lib/measure-reads.mjs';

// The path of a read, without the disk. The C program reads one after another: more would only
// cost it something.
export default {
  name: 'files-cached',
  title: 'random reads of 4 KiB out of the page cache, 32 under way',
  task: 'read a file',
  measurement: measureReads({ cached: true }),
  contestants: ['c', 'node-fs', 'calandria', 'calandria-uring'],
  baselines: ['c', 'node-fs'],
  targets: [{ contestant: 'calandria', key: 'rate', against: 'node-fs', atLeast: 4 }],
};
