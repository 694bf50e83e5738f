// A divergence: the first difference between a recording and its replay, with both sides.
import * as layout from '../../assembly/layout';
import { type Call, callName, describeCall } from './calls';

export interface Divergence {
  readonly turn: number;
  /** What differs: a call, the core's deliveries, its digest, … */
  readonly what: string;
  /** "record:generation", where there is one. */
  readonly connection?: string;
  readonly operation?: string;
  /** Place of the first different byte in the call's bytes, or (of digests) of its 4 KiB. */
  readonly byteOffset?: number;
  readonly recorded: string;
  readonly replayed: string;
}

export type Verdict = 'identical' | 'diverged' | 'ends early' | 'refused';

export interface Report {
  readonly verdict: Verdict;
  /** Turns replayed. */
  readonly turns: number;
  readonly divergence?: Divergence;
  /** Why it was refused, or where the trace ends. */
  readonly reason?: string;
}

/** What differs between two calls; undefined for nothing. */
export function compareCalls(
  turn: number,
  recorded: Call | undefined,
  replayed: Call | undefined,
): Divergence | undefined {
  if (recorded && replayed && recorded.raw.equals(replayed.raw)) return undefined;
  const subject = recorded ?? replayed;
  const named =
    subject && subject.record !== layout.NONE && subject.operation !== layout.CALL_LISTEN;
  const byteOffset = recorded && replayed ? firstDifference(recorded, replayed) : undefined;
  return {
    turn,
    what: recorded
      ? replayed
        ? 'a call differs'
        : 'a call is missing'
      : 'a call was not recorded',
    ...(named ? { connection: `${subject.record}:${subject.generation}` } : {}),
    ...(subject ? { operation: callName(subject.operation) } : {}),
    ...(byteOffset === undefined ? {} : { byteOffset }),
    recorded: recorded ? describe(recorded) : 'nothing',
    replayed: replayed ? describe(replayed) : 'nothing',
  };
}

function describe(call: Call): string {
  return `${describeCall(call)} → ${call.result}`;
}

function firstDifference(recorded: Call, replayed: Call): number | undefined {
  if (recorded.mode !== replayed.mode) return undefined;
  const size = Math.min(recorded.tail.length, replayed.tail.length);
  for (let place = 0; place < size; place++) {
    if (recorded.tail[place] === replayed.tail[place]) continue;
    return recorded.mode === layout.MODE_DIGEST
      ? Math.floor(place / 8) * layout.DIGEST_CHUNK
      : place;
  }
  return recorded.length === replayed.length
    ? undefined
    : Math.min(recorded.length, replayed.length);
}

/** The report for people: both sides, one under the other. */
export function formatDivergence(divergence: Divergence): string {
  const { turn, what, connection, operation, byteOffset, recorded, replayed } = divergence;
  const where = [
    `turn ${turn}`,
    ...(connection ? [`connection ${connection}`] : []),
    ...(operation ? [`operation ${operation}`] : []),
    ...(byteOffset === undefined ? [] : [`byte ${byteOffset}`]),
  ];
  return [
    `diverged: ${what}`,
    `  where     ${where.join(', ')}`,
    `  recorded  ${recorded}`,
    `  replayed  ${replayed}`,
  ].join('\n');
}
