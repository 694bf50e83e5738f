// The order in which a source's handlers are called: open; data, change and drain; end; error;
// close. Each but data, change and drain at most once, close exactly once and last.
import type { CoreHarness, Turn } from '../core-harness';
import type { Delivery, DeliveryKind } from '../core-views';
import { type Checker, nameOf, violated } from './checker';

export class LifecycleChecker implements Checker {
  private readonly heard = new Map<string, Set<DeliveryKind>>();

  /**
   * A source that the program opened itself: it hears of its close whether or not it ever opened.
   */
  opened(source: { record: number; generation: number }): void {
    const name = nameOf(source);
    if (this.heard.has(name)) violated('an owner of a record has a name of its own', source);
    this.heard.set(name, new Set());
  }

  turn(_harness: CoreHarness, { deliveries }: Turn): void {
    for (const delivery of deliveries) {
      // Those have names of their own.
      if (!/^(timer|idle|done|part)$/.test(delivery.kind)) this.deliver(delivery);
    }
  }

  private deliver(delivery: Delivery): void {
    const { kind } = delivery;
    const name = nameOf(delivery);
    const known = this.heard.get(name);
    const heard = known ?? new Set<DeliveryKind>();
    this.heard.set(name, heard);
    const started = heard.has('open') || heard.has('listening');
    if (!known && kind !== 'open') violated('an accepted connection begins with open', delivery);
    if (heard.has('close')) violated('close is the last delivery', delivery);
    // About one datagram: its socket lives on.
    if (kind === 'error' && delivery.length === 1) {
      if (!started || heard.has('error')) violated('an error of a datagram has a socket', delivery);
      return;
    }
    if (/^(open|listening|end|error)$/.test(kind) && heard.has(kind)) {
      // A listener may run out of descriptors again and again.
      if (!(kind === 'error' && heard.has('listening'))) violated(`${kind} comes once`, delivery);
    }
    if (/^(open|listening)$/.test(kind) && heard.has('error'))
      violated('nothing opens after an error', delivery);
    if (/^(data|change|drain|end)$/.test(kind) && !started)
      violated(`open comes before ${kind}`, delivery);
    if (kind === 'data' && heard.has('end')) violated('end comes after all data', delivery);
    if (/^(data|end|drain)$/.test(kind) && heard.has('error'))
      violated('error comes after all data', delivery);
    heard.add(kind);
  }

  finish(): void {
    for (const [name, heard] of this.heard) {
      if (!heard.has('close'))
        violated('every source hears of its close', { name, heard: [...heard] });
    }
  }
}
