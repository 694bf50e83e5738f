import { measureIdle } from '../lib/measure-idle.mjs';

// What is left of a connection that was used: what servers make lazily is made here.
export default {
  name: 'idle-used',
  title: 'memory of 9,000 connections after an echo of 64 B each',
  measurement: measureIdle({ connections: 9000, bytes: 64 }),
  contestants: ['c', 'node-net', 'calandria', 'libuv', 'bun'],
  baselines: [],
  targets: [],
};
