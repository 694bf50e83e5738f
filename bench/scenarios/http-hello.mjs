import { measureHttp } from '../lib/measure-http.mjs';

// The price of a request: nothing to be found out, and an answer of a few bytes.
export default {
  name: 'http-hello',
  title: 'HTTP: "Hello, world" on 64 kept connections',
  task: 'http',
  measurement: measureHttp({ bytes: 13 }),
  contestants: ['nginx', 'node-http', 'bun-http', 'calandria', 'calandria-fetch'],
  baselines: ['nginx', 'bun-http'],
  targets: [
    { contestant: 'calandria', key: 'requestCpu', against: 'nginx', atMost: 0.95 },
    { contestant: 'calandria-fetch', key: 'requestCpu', against: 'bun-http', atMost: 1 },
  ],
};
