import { measureIdle } from '../lib/measure-idle.mjs';

// What 9,000 connections hold that were accepted and did nothing since.
export default {
  name: 'idle',
  title: 'memory of 9,000 connections that never sent anything',
  measurement: measureIdle({ connections: 9000, bytes: 0 }),
  contestants: ['c', 'node-net', 'calandria', 'libuv', 'bun'],
  baselines: [],
  targets: [{ contestant: 'calandria', key: 'memory', atMost: 512, aim: 256 }],
};
