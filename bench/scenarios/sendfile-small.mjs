import { measureSentFile } from '../lib/measure-sent-file.mjs';

// The price of a request: the file fits the socket's buffer.
export default {
  name: 'sendfile-small',
  title: 'a file of 64 KiB, in the page cache, sent on 1 connection',
  task: 'send a file',
  measurement: measureSentFile(64 * 1024),
  contestants: ['c', 'node-fs', 'calandria'],
  baselines: ['c', 'node-fs'],
  targets: [{ contestant: 'calandria', key: 'requestCpu', against: 'c', atMost: 1.05 }],
};
