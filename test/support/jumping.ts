// A clock that can be put forward: a host around a host whose turns happen when they do, at a time
// that is ahead of the machine's by as much as a test says. So a minute's deadline is a minute's
// for the program, and passes in an instant.
import * as layout from '../../assembly/layout';
import type { Host } from '../../src/index';

export interface Jumping {
  readonly host: Host;
  /** Puts the clock forward, and has the reactor look at it. */
  jump(milliseconds: number): void;
}

export function jumping(inner: Host): Jumping {
  let ahead = 0n;
  let open = false;
  return {
    host: {
      ...inner,
      open(seam) {
        open = true;
        const { longs } = seam.memory;
        const move = (place: number, by: bigint): void => {
          longs[place >> 3] = (longs[place >> 3] as bigint) + by;
        };
        inner.open({
          ...seam,
          ingest() {
            move(layout.NOW, ahead);
            seam.ingest();
          },
          end() {
            seam.end();
            // When to wake is meant for the machine; 0 is never.
            if (longs[layout.DEADLINE >> 3] !== 0n) move(layout.DEADLINE, -ahead);
          },
        });
      },
      close() {
        open = false;
        inner.close();
      },
    },
    jump(milliseconds) {
      ahead += BigInt(milliseconds) * 1_000_000n;
      if (open) inner.wake();
    },
  };
}
