// A host for tests whose time is simulated: no sockets, and no waiting. A turn comes when there is
// something to do, and time jumps to the next deadline. Ticks and microtasks run within the turn,
// as on every host.
import * as layout from '../../assembly/layout';
import { long, word } from '../../src/core/memory';
import { type CreateReactorOptions, createReactor, type Host, type Reactor } from '../../src/index';
import { nothing } from './null-host';

const SECOND = 1_000_000_000n;

export interface Virtual {
  readonly reactor: Reactor;
  /** Runs turns until the promise is settled; fails when nothing is left that could settle it. */
  until<Value>(promise: Promise<Value>): Promise<Value>;
  /** Milliseconds of simulated time so far. */
  readonly passed: number;
}

/** A reactor on such a host; `around` may decorate it. */
export function virtual(
  options: Omit<CreateReactorOptions, 'host'> = {},
  around: (host: Host) => Host = (host) => host,
): Virtual {
  const host = nothing();
  let now = SECOND;
  let awake = false;
  let memory: Parameters<Host['open']>[0]['memory'] | undefined;
  const timed: Host = {
    ...host,
    open(seam) {
      memory = seam.memory;
      host.open({
        ...seam,
        ingest() {
          seam.memory.longs[layout.NOW >> 3] = now;
          seam.ingest();
        },
      });
    },
    wake() {
      awake = true;
    },
  };
  const reactor = createReactor({ seed: 1n, ...options, host: around(timed) });

  /** The next thing to do: now, or at a deadline. False: there is nothing. */
  const goOn = (): boolean => {
    if (!memory || awake || word(memory, layout.TURN_AGAIN) !== 0) return memory !== undefined;
    const deadline = long(memory, layout.DEADLINE);
    if (deadline === 0n) return word(memory, layout.SUBMISSION_COUNT) > 0;
    if (deadline > now) now = deadline;
    return true;
  };

  return {
    reactor,
    get passed() {
      return Number(now - SECOND) / 1e6;
    },
    async until(promise) {
      let settled = false;
      const done = (): void => {
        settled = true;
      };
      promise.then(done, done);
      await drained();
      while (!settled) {
        if (!goOn()) throw new Error('Nothing is left to do, and the promise is not settled.');
        awake = false;
        await host.turnWith(drained);
      }
      return promise;
    },
  };
}

/** Behind all ticks and microtasks. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
