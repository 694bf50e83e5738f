// Triggers in the core: when `change` is delivered again. The record is current whatever they say.
import * as layout from '../../assembly/layout';
import { CoreHarness, type Event, type Handle, type Stepped } from '../support/core-harness';

const { READY_IN, READY_END, WORK_LEVEL, WORK_ONE_SHOT, WORK_DISPATCH } = layout;

/** A connection that leaves what comes in the kernel, and hears of `change`. */
function waiting(harness: CoreHarness, mode: number): Handle {
  const handle = harness.connection({ wants: layout.WANTS_CHANGE | layout.WANTS_END });
  harness.read(handle, 0);
  harness.trigger(handle, mode);
  harness.quiesce();
  return handle;
}

function told({ deliveries }: Stepped): number {
  return deliveries.filter(({ kind }) => kind === 'change').length;
}

/** How often `change` is told in each turn: first an event, then turns without one. */
function heard(harness: CoreHarness, event: Event, turns = 4): number[] {
  return Array.from({ length: turns }, (_, turn) =>
    told(harness.step(turn === 0 ? { events: [event] } : {})),
  );
}

function portable(): CoreHarness {
  return new CoreHarness({ format: 'portable' });
}

test('R0.11: edge tells once for each change', () => {
  const harness = portable();
  const handle = waiting(harness, 0);
  expect(heard(harness, { ...handle, ready: READY_IN, available: 5 })).toEqual([1, 0, 0, 0]);
  expect(harness.busy).toBe(false);
  expect(heard(harness, { ...handle, ready: READY_IN, available: 9 })).toEqual([1, 0, 0, 0]);
});

test('R0.11 R3.18: level tells in every turn while something waits, and asks for the next', () => {
  const harness = portable();
  const handle = waiting(harness, WORK_LEVEL);
  expect(heard(harness, { ...handle, ready: READY_IN, available: 5 })).toEqual([1, 1, 1, 1]);
  expect(harness.busy).toBe(true);
  // Taken, and it is quiet.
  harness.step({ during: () => harness.read(handle, layout.APPETITE_UNLIMITED) });
  const steps = harness.quiesce({
    answer: ({ operation }) => (operation === 'receive' ? Buffer.from('hello') : undefined),
  });
  expect(steps.length).toBeLessThan(5);
  expect(told(harness.step())).toBe(0);
});

test('R0.11: level tells of an end that nobody took, and no more once it was taken', () => {
  const harness = portable();
  const handle = waiting(harness, WORK_LEVEL);
  const end = { ...handle, ready: READY_IN | READY_END, available: 0 };
  expect(heard(harness, end)).toEqual([1, 1, 1, 1]);
  harness.step({ during: () => harness.read(handle, layout.APPETITE_UNLIMITED) });
  harness.step({ answer: ({ operation }) => (operation === 'receive' ? 0 : undefined) });
  expect(told(harness.step())).toBe(0);
  expect(harness.busy).toBe(false);
});

test('R0.11: one-shot tells once, and again only when the trigger is set again', () => {
  const harness = portable();
  const handle = waiting(harness, WORK_ONE_SHOT);
  expect(heard(harness, { ...handle, ready: READY_IN, available: 5 })).toEqual([1, 0, 0, 0]);
  expect(heard(harness, { ...handle, ready: READY_IN, available: 9 })).toEqual([0, 0, 0, 0]);
  expect(harness.record(handle).rx.available).toBe(9);
  harness.enable(handle);
  expect(told(harness.step())).toBe(0);
  harness.trigger(handle, WORK_ONE_SHOT);
  expect(told(harness.step())).toBe(1);
  expect(told(harness.step())).toBe(0);
});

test('R0.11: dispatch tells once, and when it is enabled at once if something waits', () => {
  const harness = portable();
  const handle = waiting(harness, WORK_DISPATCH);
  expect(heard(harness, { ...handle, ready: READY_IN, available: 5 })).toEqual([1, 0, 0, 0]);
  expect(heard(harness, { ...handle, ready: READY_IN, available: 9 })).toEqual([0, 0, 0, 0]);
  harness.step({ during: () => harness.enable(handle) });
  expect(harness.busy).toBe(true);
  expect(told(harness.step())).toBe(1);
  // Nothing is left: it waits for the next event.
  harness.step({ events: [{ ...handle, ready: READY_IN, available: 0 }] });
  harness.enable(handle);
  expect(told(harness.step())).toBe(0);
  expect(harness.busy).toBe(false);
  expect(heard(harness, { ...handle, ready: READY_IN, available: 1 })).toEqual([1, 0, 0, 0]);
});

test('R0.11: enabling what waits already makes no second `change`', () => {
  const harness = portable();
  const handle = waiting(harness, WORK_DISPATCH);
  harness.enable(handle);
  harness.enable(handle);
  expect(heard(harness, { ...handle, ready: READY_IN, available: 5 })).toEqual([1, 0, 0, 0]);
});

test('R0.11: sources of one program have triggers of their own', () => {
  const harness = portable();
  const handles = [0, WORK_LEVEL, WORK_ONE_SHOT, WORK_DISPATCH].map((mode) =>
    waiting(harness, mode),
  );
  const counts = new Map(handles.map(({ record }) => [record, 0]));
  const rounds = [2, 3, 0, 4, 0];
  for (const available of rounds) {
    const events = handles.map((handle) => ({ ...handle, ready: READY_IN, available }));
    for (const { record, kind } of harness.step({ events }).deliveries) {
      if (kind === 'change') counts.set(record, (counts.get(record) ?? 0) + 1);
    }
  }
  // Edge: each change, also back to nothing. Level: the same, since each turn changed something.
  expect([...counts.values()]).toEqual([5, 5, 1, 1]);
  for (const handle of handles) expect(harness.record(handle).rx.available).toBe(0);
});

test('R0.11: a listener has a trigger too, and what it accepts inherits it', () => {
  const harness = portable();
  const wants = layout.WANTS_LISTENER_CHANGE | layout.WANTS_CHANGE;
  const listener = harness.listener({ wants });
  harness.read(listener, 0);
  harness.trigger(listener, WORK_LEVEL);
  harness.quiesce();
  const waits = { ...listener, ready: READY_IN };
  const sampled = { answer: () => ({ result: 2, extra: layout.UNKNOWN }) };
  expect(told(harness.step({ events: [waits] }))).toBe(1);
  expect([told(harness.step(sampled)), told(harness.step()), told(harness.step())]).toEqual([
    1, 1, 1,
  ]);
  harness.step({ during: () => harness.read(listener, 1) });
  const { deliveries } = harness.step({ answer: () => 0 });
  const child = deliveries.find(({ kind }) => kind === 'open') as Handle;
  expect(harness.record(child).work & WORK_LEVEL).toBe(WORK_LEVEL);
});

test('R0.11: a trigger set by the last handler of a connection disturbs nobody', () => {
  for (const mode of [WORK_LEVEL, WORK_DISPATCH]) {
    const harness = portable();
    const handle = waiting(harness, mode);
    harness.step({ events: [{ ...handle, ready: READY_IN, available: 5 }] });
    harness.step({ during: () => harness.destroy(handle) });
    harness.step({
      during: ({ deliveries }) => {
        if (deliveries.some(({ kind }) => kind === 'close')) harness.trigger(handle, mode);
      },
    });
    harness.quiesce();
    expect(harness.word(layout.RECORDS_USED)).toBe(0);
    expect(harness.trigger(handle, mode)).toBe(layout.CALL_STALE);
    expect(harness.enable(handle)).toBe(layout.CALL_STALE);
  }
});
