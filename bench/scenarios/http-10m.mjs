import { measureHttp } from '../lib/measure-http.mjs';

// A file of 10 MiB in the page cache, on 8 kept connections.
export default {
  name: 'http-10m',
  title: 'HTTP: a file of 10 MiB on 8 kept connections',
  task: 'http',
  measurement: measureHttp({ bytes: 10 * 1024 * 1024, connections: 8, files: true }),
  contestants: ['nginx', 'nginx-cached', 'node-http', 'bun-http', 'calandria'],
  baselines: ['nginx', 'nginx-cached'],
  targets: [{ contestant: 'calandria', key: 'requestCpu', against: 'nginx', atMost: 1 }],
};
