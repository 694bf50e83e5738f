import { measureHttp } from '../lib/measure-http.mjs';

// The price of fields: what a browser sends, ten of them.
export default {
  name: 'http-browser',
  title: 'HTTP: "Hello, world" to a browser: requests with ten fields',
  task: 'http',
  measurement: measureHttp({ bytes: 13, browser: true }),
  contestants: ['nginx', 'node-http', 'bun-http', 'calandria', 'calandria-fetch'],
  baselines: ['nginx', 'bun-http'],
  targets: [{ contestant: 'calandria', key: 'requestCpu', against: 'nginx', atMost: 1.05 }],
};
