// The drive of hosts written in JavaScript. A turn is two immediates queued together: the first runs the
// handlers, the second ends the turn; between them Node runs only ticks and microtasks.
import * as layout from '../../assembly/layout';
import { long, word } from '../core/memory';
import type { Host, Seam } from './host';

/** What a host in JavaScript has to do; the drive does the rest. */
export interface DrivenHost {
  readonly name: string;
  open(seam: Seam, wake: () => void): void;
  /** Executes the submission queue in order. True when a completion should be looked at soon. */
  submit(): boolean;
  /** Writes events, WAIT_RESULT and NOW. Never waits: the host calls wake() when something happens. */
  poll(): void;
  /** Nothing more to do before this time (ns of its own clock; 0: no deadline). */
  arm(deadline: bigint): void;
  hold(hold: boolean): void;
  close(): void;
}

export function driven(host: DrivenHost): Host {
  let seam: Seam | undefined;
  let queued = false;
  const wake = (): void => {
    if (queued || !seam) return;
    queued = true;
    setImmediate(begin);
    setImmediate(finish);
  };
  const begin = (): void => {
    if (!seam) return;
    host.poll();
    seam.ingest();
    seam.deliver();
  };
  const finish = (): void => {
    if (!seam) return;
    seam.end();
    queued = false;
    if (!seam) return;
    const soon = host.submit();
    if (soon || word(seam.memory, layout.TURN_AGAIN) !== 0) wake();
    else host.arm(long(seam.memory, layout.DEADLINE));
  };
  return {
    name: host.name,
    open(given) {
      seam = given;
      host.open(given, wake);
    },
    wake,
    hold: (hold) => host.hold(hold),
    close() {
      seam = undefined;
      host.close();
    },
  };
}
