// Fences: read last, told first, whatever happens between.
import * as layout from '../../assembly/layout';
import {
  type Answer,
  CoreHarness,
  type Handle,
  type HarnessOptions,
} from '../support/core-harness';
import type { Submission } from '../support/core-views';

const { READY_IN, WANTS_FENCE } = layout;

/** inotify(7): a change without a name. */
const CHANGE = new Uint8Array(layout.PATH_HEAD);

function fenceOf(harness: CoreHarness): Handle {
  return harness.openSource(layout.KIND_PATH, { argument: layout.PATH_SET, wants: WANTS_FENCE });
}

function bench(options: HarnessOptions = {}): {
  harness: CoreHarness;
  fence: Handle;
  one: Handle;
  other: Handle;
} {
  const harness = new CoreHarness(options);
  const fence = fenceOf(harness);
  const one = harness.connection();
  const other = harness.connection();
  return { harness, fence, one, other };
}

function reads(submissions: readonly Submission[]): number[] {
  return submissions.filter(({ operation }) => operation === 'receive').map(({ record }) => record);
}

/** Connections get some bytes, the fence this. */
function answering(fence: Handle, told: Answer): (submission: Submission) => Answer | undefined {
  return ({ operation, record }) => {
    if (operation !== 'receive') return undefined;
    return record === fence.record ? told : new Uint8Array(10);
  };
}

function heard({ deliveries }: { deliveries: { kind: string; record: number; length: number }[] }) {
  return deliveries.map(({ kind, record, length }) => `${kind} ${record} ${length}`);
}

describe('fences', () => {
  test('a fence is read behind everything else, and only when something else is read', () => {
    const { harness, fence, one, other } = bench();
    expect(reads(harness.step().submissions)).toEqual([]);
    const events = [one, other].map((handle) => ({ ...handle, ready: READY_IN }));
    expect(reads(harness.step({ events }).submissions)).toEqual([
      one.record,
      other.record,
      fence.record,
    ]);
    expect(reads(harness.step().submissions)).toEqual([]);
    // Its own news is reason enough.
    const news = [{ ...fence, ready: READY_IN }];
    expect(reads(harness.step({ events: news }).submissions)).toEqual([fence.record]);
    // Who reads on without an event is followed by it as well.
    const both = harness.step({ events, during: () => harness.read(one, 5) });
    expect(reads(both.submissions).at(-1)).toBe(fence.record);
  });

  test('what it tells comes before what was read in front of it', () => {
    const { harness, fence, one, other } = bench();
    harness.step({ events: [one, other].map((handle) => ({ ...handle, ready: READY_IN })) });
    const turn = harness.step({ answer: answering(fence, CHANGE) });
    expect(heard(turn)).toEqual([
      `data ${fence.record} ${CHANGE.length}`,
      `data ${one.record} 10`,
      `data ${other.record} 10`,
    ]);
    expect(harness.bytes(turn.deliveries[0] as never).equals(CHANGE)).toBe(true);
  });

  test('where it could not be read to its end it says that something may have happened', () => {
    const { harness, fence, one } = bench({ limits: { readBytes: 65536, readSegments: 4 } });
    const events = [{ ...one, ready: READY_IN }];
    harness.step({ events });
    // It leaves no room for another batch.
    const full = Buffer.alloc(65536 - layout.BATCH_ROOM + layout.PATH_HEAD);
    const turn = harness.step({ answer: answering(fence, full) });
    expect(heard(turn)).toEqual([
      `data ${fence.record} 0`,
      `data ${fence.record} ${full.length}`,
      `data ${one.record} 10`,
    ]);
    // There is more of it: it is read again, though nothing else is.
    expect(reads(turn.submissions)).toEqual([fence.record]);
    harness.step({ events, answer: answering(fence, -layout.ERROR_AGAIN) });
    const without = harness.step({ answer: answering(fence, -layout.ERROR_NO_BUFFERS) });
    expect(heard(without)).toEqual([`data ${fence.record} 0`, `data ${one.record} 10`]);
    harness.step({ events });
    const failed = harness.step({ answer: answering(fence, -layout.ERROR_INVALID) });
    expect(heard(failed).slice(0, 2)).toEqual([`data ${fence.record} 0`, `data ${one.record} 10`]);
    expect(heard(failed)[2]).toMatch(`error ${fence.record} `);
  });

  test('there may be several; one that is closed is read no more, and its place is free', () => {
    const { harness, fence, one } = bench();
    const second = fenceOf(harness);
    harness.quiesce();
    const events = [{ ...one, ready: READY_IN }];
    const before = reads(harness.step({ events }).submissions);
    expect(before).toEqual([one.record, second.record, fence.record]);
    harness.step({ during: () => harness.close(fence) });
    harness.quiesce();
    expect(reads(harness.step({ events }).submissions)).toEqual([one.record, second.record]);
    const plain = harness.connection();
    expect(plain.record).toBe(fence.record);
    const last = harness.step({ events: [...events, { ...plain, ready: READY_IN }] });
    expect(reads(last.submissions)).toEqual([one.record, plain.record, second.record]);
  });

  test('each has an entry of the queue that others leave alone; without one there is none', () => {
    const tight = new CoreHarness({ limits: { operations: 8 } });
    expect(fenceOf(tight).record).toBe(layout.CALL_NO_RECORD);
    const harness = new CoreHarness({ limits: { operations: 10 } });
    const fence = fenceOf(harness);
    const second = fenceOf(harness);
    expect(fenceOf(harness).record).toBe(layout.CALL_NO_RECORD);
    const listener = harness.listener();
    const connections = Array.from({ length: 6 }, () => harness.connection());
    const file = harness.file();
    for (let round = 0; round < 20; round++) {
      const events = [...connections, listener].map((handle) => ({ ...handle, ready: READY_IN }));
      const { submissions } = harness.step({
        events,
        answer: ({ operation }) => (operation === 'sample' ? { result: 9, extra: 0 } : undefined),
        during() {
          for (let place = 0; place < 8; place++) harness.operate(file, layout.TASK_STAT, 0, 8);
        },
      });
      const read = reads(submissions);
      if (read.length > 0) expect(read.slice(-2)).toEqual([second.record, fence.record]);
    }
  });
});
