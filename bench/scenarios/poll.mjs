import { measureLoad } from '../lib/measure-load.mjs';

// The hosts that name all descriptors in each call against a server in C that does the same.
export default {
  name: 'poll',
  title: 'poll(2): 64 connections, messages of 64 B',
  measurement: measureLoad({ mode: 'echo', connections: 64, bytes: 64 }),
  contestants: ['c-poll', 'on-poll', 'on-select'],
  baselines: ['c-poll'],
  targets: [{ contestant: 'on-poll', key: 'cpu', against: 'c-poll', atMost: 1.1 }],
};
