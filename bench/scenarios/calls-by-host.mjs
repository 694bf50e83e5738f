import { measureCalls } from '../lib/measure-calls.mjs';

// The same echo on each host, and on epoll registered in each way: what a message costs in calls
// to register, to wait, to move bytes, and in reads that ended in EAGAIN.
const load = { mode: 'echo', connections: 64, bytes: 64 };

export default {
  name: 'calls-by-host',
  title: 'system calls a message by host and registration, 64 connections, messages of 64 B',
  measurement: measureCalls(load, [
    { key: 'controlsPerMessage', label: 'control', digits: 3 },
    { key: 'waitsPerMessage', label: 'wait', digits: 3 },
    { key: 'callsPerMessage', label: 'receive and send', digits: 3 },
    { key: 'emptyPerMessage', label: 'EAGAIN', digits: 3 },
  ]),
  contestants: [
    ...['on-epoll', 'on-epoll-level', 'on-epoll-oneshot', 'on-poll', 'on-select'],
    ...['on-rtsig', 'calandria-uring'],
  ],
  baselines: [],
  targets: [],
};
