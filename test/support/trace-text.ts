// A trace as text, one line a turn and one for all that was heard and called in it: for people who
// want to see what is in a golden trace, and to see in a diff what changed.
import * as layout from '../../assembly/layout';
import { errorName } from '../../src/errors';
import type { Trace, TurnBlock } from '../../src/index';
import { describeCall, splitCalls } from '../../src/trace/calls';
import { deliveryName } from '../../src/trace/delivery-names';

export function traceText(trace: Trace): string {
  const { header, ending } = trace;
  const { format, host, payload, seed, sampling } = header;
  const lines = [`format ${format}, host ${host}, payload ${payload}, seed ${seed}, ${sampling}`];
  let first: bigint | undefined;
  for (const turn of trace.turns()) {
    first ??= turn.now;
    const milliseconds = (Number(turn.now - first) / 1e6).toFixed(3);
    const events = turn.eventSize > 0 ? turn.events.length / turn.eventSize : 0;
    const completions = turn.completions.length / layout.SUBMISSION_SIZE;
    const updates = turn.updates.length / layout.UPDATE_SIZE;
    lines.push(
      `turn ${turn.turn} at ${milliseconds} ms: ${events} events, ${completions} completions, ` +
        `${updates} updates, digest ${turn.digest.toString(16).padStart(16, '0')}`,
      ...callLines('outside', turn.outside),
      ...heardLines(turn),
      ...callLines('call', turn.calls),
    );
  }
  return `${[...lines, ending].join('\n')}\n`;
}

function callLines(title: string, stream: Buffer): string[] {
  return [...splitCalls(stream)].map(
    (call) => `  ${title.padEnd(8)} ${call ? `${describeCall(call)} → ${call.result}` : 'torn'}`,
  );
}

function heardLines({ deliveries, payload }: TurnBlock): string[] {
  const lines: string[] = [];
  for (let at = 0; at < deliveries.length; at += layout.DELIVERY_SIZE) {
    const read = (offset: number): number => deliveries.readInt32LE(at + offset);
    const kind = read(layout.DELIVERY_KIND);
    const name = `${read(layout.DELIVERY_RECORD)}:${read(layout.DELIVERY_GENERATION)}`;
    let detail = '';
    if (kind === layout.DELIVER_DATA) {
      const address = read(layout.DELIVERY_ADDRESS);
      const length = read(layout.DELIVERY_LENGTH);
      const range = payload.find((one) => one.address <= address) as (typeof payload)[number];
      const from = address - range.address;
      const shown = range.bytes.toString('latin1', from, from + Math.min(length, 40));
      detail = ` ${length} bytes: ${JSON.stringify(shown)}`;
    }
    if (kind === layout.DELIVER_ERROR) detail = ` ${errorName(read(layout.DELIVERY_VALUE))}`;
    if (kind === layout.DELIVER_TIMER) detail = ` × ${read(layout.DELIVERY_VALUE)}`;
    lines.push(`  heard    ${deliveryName(kind)} ${name}${detail}`);
  }
  return lines;
}
