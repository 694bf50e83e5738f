// The results as text, for people.

import { figures, median, minimum, ratios } from './statistics.mjs';
import { formatFigure, formatTable } from './table.mjs';
import { describeTarget } from './targets.mjs';

function formatRatio(values) {
  if (values.length === 0) return '-';
  return `${median(values).toFixed(2)} (${minimum(values).toFixed(2)})`;
}

function scenarioTable({ scenario, names, rounds }) {
  const { columns } = scenario.measurement;
  const baselines = scenario.baselines.filter((name) => names.includes(name));
  const [first, ...others] = columns;
  const header = [
    'server',
    first.label,
    ...baselines.map((name) => `x ${name}`),
    ...others.map(({ label }) => label),
  ];
  const figure = (name, { key, digits }) =>
    formatFigure(median(figures(rounds, name, key)), digits);
  const rows = names.map((name) => [
    name,
    figure(name, first),
    ...baselines.map((baseline) =>
      formatRatio(ratios(rounds, name, baseline, scenario.compared ?? first.key)),
    ),
    ...others.map((column) => figure(name, column)),
  ]);
  return formatTable(header, rows);
}

function indent(text) {
  return text.replace(/^/gm, '  ');
}

function formatTarget({ description, figure, verdict, atMost, atLeast, aim }) {
  const shown = formatFigure(figure, (atMost ?? atLeast) >= 10 ? 0 : 2);
  const aimed = aim === undefined ? '' : `, aim of ${aim} ${figure <= aim ? 'too' : 'not yet'}`;
  return [description, shown, `${verdict}${aimed}`];
}

// One line for all servers that cannot run for the same reason.
function groupObstacles(obstacles) {
  const names = new Map();
  for (const [name, reason] of Object.entries(obstacles)) {
    names.set(reason, [...(names.get(reason) ?? []), name]);
  }
  return [...names].map(([reason, group]) => `${group.join(', ')}: ${reason}`);
}

export function formatHeading({ machine, options }) {
  const lines = [
    ['processor', `${machine.processor}, ${machine.cores} cores`],
    ['kernel', machine.kernel],
    ['node', machine.node],
    ['pinning', machine.pinning.note],
    ['rounds', `${options.rounds}, each ${options.seconds} s after ${options.warmup} s of warm-up`],
  ];
  const width = Math.max(...lines.map(([key]) => key.length));
  return lines.map(([key, value]) => `${key.padEnd(width)}  ${value}`).join('\n');
}

export function formatScenario(result) {
  const { scenario, skipped, obstacles, failures = [], targets } = result;
  const title = `\n${scenario.name}: ${scenario.title}`;
  if (skipped) {
    const reasons = groupObstacles(obstacles).map((line) => `\n  left out  ${line}`);
    return `${title}\n  skipped: ${skipped}${reasons.join('')}`;
  }
  const parts = [title, indent(scenarioTable(result))];
  for (const line of groupObstacles(obstacles)) parts.push(`  left out  ${line}`);
  for (const { contestant, reason } of failures) parts.push(`  FAILED ${contestant}: ${reason}`);
  const measured = targets.filter(({ figure }) => figure !== undefined).map(formatTarget);
  if (measured.length > 0) {
    parts.push('', indent(formatTable(['target', 'measured', 'verdict'], measured)));
  }
  return parts.join('\n');
}

// The scenarios, and what each is to reach: for --list.
export function formatList(scenarios) {
  return scenarios
    .map(({ name, title, targets }) =>
      [`${name}: ${title}`, ...targets.map((target) => `  ${describeTarget(target)}`)].join('\n'),
    )
    .join('\n');
}

export function formatSummary(results) {
  const count = { reached: 0, MISSED: 0, 'not measured': 0 };
  for (const { targets } of results) for (const { verdict } of targets) count[verdict]++;
  return (
    `\ntargets: ${count.reached} reached, ${count.MISSED} missed, ` +
    `${count['not measured']} not measured`
  );
}
