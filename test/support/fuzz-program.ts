// A program that calls whatever it likes, in a turn and outside: on live names, on stale ones, with
// bytes of this turn and of earlier ones.
import * as layout from '../../assembly/layout';
import type { BytesChecker } from './checkers/bytes';
import { violated } from './checkers/checker';
import type { LifecycleChecker } from './checkers/lifecycle';
import type { TimersChecker } from './checkers/timers';
import type { CoreHarness, Handle, Turn } from './core-harness';
import type { Delivery } from './core-views';
import type { FuzzDatagrams } from './fuzz-datagrams';
import type { FuzzFiles } from './fuzz-files';
import type { FuzzLeases } from './fuzz-leases';
import type { FuzzOptions } from './fuzz-options';
import type { Seeded } from './seeded';

export interface Watchers {
  readonly lifecycle: LifecycleChecker;
  readonly bytes: BytesChecker;
  readonly timers: TimersChecker;
  readonly files: FuzzFiles;
  readonly datagrams: FuzzDatagrams;
  readonly leases: FuzzLeases;
}

const MODES = [0, layout.WORK_LEVEL, layout.WORK_ONE_SHOT, layout.WORK_DISPATCH];

export class FuzzProgram {
  private readonly harness: CoreHarness;
  private readonly random: Seeded;
  private readonly options: FuzzOptions;
  private readonly watchers: Watchers;
  private known: Handle[] = [];
  private readonly stale: Handle[] = [];
  private delivered: Delivery[] = [];
  private earlier: Delivery[] = [];
  private timers: Handle[] = [];
  private stopped = false;

  constructor(harness: CoreHarness, random: Seeded, options: FuzzOptions, watchers: Watchers) {
    this.harness = harness;
    this.random = random;
    this.options = options;
    this.watchers = watchers;
  }

  during({ deliveries }: Turn): void {
    this.earlier = this.random.chance(0.9) ? this.delivered : this.earlier;
    this.delivered = deliveries.filter(({ kind }) => kind === 'data');
    for (const { kind, record, generation } of deliveries) {
      if (kind === 'open') this.remember({ record, generation });
      if (kind === 'close') this.forget({ record, generation });
    }
    this.watchers.leases.check();
    for (const delivery of this.delivered) if (this.random.chance(0.5)) this.echo(delivery);
    this.calls();
    this.leases();
    // A view lives as long as its turn.
    if (this.random.chance(0.3)) this.writeStale();
    this.earlier = this.delivered;
    this.delivered = [];
  }

  outside(): void {
    if (this.random.chance(0.3)) this.calls();
    this.leases();
    if (this.random.chance(0.1)) this.writeStale();
  }

  /** Level triggers never rest while something waits: nobody repeats himself any more. */
  calm(): void {
    for (const handle of this.known) this.harness.trigger(handle, 0);
    this.watchers.leases.giveBackAll();
  }

  /** The end of the program: all timers cancelled, the reactor stopped. */
  leave(): void {
    for (const timer of this.watchers.timers.alive()) this.cancel(timer);
    this.watchers.leases.giveBackAll();
    if (this.random.chance(0.5)) this.harness.core.stop(1, -1);
    this.harness.core.stop(0, -1);
    this.stopped = true;
  }

  private remember(handle: Handle): void {
    const same = (each: Handle): boolean =>
      each.record === handle.record && each.generation === handle.generation;
    if (!this.known.some(same)) this.known.push(handle);
  }

  private forget({ record, generation }: Handle): void {
    const gone = (each: Handle): boolean =>
      each.record === record && each.generation === generation;
    this.stale.push(...this.known.filter(gone));
    if (this.stale.length > 50) this.stale.splice(0, 25);
    this.known = this.known.filter((each) => !gone(each));
  }

  private calls(): void {
    const total = this.random.size(this.options.callRate * 4);
    for (let call = 0; call < total; call++) this.call();
  }

  private leases(): void {
    const { leases } = this.watchers;
    for (const what of leases.plan()) {
      if (what === 'take') leases.take(this.delivered);
      else if (what === 'give back') leases.giveBack();
      else for (const handle of this.known.slice(0, 1)) this.writeLeased(handle);
    }
  }

  private anybody(): Handle {
    const { random } = this;
    if (this.stale.length > 0 && random.chance(0.1)) return random.pick(this.stale);
    if (this.known.length > 0 && random.chance(0.97)) return random.pick(this.known);
    const record = random.pick([0, 1, -1, layout.RECORD_WAKE, random.bits() | 0]);
    return { record, generation: random.bits() };
  }

  private call(): void {
    const { random, harness } = this;
    const handle = this.anybody();
    switch (random.between(0, 18)) {
      case 0:
      case 1:
        return this.open(random.chance(0.7));
      case 2:
      case 3:
      case 4:
        return this.writeCopy(handle);
      case 5:
        if (this.delivered.length > 0) this.echo(random.pick(this.delivered), handle);
        return;
      case 6:
      case 7:
        harness.read(handle, random.pick([0, 1, random.size(100_000), layout.APPETITE_UNLIMITED]));
        return;
      case 8:
        harness.sample(handle);
        return;
      case 9:
        if (random.chance(0.5)) harness.core.option(handle.record, handle.generation, 2, 1);
        else harness.core.option(handle.record, handle.generation, 4, random.between(0, 1));
        return;
      case 10:
        return this.startTimer();
      case 11:
        if (this.timers.length > 0) this.cancel(random.pick(this.timers));
        return;
      case 12:
        if (random.chance(this.options.closeRate)) this.closeSomehow(handle);
        return;
      case 17:
        return this.openDatagrams();
      case 18:
        for (let sends = random.size(6); sends > 0; sends--) this.watchers.datagrams.send(handle);
        return;
      case 14:
        return this.openFile();
      case 15:
        for (let asks = random.size(6); asks > 0; asks--) this.watchers.files.ask(handle);
        if (this.watchers.files.send(handle)) this.watchers.bytes.sendsFiles(handle);
        return;
      case 13:
        if (random.chance(0.3)) harness.enable(handle);
        else harness.trigger(handle, random.pick(MODES));
        return;
      default:
        if (random.chance(this.options.drainRate)) harness.core.stop(1, -1);
        harness.core.random();
    }
  }

