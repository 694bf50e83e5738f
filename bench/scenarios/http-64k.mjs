import { measureHttp } from '../lib/measure-http.mjs';

// A file of 64 KiB in the page cache, on 64 kept connections.
export default {
  name: 'http-64k',
  title: 'HTTP: a file of 64 KiB on 64 kept connections',
  task: 'http',
  measurement: measureHttp({ bytes: 64 * 1024, connections: 64, files: true }),
  contestants: ['nginx', 'nginx-cached', 'node-http', 'bun-http', 'calandria'],
  baselines: ['nginx', 'nginx-cached'],
  targets: [{ contestant: 'calandria', key: 'requestCpu', against: 'nginx-cached', atMost: 1 }],
};
