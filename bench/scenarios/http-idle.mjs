import { measureIdle } from '../lib/measure-idle.mjs';

// What a kept connection holds that has had its answer and says nothing.
export default {
  name: 'http-idle',
  title: 'HTTP: memory of 9,000 kept connections after one request each',
  task: 'http',
  measurement: measureIdle({ connections: 9000, bytes: 13, http: true }),
  contestants: ['nginx', 'node-http', 'bun-http', 'calandria', 'calandria-fetch'],
  baselines: [],
  targets: [
    { contestant: 'calandria', key: 'memory', atMost: 1024 },
    { contestant: 'calandria-fetch', key: 'memory', atMost: 1024 },
  ],
};
