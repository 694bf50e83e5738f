// A host for tests of the reactor alone: no sockets, no clock; turns happen when the test says so.
import * as layout from '../../assembly/layout';
import type { Host, Reactor, Seam } from '../../src';

export interface NullHost extends Host {
  readonly held: boolean;
  /** Runs one turn; every operation is answered with success. */
  turn(): void;
  /** Closes the reactor and runs turns until it is. */
  finish(reactor: Reactor): Promise<void>;
}

export function nothing(): NullHost {
  let seam: Seam | undefined;
  let held = false;
  const turn = (): void => {
    if (!seam) return;
    const { words } = seam.memory;
    words[layout.SUBMISSION_DONE >> 2] = words[layout.SUBMISSION_COUNT >> 2] as number;
    seam.ingest();
    seam.deliver();
    seam.end();
  };
  return {
    name: 'nothing',
    get held() {
      return held;
    },
    open(given) {
      seam = given;
    },
    wake() {},
    hold(hold) {
      held = hold;
    },
    close() {
      seam = undefined;
    },
    turn,
    async finish(reactor) {
      const closed = reactor.close();
      while (seam) turn();
      await closed;
    },
  };
}