  private closeSomehow({ record, generation }: Handle): void {
    const { core } = this.harness;
    switch (this.random.between(0, 3)) {
      case 0:
        core.finish(record, generation);
        return;
      case 1:
        core.close(record, generation);
        return;
      case 2:
        core.destroy(record, generation);
        return;
      default:
        core.thrown(record, generation);
    }
  }

  private open(dial: boolean): void {
    if (this.known.length >= this.options.crowd || this.stopped) return;
    const wants = this.random.between(0, 7);
    const handle = this.harness.open(dial, { handlers: this.random.between(0, 9), wants });
    if (handle.record < 0) return;
    this.watchers.lifecycle.opened(handle);
    this.known.push(handle);
  }

  private openDatagrams(): void {
    if (this.known.length >= this.options.crowd || this.stopped) return;
    const handle = this.watchers.datagrams.open();
    if (handle.record < 0) return;
    this.watchers.lifecycle.opened(handle);
    this.known.push(handle);
  }

  private openFile(): void {
    if (this.known.length >= this.options.crowd || this.stopped) return;
    const handle = this.harness.openSource(layout.KIND_FILE);
    if (handle.record < 0) return;
    this.watchers.lifecycle.opened(handle);
    this.watchers.files.opened(handle);
    this.known.push(handle);
  }

  private writeCopy(handle: Handle): void {
    const bytes = this.random.bytes(this.random.size(this.options.messageMost));
    this.watched(handle, bytes, () => this.harness.write(handle, bytes));
  }

  /** Zero copy: a part of what was delivered in this turn. */
  private echo(delivery: Delivery, to: Handle = delivery): void {
    const from = this.random.chance(0.7) ? 0 : this.random.between(0, delivery.length);
    const length = this.random.chance(0.7)
      ? delivery.length - from
      : this.random.between(0, delivery.length - from);
    const part = { address: delivery.address + from, length };
    const bytes = Buffer.from(this.harness.bytes(part));
    this.watched(to, bytes, () => this.harness.writeAt(to, part.address, length));
  }

  /** Zero copy, in any turn and between two. */
  private writeLeased(handle: Handle): void {
    const leased = this.watchers.leases.any();
    if (!leased) return;
    const { address, length } = leased;
    const bytes = Buffer.from(this.harness.bytes(leased));
    this.watched(handle, bytes, () => this.harness.writeAt(handle, address, length));
  }

  private writeStale(): void {
    if (this.earlier.length === 0) return;
    const { address, length } = this.random.pick(this.earlier);
    // Where bytes of this turn lie by now, nobody can tell the old ones from them.
    const first = Math.min(...this.harness.arrived.map((range) => range.address));
    const last = Math.max(...this.harness.arrived.map((range) => range.address + range.length));
    if (length === 0 || (address >= first && address < last)) return;
    if (this.watchers.leases.holds(address, length)) return;
    const handle = this.anybody();
    const before = this.harness.word(layout.STATE_QUEUE_TOTAL);
    const result = this.harness.writeAt(handle, address, length);
    const after = this.harness.word(layout.STATE_QUEUE_TOTAL);
    if (result >= 0 || before !== after) violated('stale bytes are refused', { handle, result });
  }

  private watched(handle: Handle, bytes: Uint8Array, write: () => number): void {
    const owned = (): number => {
      if (!this.live(handle)) return 0;
      return this.harness.record(handle).bytesTaken;
    };
    const before = owned();
    const result = write();
    const taken = owned() - before;
    if (taken !== 0 && taken !== bytes.length)
      violated('all or nothing is taken', { taken, result });
    if (result < 0 && taken !== 0) violated('a refused write takes nothing', { taken, result });
    if (result >= 0 && taken === 0 && bytes.length > 0) {
      const { state, work, tx } = this.harness.record(handle);
      const draining = (work & layout.WORK_LINGERING) !== 0;
      const deaf = state >= layout.STATE_FAILED || tx.error !== 0 || draining;
      if (!deaf) violated('bytes are dropped only after an error', { handle, result, state });
    }
    if (taken > 0) this.watchers.bytes.took(handle, bytes);
  }

  private live({ record, generation }: Handle): boolean {
    if (record < 0 || record >= this.harness.memory.limits.connections) return false;
    return this.harness.record({ record, generation }).generation === generation;
  }

  private startTimer(): void {
    const { random } = this;
    const delay = random.pick([1, 1000, random.size(500_000_000), 2 ** 33, random.size(2 ** 40)]);
    const repeat = random.chance(0.3);
    const timer = this.harness.timer(delay, repeat);
    if (timer.record < 0) return;
    this.watchers.timers.start(timer, delay, repeat);
    this.timers.push(timer);
    if (this.timers.length > 400) this.timers.splice(0, 200);
  }

  private cancel(timer: Handle): void {
    const result = this.harness.core.timerCancel(timer.record, timer.generation);
    const expected = this.watchers.timers.cancel(timer) ? layout.CALL_TAKEN : layout.CALL_NO_TIMER;
    if (result !== expected) violated('only a living timer can be cancelled', { timer, result });
  }
}
