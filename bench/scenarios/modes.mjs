import { measureCalls } from '../lib/measure-calls.mjs';

// The modes against each other. "on-": the program leaves reading to the reactor and looks at the
// state, and epoll is registered for edges, levels or once. "change-": registered for edges, and
// the program reads when `change` tells it to, repeated as its trigger says.
const load = { mode: 'echo', connections: 64, bytes: 64 };

export default {
  name: 'modes',
  title: 'modes of epoll and of change, a message: CPU and calls, 64 connections, messages of 64 B',
  measurement: measureCalls(
    load,
    [
      { key: 'cpu', label: 'CPU us', digits: 2 },
      { key: 'controlsPerMessage', label: 'control', digits: 3 },
      { key: 'waitsPerMessage', label: 'wait', digits: 3 },
      { key: 'callsPerMessage', label: 'receive and send', digits: 3 },
      { key: 'emptyPerMessage', label: 'EAGAIN', digits: 3 },
    ],
    5,
  ),
  contestants: [
    ...['on-epoll', 'on-epoll-level', 'on-epoll-oneshot'],
    ...['change-edge', 'change-level', 'change-oneshot', 'change-dispatch'],
  ],
  baselines: ['on-epoll'],
  targets: [],
};
