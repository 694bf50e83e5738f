// Plans: the ways in which the same script is brought to a protocol. In each group all have to come
// to the same, because a stream of bytes has no pieces.

export interface Stop {
  /** So many bytes of the script are sent before it. */
  readonly at: number;
  readonly how: 'end' | 'reset';
  /** It comes together with the bytes in front of it, in one turn. */
  readonly together: boolean;
}

export interface Plan {
  /** For people: how the bytes were cut. */
  readonly name: string;
  /** Behind which bytes of the script a piece ends, in order; or behind every one. */
  readonly cuts: readonly number[] | 'every';
  /** The next piece comes in the next turn, whatever is still under way. Default: when all rest. */
  readonly eager?: boolean;
  /** The peer takes so many bytes at a time of what it is told, and only when all rest. */
  readonly window?: number;
  /** The peer takes nothing before it has sent everything. */
  readonly late?: boolean;
  readonly stop?: Stop;
  /** What is said is not compared: nobody was there any more to hear it. */
  readonly unheard?: boolean;
}

export interface Group {
  readonly reference: Plan;
  readonly others: readonly Plan[];
}

export interface GroupOptions {
  /** Bytes of the script. */
  readonly length: number;
  /** Where its steps end. */
  readonly ends: readonly number[];
  /** Of the boundaries every so many-th is tried. */
  readonly stride: number;
  /** How many plans with drawn cuts there are. */
  readonly draws: number;
  /** 0 ≤ number < 1 */
  random(): number;
  readonly stops: readonly Stop['how'][];
}

export const WHOLE: Plan = { name: 'all at once', cuts: [] };
const PIECES_MAX = 12;

function drawCuts(length: number, random: () => number): number[] {
  const pieces = 1 + Math.floor(random() * PIECES_MAX);
  const cuts = Array.from({ length: pieces }, () => Math.floor(random() * length));
  return [...new Set(cuts)].filter((cut) => cut > 0).sort((left, right) => left - right);
}

function drawn(options: GroupOptions, length: number, place: number): Plan {
  const cuts = drawCuts(length, options.random);
  const eager = place % 2 === 1;
  const how = eager ? ', each piece a turn after the other' : '';
  return { name: `cut behind ${cuts.join(', ')} of ${length} bytes${how}`, cuts, eager };
}

/** The whole script, cut in every way. */
function streams(options: GroupOptions): Group {
  const { length, ends, stride, draws } = options;
  const others: Plan[] = [
    { name: 'step by step', cuts: ends },
    { name: 'one by one', cuts: 'every' },
    { name: 'one by one, each a turn after the other', cuts: 'every', eager: true },
    { name: 'all at once, to a peer that takes 1 byte at a time', cuts: [], window: 1 },
    { name: 'one by one, to a peer that takes 7 bytes at a time', cuts: 'every', window: 7 },
    {
      name: 'all at once, to a peer that listens when it has said everything',
      cuts: [],
      late: true,
    },
    { name: 'one by one, to a peer that listens in the end', cuts: 'every', late: true },
  ];
  for (let cut = 1; cut < length; cut += stride) {
    others.push({ name: `cut behind byte ${cut} of ${length}`, cuts: [cut] });
  }
  for (let place = 0; place < draws; place++) others.push(drawn(options, length, place));
  return { reference: WHOLE, others };
}

/** The script up to a place, and then an end or a reset. */
function stopped(options: GroupOptions, how: Stop['how'], at: number): Group {
  const stop = { at, how, together: false };
  const what = `${how} behind byte ${at}`;
  const reference = { ...WHOLE, name: what, stop };
  if (at === 0) return { reference, others: [] };
  const cuts = drawCuts(at, options.random);
  return {
    reference,
    others: [
      {
        name: `${what}, in the same turn`,
        cuts: [],
        stop: { ...stop, together: true },
        unheard: how === 'reset',
      },
      { name: `${what}, cut behind ${cuts.join(', ') || 'nothing'}`, cuts, stop },
    ],
  };
}

export function* groupsOf(options: GroupOptions): Generator<Group> {
  yield streams(options);
  for (const how of options.stops) {
    for (let at = 0; at < options.length + 1; at += options.stride) {
      yield stopped(options, how, at);
    }
  }
}
