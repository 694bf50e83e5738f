// The drive of hosts written in JavaScript. A turn is two immediates queued together: the first
// runs the handlers, the second ends the turn; between them Node runs only ticks and microtasks,
// and what those call belongs to the turn.
import * as layout from '../../assembly/layout';
import { long, word } from '../core/memory';
import type { Ring } from '../inbox/ring';
import type { Host, Seam } from './host';

/** What a host in JavaScript has to do; the drive does the rest. */
export interface DrivenHost {
  readonly name: string;
  open(seam: Seam, wake: () => void): void;
  /** Executes the submission queue in order. True when a completion should be looked at soon. */
  submit(): boolean;
  /**
   * Writes events, WAIT_RESULT and NOW. Never waits: the host calls wake() when something happens.
   */
  poll(): void;
  /** Nothing more to do before this time (ns of its own clock; 0: no deadline). */
  arm(deadline: bigint): void;
  hold(hold: boolean): void;
  close(): void;
  /** As the host's. */
  share?(id: number, ring: Ring): void;
  unshare?(id: number): void;
}

export function driven(host: DrivenHost): Host {
  let seam: Seam | undefined;
  /** The two immediates stand in Node's queue, or the first of them ran. */
  let queued = false;
  let turning = false;
  /** Woken within a turn: what the host heard of there is for the next one. */
  let again = false;
  /**
   * What handlers threw in this turn. Thrown from a tick between the immediates it would end Node's
   * draining, and the turn would end before its own microtasks.
   */
  let thrown: unknown[] = [];

  const wake = (): void => {
    if (!seam) return;
    if (turning) again = true;
    else if (!queued) {
      queued = true;
      setImmediate(begin);
      setImmediate(finish);
    }
  };

  const begin = (): void => {
    if (!seam) return;
    turning = true;
    stopIfThrown(() => {
      host.poll();
      seam?.ingest();
      seam?.deliver();
    });
  };

  const finish = (): void => {
    if (!seam) return rethrow();
    let soon = false;
    stopIfThrown(() => {
      // The end of the turn may close the reactor, and with it this host.
      seam?.end();
      if (seam) soon = host.submit();
    });
    queued = false;
    turning = false;
    rethrow();
    if (!seam) return;
    if (soon || again || word(seam.memory, layout.TURN_AGAIN) !== 0) {
      again = false;
      wake();
    } else {
      host.arm(long(seam.memory, layout.DEADLINE));
    }
  };

  /** Only a fault of the core or the host throws here: no turn may follow, and it must be seen. */
  const stopIfThrown = (part: () => void): void => {
    try {
      part();
    } catch (error) {
      if (seam) close();
      throw error;
    }
  };

  const rethrow = (): void => {
    for (const error of thrown) {
      process.nextTick(() => {
        throw error;
      });
    }
    thrown = [];
  };

  const close = (): void => {
    seam = undefined;
    host.close();
  };

  return {
    name: host.name,
    open(given) {
      seam = given;
      host.open(given, wake);
    },
    wake,
    hold: (hold) => host.hold(hold),
    share: (id, ring) => host.share?.(id, ring),
    unshare: (id) => host.unshare?.(id),
    close,
    thrown(error) {
      thrown.push(error);
      if (!turning) rethrow();
    },
  };
}
