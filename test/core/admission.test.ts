// Admission: a listener that lets in so many at once, and leaves the others in the backlog.
import * as layout from '../../assembly/layout';
import { CoreHarness, type Event, type Handle } from '../support/core-harness';

const { READY_IN } = layout;

/** A kernel with a backlog: it counts who waits, and lets in who is accepted. */
class Door {
  readonly harness = new CoreHarness();
  readonly listener: Handle = this.harness.listener();
  waiting = 0;
  readonly inside: Handle[] = [];

  admit(most: number): number {
    const { record, generation } = this.listener;
    return this.harness.core.option(record, generation, layout.SOCKET_ADMIT, most);
  }

  knock(people: number): void {
    this.waiting += people;
    this.run([{ ...this.listener, ready: READY_IN }]);
  }

  leave(): void {
    this.harness.destroy(this.inside.shift() as Handle);
    this.run();
  }

  /** Until all is quiet; fails when it never is. */
  run(events: readonly Event[] = []): void {
    let heard = events;
    for (let turn = 0; turn === 0 || this.harness.busy; turn++) {
      expect(turn).toBeLessThan(50);
      const { deliveries } = this.harness.step({
        events: heard,
        answer: ({ operation }) => {
          if (operation === 'sample') return { result: this.waiting, extra: layout.UNKNOWN };
          if (operation !== 'accept') return undefined;
          if (this.waiting === 0) return -layout.ERROR_AGAIN;
          this.waiting--;
          return 0;
        },
      });
      heard = [];
      this.inside.push(...deliveries.filter(({ kind }) => kind === 'open'));
    }
  }
}

describe('admission', () => {
  test('R0.24: so many are let in, the others wait, and for each that leaves one comes in', () => {
    const door = new Door();
    expect(door.admit(3)).toBe(layout.CALL_TAKEN);
    door.knock(5);
    expect(door.inside).toHaveLength(3);
    expect(door.waiting).toBe(2);
    expect(door.harness.record(door.listener).rx.available).toBe(2);
    // Who knocks at a full house is counted, and nothing spins.
    door.knock(1);
    expect(door.waiting).toBe(3);
    door.leave();
    expect([door.inside.length, door.waiting]).toEqual([3, 2]);
    door.leave();
    door.leave();
    expect([door.inside.length, door.waiting]).toEqual([3, 0]);
    door.leave();
    door.knock(2);
    expect([door.inside.length, door.waiting]).toEqual([3, 1]);
  });

  test('R0.24: the bound holds with an unknown backlog, and beside an appetite', () => {
    const door = new Door();
    door.admit(3);
    door.harness.read(door.listener, 2);
    door.knock(9);
    expect(door.inside).toHaveLength(2);
    door.harness.read(door.listener, layout.APPETITE_UNLIMITED);
    door.run();
    expect(door.inside).toHaveLength(3);
    const blind = new Door();
    blind.admit(2);
    const answer = ({ operation }: { operation: string }) =>
      operation === 'sample' ? { result: layout.UNKNOWN, extra: layout.UNKNOWN } : 0;
    const steps = [{ events: [{ ...blind.listener, ready: READY_IN }] }, {}, {}, {}];
    const accepts = steps
      .flatMap((step) => blind.harness.step({ ...step, answer }).submissions)
      .filter(({ operation }) => operation === 'accept');
    expect(accepts).toHaveLength(2);
  });

  test('R0.24: the bound can be changed; who is in stays in', () => {
    const door = new Door();
    door.knock(3);
    expect(door.inside).toHaveLength(3);
    door.admit(1);
    door.knock(2);
    expect([door.inside.length, door.waiting]).toEqual([3, 2]);
    door.leave();
    door.leave();
    expect([door.inside.length, door.waiting]).toEqual([1, 2]);
    door.admit(0);
    door.run();
    expect([door.inside.length, door.waiting]).toEqual([3, 0]);
  });

  test('R0.24: an accept that brought nobody takes no place', () => {
    const door = new Door();
    door.admit(1);
    door.knock(1);
    door.leave();
    // The count said one, who was gone when it was accepted.
    door.harness.step({ events: [{ ...door.listener, ready: READY_IN }] });
    door.harness.step({ answer: () => ({ result: 1, extra: layout.UNKNOWN }) });
    door.run();
    door.knock(1);
    expect(door.inside).toHaveLength(1);
  });

  test('R0.24: connections of a listener that is gone do not count at who has its record', () => {
    const door = new Door();
    door.admit(2);
    door.knock(2);
    const { harness, listener } = door;
    harness.close(listener);
    door.run();
    const next = harness.listener();
    expect(next.record).toBe(listener.record);
    const reborn = Object.assign(new Door(), { harness, listener: next }) as Door;
    reborn.admit(1);
    reborn.knock(2);
    expect([reborn.inside.length, reborn.waiting]).toEqual([1, 1]);
    door.leave();
    door.leave();
    reborn.run();
    expect([reborn.inside.length, reborn.waiting]).toEqual([1, 1]);
    reborn.leave();
    expect([reborn.inside.length, reborn.waiting]).toEqual([1, 0]);
  });

  test('R0.24: only listeners admit', () => {
    const harness = new CoreHarness();
    const { record, generation } = harness.connection();
    const result = harness.core.option(record, generation, layout.SOCKET_ADMIT, 1);
    expect(result).toBe(layout.CALL_WRONG_KIND);
  });
});
