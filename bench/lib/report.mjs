// The results as text, for people.

import { figures, median, minimum, ratios } from './statistics.mjs';
import { formatFigure, formatTable } from './table.mjs';

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

function formatTarget({ description, figure, verdict, atMost, aim }) {
  const shown = formatFigure(figure, atMost >= 10 ? 0 : 2);
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

export function formatHeading({ machine, options, obstacles }) {
  const lines = [
    ['processor', `${machine.processor}, ${machine.cores} cores`],
    ['kernel', machine.kernel],
    ['node', machine.node],
    ['pinning', machine.pinning.note],
    ['rounds', `${options.rounds}, each ${options.seconds} s after ${options.warmup} s of warm-up`],
    ...groupObstacles(obstacles).map((line) => ['left out', line]),
  ];
  const width = Math.max(...lines.map(([key]) => key.length));
  return lines.map(([key, value]) => `${key.padEnd(width)}  ${value}`).join('\n');
}

export function formatScenario(result) {
  const { scenario, skipped, failures = [], targets } = result;
  const title = `\n${scenario.name}: ${scenario.title}`;
  if (skipped) return `${title}\n  skipped: ${skipped}`;
  const parts = [title, indent(scenarioTable(result))];
  for (const { contestant, reason } of failures) parts.push(`  FAILED ${contestant}: ${reason}`);
  const measured = targets.filter(({ figure }) => figure !== undefined).map(formatTarget);
  if (measured.length > 0) {
    parts.push('', indent(formatTable(['target', 'measured', 'verdict'], measured)));
  }
  return parts.join('\n');
}

export function formatSummary(results) {
  const count = { reached: 0, MISSED: 0, 'not measured': 0 };
  for (const { targets } of results) for (const { verdict } of targets) count[verdict]++;
  return (
    `\ntargets: ${count.reached} reached, ${count.MISSED} missed, ` +
    `${count['not measured']} not measured`
  );
}
