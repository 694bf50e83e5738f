// A target: { contestant, key, atMost or atLeast, against? }. The figure is the contestant's median
// over the rounds, or, with `against`, the median of its ratios to that contestant within each
// round.

import { figures, median, ratios } from './statistics.mjs';

const quantities = {
  cpu: 'CPU a message',
  readCpu: 'CPU a read',
  requestCpu: 'CPU a request',
  rate: 'reads a second',
  busy: 'percent of a core',
  idleMicroseconds: 'CPU us in 5 s of doing nothing',
  early: 'timers too early',
  slowdown: 'p99 while streaming, of that of an idle server,',
  p50: 'p50 latency',
  memory: 'bytes an idle connection',
  callsPerMessage: 'receives and sends a message',
  emptyReceives: 'receives in vain',
  registrations: 'epoll_ctl calls a connection',
  replayRatio: "program replay's CPU, of the recorded run's,",
};

export function describeTarget({ contestant, key, atMost, atLeast, against }) {
  const bound = atMost ?? atLeast;
  const limit = against ? `${bound.toFixed(2)} x ${against}` : String(Number(bound.toFixed(2)));
  const side = atMost === undefined ? 'at least' : 'at most';
  return `${contestant}: ${quantities[key] ?? key} ${side} ${limit}`;
}

function judge(figure, { atMost = Infinity, atLeast = -Infinity }) {
  if (figure === undefined) return 'not measured';
  return figure <= atMost && figure >= atLeast ? 'reached' : 'MISSED';
}

export function judgeTarget(target, rounds) {
  const { contestant, key, against } = target;
  const figure = against
    ? median(ratios(rounds, contestant, against, key))
    : median(figures(rounds, contestant, key));
  const verdict = judge(figure, target);
  return { ...target, description: describeTarget(target), figure, verdict };
}
