import { measureLoad } from '../lib/measure-load.mjs';

// The price of a datagram. 128 are under way: more might not fit the server's receive buffer.
const load = { mode: 'datagrams', connections: 8, bytes: 64, settings: { window: 16 } };

export default {
  name: 'udp',
  title: 'UDP echo, 8 sockets with 16 datagrams of 64 B under way each',
  task: 'datagrams',
  measurement: measureLoad(load, { messages: 'datagrams', lost: true }),
  contestants: ['c', 'c-plain', 'node-dgram', 'calandria'],
  baselines: ['c', 'node-dgram'],
  targets: [{ contestant: 'calandria', key: 'cpu', against: 'node-dgram', atMost: 0.6 }],
};
