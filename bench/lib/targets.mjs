// A target: { contestant, key, atMost, against? }. The figure is the contestant's median over the
// rounds, or, with `against`, the median of its ratios to that contestant within each round.

import { figures, median, ratios } from './statistics.mjs';

const quantities = {
  cpu: 'CPU a message',
  p50: 'p50 latency',
  memory: 'bytes an idle connection',
  callsPerMessage: 'receives and sends a message',
  emptyReceives: 'receives in vain',
  registrations: 'epoll_ctl calls a connection',
  replayRatio: "program replay's CPU, of the recorded run's,",
};

function describe({ contestant, key, atMost, against }) {
  const limit = against ? `${atMost.toFixed(2)} x ${against}` : String(Number(atMost.toFixed(2)));
  return `${contestant}: ${quantities[key] ?? key} at most ${limit}`;
}

export function judgeTarget(target, rounds) {
  const { contestant, key, atMost, against } = target;
  const figure = against
    ? median(ratios(rounds, contestant, against, key))
    : median(figures(rounds, contestant, key));
  const verdict = figure === undefined ? 'not measured' : figure <= atMost ? 'reached' : 'MISSED';
  return { ...target, description: describe(target), figure, verdict };
}
