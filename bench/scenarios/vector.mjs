import { measureLoad } from '../lib/measure-load.mjs';

// How many events one look takes: 8, 32 and 256 against a vector that follows what comes. Enough
// connections that the small ones come back full.
export default {
  name: 'vector',
  title: 'event vectors of 8, 32, 256 and adaptive; 1,000 connections, messages of 64 B',
  measurement: measureLoad({ mode: 'echo', connections: 1000, bytes: 64 }),
  contestants: ['vector-8', 'vector-32', 'vector-256', 'vector-adaptive'],
  baselines: ['vector-256'],
  targets: [{ contestant: 'vector-adaptive', key: 'cpu', against: 'vector-256', atMost: 1.03 }],
};
