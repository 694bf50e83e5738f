// Strategies: how a host waits when a turn has left nothing to do. A decorator over any host, below
// the seam: it decides whether the next turn comes at once, never what is in it.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';
import { CalandriaError, shown } from '../errors';
import type { Host } from './host';

/** 'spin': look again until nothing has come for SPIN µs; 'poll': never sleep. */
export type Waiting = 'block' | 'spin' | 'poll';

/** What a turn was like, for a strategy that decides anew after each. */
export interface TurnReport {
  readonly turn: number;
  readonly events: number;
  readonly completions: number;
  readonly deliveries: number;
}

export type Strategy =
  | 'block'
  | 'poll'
  | { readonly spin: number }
  | ((turn: TurnReport) => Waiting);

/** Microseconds of looking when a function says 'spin'. */
const SPIN = 50;
/** A second, as the native host's own spin. */
const SPIN_MAX = 1e6;

interface Plan {
  readonly decide: (turn: TurnReport) => Waiting;
  /** Milliseconds. */
  readonly spin: number;
}

function planOf(strategy: Strategy): Plan {
  if (typeof strategy === 'function') return { decide: strategy, spin: SPIN / 1000 };
  if (strategy === 'block' || strategy === 'poll') return { decide: () => strategy, spin: 0 };
  const spin = (strategy as { spin?: unknown } | null)?.spin;
  if (typeof spin === 'number' && spin >= 0 && spin <= SPIN_MAX) {
    return { decide: () => 'spin', spin: spin / 1000 };
  }
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_OPTION',
    `strategy is 'block', 'poll', { spin: 0 to ${SPIN_MAX} } or a function, ` +
      `not ${shown(strategy)}.`,
  );
}

/** The host, waiting as the strategy says. Nothing polls once nothing is left to do. */
export function withStrategy(host: Host, strategy: Strategy): Host {
  const { decide, spin } = planOf(strategy);
  let holding = false;
  let spinUntil = 0;

  const goesOn = (report: TurnReport): boolean => {
    const waiting = decide(report);
    if (waiting !== 'spin') return waiting === 'poll';
    const now = performance.now();
    if (report.events + report.completions + report.deliveries > 0) spinUntil = now + spin;
    return now < spinUntil;
  };

  return {
    ...host,
    open(seam) {
      const { memory } = seam;
      const { words } = memory;
      let events = 0;
      let completions = 0;
      host.open({
        ...seam,
        ingest() {
          events = word(memory, layout.EVENT_COUNT);
          completions = word(memory, layout.SUBMISSION_DONE);
          seam.ingest();
        },
        end() {
          const deliveries = word(memory, layout.DELIVERY_COUNT);
          seam.end();
          if (!holding || word(memory, layout.TURN_AGAIN) !== 0) return;
          const turn = turnOf(memory);
          if (goesOn({ turn, events, completions, deliveries })) {
            words[layout.TURN_AGAIN >> 2] = layout.AGAIN_LOOK;
          }
        },
      });
    },
    hold(hold) {
      holding = hold;
      host.hold(hold);
    },
  };
}

export function turnOf({ longs }: ReactorMemory): number {
  return Number(longs[layout.TURN >> 3]);
}
