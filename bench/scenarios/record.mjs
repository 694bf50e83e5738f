import { measureLoad } from '../lib/measure-load.mjs';

// What it costs to write everything down, at the message size where it weighs most.
export default {
  name: 'record',
  title: 'recording, 64 connections, messages of 64 B',
  measurement: measureLoad({ mode: 'echo', connections: 64, bytes: 64 }),
  contestants: ['calandria', 'record-full', 'record-digest'],
  baselines: ['calandria'],
  targets: [
    { contestant: 'record-full', key: 'cpu', against: 'calandria', atMost: 1.15 },
    { contestant: 'record-digest', key: 'cpu', against: 'calandria', atMost: 1.07 },
  ],
};
