// Operations: each that was taken is answered once, with the bytes of its own place in the file and
// in their order, and none is left.
import * as layout from '../../../assembly/layout';
import type { CoreHarness, Handle, Turn } from '../core-harness';
import { type Checker, nameOf, violated } from './checker';

interface Asked {
  readonly task: number;
  readonly offset: number;
  readonly length: number;
  read: number;
}

/** The byte that every file of the fuzz has at a place. */
export function byteAt(place: number): number {
  return (place * 7 + (place >>> 8)) & 0xff;
}

export class OperationsChecker implements Checker {
  private readonly asked = new Map<string, Asked>();

  asks(operation: Handle, task: number, offset: number, length: number): void {
    const name = nameOf(operation);
    if (this.asked.has(name)) violated('an operation has a name of its own', operation);
    this.asked.set(name, { task, offset, length, read: 0 });
  }

  turn(harness: CoreHarness, { deliveries }: Turn): void {
    for (const delivery of deliveries) {
      if (delivery.kind !== 'done' && delivery.kind !== 'part') continue;
      const name = nameOf({ record: delivery.handlers, generation: delivery.listener });
      const asked = this.asked.get(name);
      if (!asked) violated('only what was asked is answered, and once', delivery);
      const reads = asked.task === layout.TASK_READ;
      if (delivery.kind === 'part' && !reads) violated('only reads come in parts', delivery);
      if (reads && delivery.address !== 0) {
        harness.bytes(delivery).forEach((byte, place) => {
          if (byte !== byteAt(asked.offset + asked.read + place)) {
            violated('a read brings the bytes of its place', { delivery, place });
          }
        });
        asked.read += delivery.length;
      }
      const done = reads ? asked.read : delivery.length;
      if (delivery.value === 0 && done > asked.length) violated('no more than was asked', delivery);
      if (delivery.kind === 'done') this.asked.delete(name);
    }
  }

  end(harness: CoreHarness): void {
    const used = harness.word(layout.OPERATIONS_USED);
    if (used !== this.asked.size) violated('operations in use are counted', used);
    if (harness.word(layout.OPERATIONS_FLYING) > harness.memory.limits.tasksInFlight) {
      violated('the host never holds more than it may', harness.word(layout.OPERATIONS_FLYING));
    }
  }

  finish(): void {
    if (this.asked.size > 0) violated('every operation is answered', [...this.asked]);
  }
}
