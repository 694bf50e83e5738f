import { measureCalls } from '../lib/measure-calls.mjs';

// A receive and a send for each message, no receive in vain, and one registration in the life of a
// connection.
const load = { mode: 'echo', connections: 64, bytes: 64 };

export default {
  name: 'calls',
  title: 'system calls, 64 connections, messages of 64 B',
  measurement: measureCalls(load, [
    { key: 'callsPerMessage', label: 'calls/message', digits: 3 },
    { key: 'waitsPerMessage', label: 'waits/message', digits: 3 },
    { key: 'emptyReceives', label: 'empty receives', digits: 0 },
    { key: 'registrations', label: 'epoll_ctl/connection', digits: 3 },
    { key: 'eventsPerUpdate', label: 'events/update', digits: 3 },
  ]),
  contestants: ['calandria'],
  baselines: [],
  targets: [
    { contestant: 'calandria', key: 'callsPerMessage', atMost: 2 },
    { contestant: 'calandria', key: 'emptyReceives', atMost: 0 },
    { contestant: 'calandria', key: 'registrations', atMost: 1 },
  ],
};
