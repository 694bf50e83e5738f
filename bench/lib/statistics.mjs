// Only figures of the same round are compared: the speed of a machine swings by a third from one
// minute to the next, the ratio of two servers in one round hardly.

export function median(values) {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function minimum(values) {
  return values.length === 0 ? undefined : Math.min(...values);
}

// The figures of one contestant under one key, a value a round; failed rounds are left out.
export function figures(rounds, contestant, key) {
  return rounds.map((round) => round[contestant]?.[key]).filter(Number.isFinite);
}

export function ratios(rounds, contestant, baseline, key) {
  return rounds
    .map((round) => round[contestant]?.[key] / round[baseline]?.[key])
    .filter(Number.isFinite);
}
