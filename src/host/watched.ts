// Detectors: a handler that holds the loop, and a loop that turns for nothing. A decorator over any
// host, below the seam, that tells of them through node:diagnostics_channel and changes nothing.
// Nobody subscribed: a look at a flag, twice a turn. It also has a clock, so who wants to know how
// long turns take is told here.
import { channel } from 'node:diagnostics_channel';
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';
import { CalandriaError, typeError } from '../errors';
import type { Host } from './host';
import { turnOf } from './strategy';
import { TurnTimes } from './turn-times';

export interface WatchOptions {
  /** From so many ms on, what a turn's handlers took is told of. Default 100. */
  readonly blockedMilliseconds?: number;
  /** So many turns in a row that brought nothing are told of. Default 1,000. */
  readonly spinningTurns?: number;
  /** Filled with what each turn took: core and handlers, with ticks and promises of theirs. */
  readonly turnTimes?: TurnTimes;
}

/** A turn's handlers, with the ticks and promises that they queued, held the loop so long. */
export interface Blocked {
  readonly milliseconds: number;
  readonly turn: number;
}

/** So many turns in a row brought nothing. */
export interface Spinning {
  readonly turns: number;
  readonly turn: number;
}

const BLOCKED = channel('calandria:blocked');
const SPINNING = channel('calandria:spinning');

/** No event, no completion, no timer: at the most a `change` that is repeated. */
function brought(memory: ReactorMemory, input: number): boolean {
  if (input > 0) return true;
  const { bytes } = memory;
  const base = word(memory, layout.DELIVERIES_BASE);
  const end = base + word(memory, layout.DELIVERY_COUNT) * layout.DELIVERY_SIZE;
  for (let at = base; at < end; at += layout.DELIVERY_SIZE) {
    if (bytes[at + layout.DELIVERY_KIND] !== layout.DELIVER_CHANGE) return true;
  }
  return false;
}

/** The host, watched. Messages: 'calandria:blocked' and 'calandria:spinning'. */
export function watched(host: Host, options: WatchOptions = {}): Host {
  const { blockedMilliseconds = 100, spinningTurns = 1000, turnTimes } = options;
  if (!(blockedMilliseconds > 0) || !(Number.isInteger(spinningTurns) && spinningTurns > 0)) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_OPTION',
      'blockedMilliseconds is a number above 0, spinningTurns a whole number from 1.',
    );
  }
  if (turnTimes !== undefined && !(turnTimes instanceof TurnTimes)) {
    throw typeError('turnTimes', 'a TurnTimes', turnTimes);
  }
  return {
    ...host,
    open(seam) {
      const { memory } = seam;
      let turned = 0;
      let began = 0;
      let empty = 0;
      const spin = (input: number): void => {
        empty = brought(memory, input) ? 0 : empty + 1;
        if (empty < spinningTurns) return;
        SPINNING.publish({ turns: empty, turn: turnOf(memory) } satisfies Spinning);
        empty = 0;
      };
      host.open({
        ...seam,
        ingest() {
          if (turnTimes) turned = performance.now();
          const input = word(memory, layout.EVENT_COUNT) + word(memory, layout.SUBMISSION_DONE);
          seam.ingest();
          if (SPINNING.hasSubscribers) spin(input);
        },
        deliver() {
          began = BLOCKED.hasSubscribers ? performance.now() : 0;
          seam.deliver();
        },
        end() {
          // The turn in which nobody is called ends at once.
          const milliseconds = began === 0 ? 0 : performance.now() - began;
          began = 0;
          seam.end();
          if (turnTimes) turnTimes.add((performance.now() - turned) * 1000);
          if (milliseconds < blockedMilliseconds) return;
          BLOCKED.publish({ milliseconds, turn: turnOf(memory) } satisfies Blocked);
        },
      });
    },
  };
}
