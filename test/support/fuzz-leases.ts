// Leases in the fuzz: taken of what is delivered and of each other, looked at in each turn, sent
// now and then, and given back.
import * as layout from '../../assembly/layout';
import { violated } from './checkers/checker';
import type { CoreHarness } from './core-harness';
import type { Delivery } from './core-views';
import type { Seeded } from './seeded';

export interface Leased {
  readonly place: number;
  readonly address: number;
  readonly bytes: Buffer;
}

export class FuzzLeases {
  private readonly harness: CoreHarness;
  private readonly random: Seeded;
  private readonly leasing: boolean;
  private held: Leased[] = [];

  constructor(harness: CoreHarness, random: Seeded, leasing: boolean) {
    this.harness = harness;
    this.random = random;
    this.leasing = leasing;
  }

  /** What is leased is what it was. */
  check(): void {
    for (const { address, bytes, place } of this.held) {
      if (bytes.equals(this.bytesAt(address, bytes.length))) continue;
      violated('leased bytes stay as they were', { place, address, length: bytes.length });
    }
  }

  /** What to do in a turn, or between two. */
  plan(): ('take' | 'give back' | 'write')[] {
    const { random } = this;
    if (!this.leasing || random.chance(0.4)) return [];
    const total = random.size(3);
    const ways = ['take', 'take', 'give back', 'give back', 'write'] as const;
    return Array.from({ length: total }, () => random.pick(ways));
  }

  take(delivered: readonly Delivery[]): void {
    const { random } = this;
    const whole = random.chance(0.5) && delivered.length > 0 ? random.pick(delivered) : this.any();
    if (!whole || whole.length === 0) return;
    const from = random.between(0, whole.length - 1);
    const length = random.between(1, whole.length - from);
    const address = whole.address + from;
    const place = this.harness.core.lease(address, length);
    if (place === layout.CALL_NO_LEASE) return this.refused(address);
    if (place < 0) violated('bytes of this turn and leased ones can be leased', { whole, place });
    const bytes = Buffer.from(this.bytesAt(address, length));
    this.held.push({ place, address, bytes });
  }

  /** A lease to write from, or to take a part of. */
  any(): { readonly address: number; readonly length: number } | undefined {
    if (this.held.length === 0) return undefined;
    const { address, bytes } = this.random.pick(this.held);
    return { address, length: bytes.length };
  }

  giveBack(): void {
    if (this.held.length === 0) return;
    const [{ place }] = this.held.splice(this.random.between(0, this.held.length - 1), 1) as [
      Leased,
    ];
    const { core } = this.harness;
    if (core.unlease(place) !== layout.CALL_TAKEN) violated('a lease can be given back', place);
    if (core.unlease(place) !== layout.CALL_STALE) violated('once', place);
  }

  giveBackAll(): void {
    while (this.held.length > 0) this.giveBack();
  }

  /** Whether a stale write of these bytes is none, because they are leased. */
  holds(address: number, length: number): boolean {
    return this.held.some(
      (each) => address >= each.address && address + length <= each.address + each.bytes.length,
    );
  }

  private refused(address: number): void {
    const { leases, readSegments } = this.harness.memory.limits;
    const size = this.harness.word(layout.READ_SEGMENT_SIZE);
    const segmentOf = (at: number): number =>
      Math.floor((at - this.harness.word(layout.READ_ARENA_BASE)) / size);
    const segments = new Set(this.held.map((each) => segmentOf(each.address)));
    const full =
      segments.size >= Math.max(1, readSegments >> 2) && !segments.has(segmentOf(address));
    if (this.held.length < leases && !full) violated('leases are refused at their bounds only', {});
  }

  private bytesAt(address: number, length: number): Uint8Array {
    return this.harness.memory.bytes.subarray(address, address + length);
  }
}
