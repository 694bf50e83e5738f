// An inbox on the node host: the ring is drained here, and Atomics.waitAsync does the sleeping.
import * as layout from '../../assembly/layout';
import { systemError } from '../errors';
import type { Ring } from '../inbox/ring';
import type { OpenRequest } from './node-openers';
import { Source } from './node-source';

export function openInbox({ argument, ring, report }: OpenRequest): Source {
  const shared = ring(argument);
  if (!shared) throw systemError(2, 'open', 'an inbox');
  return new InboxSource(shared, report);
}

class InboxSource extends Source {
  private readonly ring: Ring;
  /** The sleep that a post will end; 0 while there is none. */
  private sleep = 0;

  constructor(ring: Ring, report: (source: Source) => void) {
    super(report);
    this.ring = ring;
    this.raise(layout.READY_OUT);
    this.fallAsleep();
    if (ring.filled) this.raise(layout.READY_IN);
  }

  status(): number {
    return 0;
  }

  name(bytes: Uint8Array, at: number): void {
    bytes.fill(0, at, at + layout.PEER_SIZE);
    bytes[at] = layout.FAMILY_NONE;
  }

  get available(): number {
    return this.ring.count();
  }

  override receive(target: Uint8Array, at: number, most: number, records: number): number {
    const { ring } = this;
    let filled = 0;
    for (;;) {
      this.wakeUp();
      const moved = ring.drain(target, at + filled, most - filled, records);
      if (moved < 0) return moved;
      filled += moved;
      // Full, or no more wanted: the core asks again before it sleeps.
      if (most - filled < layout.BATCH_ROOM) break;
      if (records !== 0 && filled > 0) break;
      if (ring.filled) continue;
      this.fallAsleep();
      // What came in between may have woken nobody.
      if (!ring.filled) break;
    }
    return filled === 0 ? -layout.ERROR_AGAIN : filled;
  }

  close(): void {
    this.closed = true;
    this.ring.close();
    this.wakeUp();
  }

  private fallAsleep(): void {
    const sleep = this.ring.fallAsleep();
    this.sleep = sleep;
    void this.ring.asleep(sleep).then(() => {
      // Not one that ended without a post.
      if (this.sleep === sleep) this.raise(layout.READY_IN);
    });
  }

  private wakeUp(): void {
    if (this.sleep === 0) return;
    this.sleep = 0;
    this.ring.wakeUp();
    this.ring.notifyConsumer();
  }
}
