// The demo's first part: the same load on calandria and on node:net, turn by turn, and a table of
// both.
import { type LoadResult, runLoad, startServer } from './demo-processes';
import { Histogram } from './histogram';
import { formatCount, formatTable, type Paint, type Progress } from './terminal';

export interface MeasureOptions {
  readonly host: string;
  readonly connections: number;
  /** Of each measurement; there are two for each server. */
  readonly milliseconds: number;
}

export const MESSAGE_BYTES = 64;
const WARM_UP_MILLISECONDS = 400;

interface Sum {
  messages: number;
  milliseconds: number;
  /** NaN as soon as one part is not known. */
  processorTime: number;
  readonly latencies: Histogram;
}

/** Both servers' figures, ours first. Every answer was compared with its message. */
export async function measureBoth(options: MeasureOptions, progress: Progress): Promise<Sum[]> {
  const sums = [makeSum(), makeSum()];
  // There and back again: a machine that gets slower or faster meanwhile does it to both.
  const order = [0, 1, 1, 0];
  for (const [round, which] of order.entries()) {
    const server =
      which === 0
        ? await startServer('main.js', ['echo', '--host', options.host])
        : await startServer('demo-net-server.js');
    const name = which === 0 ? `calandria ${options.host}` : 'node:net';
    const result = await runLoad(
      server,
      {
        connections: options.connections,
        size: MESSAGE_BYTES,
        milliseconds: options.milliseconds,
        warmUpMilliseconds: WARM_UP_MILLISECONDS,
      },
      (report) => {
        if (report.kind !== 'connecting' && report.kind !== 'running') return;
        const { kind, done, wanted } = report;
        const within = kind === 'connecting' ? 0.2 * (done / wanted) : 0.2 + 0.8 * (done / wanted);
        const what = kind === 'connecting' ? `${formatCount(done)} connections` : 'measuring';
        progress.show((round + within) / order.length, `${name}: ${what}`);
      },
    );
    add(sums[which] as Sum, result);
    await server.stop();
  }
  progress.clear();
  return sums;
}

function makeSum(): Sum {
  return { messages: 0, milliseconds: 0, processorTime: 0, latencies: new Histogram() };
}

function add(sum: Sum, result: LoadResult): void {
  sum.messages += result.messages;
  sum.milliseconds += result.milliseconds;
  sum.processorTime += result.processorTime ?? Number.NaN;
  sum.latencies.add(result.latencies);
}

export function formatMeasurements(sums: readonly Sum[], host: string, paint: Paint): string {
  const withProcessor = sums.every(({ processorTime }) => processorTime > 0);
  const header = ['', 'messages/s', 'p50 ms', 'p90 ms', 'p99 ms', 'worst ms'];
  if (withProcessor) header.push('CPU µs/message');
  const figures = sums.map(({ messages, milliseconds, processorTime, latencies }) => [
    messages / (milliseconds / 1000),
    ...[0.5, 0.9, 0.99, 1].map((share) => latencies.quantile(share) / 1000),
    ...(withProcessor ? [processorTime / messages] : []),
  ]);
  const [ours = [], theirs = []] = figures;
  const row = (name: string, values: number[]): string[] => [
    name,
    ...values.map((value, column) => formatCount(value, column === 0 ? 0 : 2)),
  ];
  // A single worst case says something about each run, and nothing about the two together.
  const worst = header.indexOf('worst ms') - 1;
  const ratios = ours.map((value, column) =>
    column === worst ? '' : `${(value / (theirs[column] ?? 1)).toFixed(2)} x`,
  );
  return formatTable(
    [
      header.map(paint.dim),
      row(paint.bold(`   calandria ${host}`), ours),
      row('   node:net', theirs),
      ['   ratio', ...ratios].map(paint.dim),
    ],
    ['left', ...ours.map(() => 'right' as const)],
  );
}
