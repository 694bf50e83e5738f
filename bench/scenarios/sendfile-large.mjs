import { measureSentFile } from '../lib/measure-sent-file.mjs';

// The price of a byte: the file leaves in many pieces, at the pace of the client.
export default {
  name: 'sendfile-large',
  title: 'a file of 10 MiB, in the page cache, sent on 1 connection',
  task: 'send a file',
  measurement: measureSentFile(10 * 1024 * 1024),
  contestants: ['c', 'node-fs', 'calandria'],
  baselines: ['c', 'node-fs'],
  targets: [{ contestant: 'calandria', key: 'requestCpu', against: 'c', atMost: 1.05 }],
};
