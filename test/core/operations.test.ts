import * as layout from '../../assembly/layout';
import type { Completion } from '../support/arrivals';
import {
  type Answerer,
  CoreHarness,
  type Event,
  type Handle,
  type Stepped,
} from '../support/core-harness';

const { TASK_READ, TASK_WRITE, TASK_SYNC, ERROR_AGAIN, ERROR_CANCELED, ERROR_IN_PROGRESS } = layout;
const ANNOUNCEMENT: Event = {
  record: layout.RECORD_COMPLETIONS,
  generation: 0,
  ready: layout.READY_IN,
};
const EIO = 5;

/** Everything is answered later, as `landed` says. */
function later(landed: Completion[]): Answerer {
  return ({ operation, length, ...submission }) => {
    if (operation === 'operate') return -ERROR_IN_PROGRESS;
    if (operation === 'announced') return landed.length > 0 ? landed.length : -ERROR_AGAIN;
    if (operation !== 'collect') return undefined;
    return (room) => {
      const answer = room.completions({ operation, length, ...submission }, landed);
      landed.splice(0, answer.taken);
      return answer.length;
    };
  };
}

function completion({ record, generation }: Handle, result: number, bytes?: Buffer): Completion {
  return { operation: record, generation, result, ...(bytes ? { bytes } : {}) };
}

/** The announcement, and what follows from it. */
function announced(core: CoreHarness, answer: Answerer): Stepped[] {
  return [core.step({ answer, events: [ANNOUNCEMENT] }), ...core.quiesce({ answer })];
}

function told(steps: { deliveries: readonly { kind: string }[] }[]): string[] {
  return steps.flatMap(({ deliveries }) => deliveries.map(({ kind }) => kind));
}

describe('operations', () => {
  test('R4.21: a short read is asked on, until all is there', () => {
    const core = new CoreHarness();
    const file = core.file();
    const asked: number[] = [];
    const answer: Answerer = ({ operation, length }) => {
      if (operation !== 'operate') return undefined;
      asked.push(length);
      return Buffer.alloc(Math.min(length, 3), 'x');
    };
    core.operate(file, TASK_READ, 100, 8);
    const steps = core.quiesce({ answer });
    expect(asked).toEqual([8, 5, 2]);
    expect(told(steps)).toEqual(['part', 'part', 'done']);
    const brought = steps.flatMap(({ deliveries }) => deliveries.map(({ length }) => length));
    expect(brought).toEqual([3, 3, 2]);
    expect(core.count(layout.COUNTER_OPERATIONS_SHORT)).toBe(2);
  });

  test('R4.21: the end of the file ends a read with what there was', () => {
    const core = new CoreHarness();
    const answers = [Buffer.alloc(5), 0];
    core.operate(core.file(), TASK_READ, 0, 100);
    const steps = core.quiesce({
      answer: ({ operation }) => (operation === 'operate' ? answers.shift() : undefined),
    });
    const done = steps.flatMap(({ deliveries }) => deliveries).at(-1);
    expect(told(steps)).toEqual(['part', 'done']);
    expect(done).toMatchObject({ value: 0, length: 0, address: 0 });
  });

  test('R4.21: a short write goes on behind what was written, at its place in the file', () => {
    const core = new CoreHarness();
    const seen: { bytes: string; offset: number }[] = [];
    core.operate(core.file(), TASK_WRITE, 2 ** 33 + 5, Buffer.from('abcdef'));
    const steps = core.quiesce({
      answer(submission) {
        if (submission.operation !== 'operate') return undefined;
        const { address, length, argument } = submission;
        const task = core.word(layout.OPERATIONS_BASE) + argument * layout.TASK_SIZE;
        const offset = Number(core.long(task + layout.TASK_OFFSET));
        seen.push({ bytes: core.bytes({ address, length }).toString(), offset });
        return Math.min(length, 4);
      },
    });
    expect(seen).toEqual([
      { bytes: 'abcdef', offset: 2 ** 33 + 5 },
      { bytes: 'ef', offset: 2 ** 33 + 9 },
    ]);
    expect(steps.flatMap(({ deliveries }) => deliveries).at(-1)).toMatchObject({ length: 6 });
  });

  test('an error ends an operation, and the file lives on', () => {
    const core = new CoreHarness();
    const file = core.file();
    core.operate(file, TASK_SYNC, 0, 0);
    const steps = core.quiesce({
      answer: ({ operation }) => (operation === 'operate' ? -EIO : undefined),
    });
    expect(steps.flatMap(({ deliveries }) => deliveries)).toMatchObject([{ value: EIO }]);
    expect(core.record(file).state).toBe(layout.STATE_OPEN);
  });

  test('R4.22: the host holds no more than it may; the others wait in order', () => {
    const core = new CoreHarness({ limits: { tasksInFlight: 4, tasks: 2000 } });
    const file = core.file();
    const asked = Array.from({ length: 1000 }, (_, place) =>
      core.operate(file, TASK_READ, place, 1),
    );
    const landed: Completion[] = [];
    const flying: number[] = [];
    const order: number[] = [];
    let most = 0;
    const answers = later(landed);
    const answer: Answerer = (submission) => {
      if (submission.operation === 'operate') {
        flying.push(submission.argument);
        most = Math.max(most, flying.length);
      }
      return answers(submission);
    };
    while (order.length < asked.length) {
      const news = landed.length > 0 ? [ANNOUNCEMENT] : [];
      const { deliveries } = core.step({ answer, events: news });
      for (const { kind, handlers } of deliveries) if (kind === 'done') order.push(handlers);
      if (landed.length > 0 || core.word(layout.STATE_EXPECTED) > 0) continue;
      for (const operation of flying.splice(0)) {
        landed.push(completion(asked[operation] as Handle, 1, Buffer.from('x')));
      }
    }
    expect(most).toBe(4);
    expect(order).toEqual(asked.map(({ record }) => record));
  });

  test('a host without room is asked again when something has come back, and not before', () => {
    const core = new CoreHarness();
    const file = core.file();
    const first = core.operate(file, TASK_READ, 0, 1);
    const landed: Completion[] = [];
    const answers = later(landed);
    let room = 1;
    let refused = 0;
    const answer: Answerer = (submission) => {
      if (submission.operation === 'operate' && room-- <= 0) {
        refused++;
        return -ERROR_AGAIN;
      }
      return answers(submission);
    };
    core.operate(file, TASK_READ, 1, 1);
    core.quiesce({ answer });
    expect(refused).toBe(1);
    room = 1;
    expect(told(core.quiesce({ answer }))).toEqual([]);
    landed.push(completion(first, 1, Buffer.from('x')));
    expect(told(announced(core, answer))).toContain('done');
    expect(core.count(layout.COUNTER_OPERATIONS_REFUSED)).toBe(1);
    expect(core.word(layout.OPERATIONS_FLYING)).toBe(1);
  });

  test('those that the host had no room for keep their order', () => {
    const core = new CoreHarness();
    const file = core.file();
    const asked = [0, 1, 2, 3, 4].map((offset) => core.operate(file, TASK_READ, offset, 1).record);
    const order: number[] = [];
    let refusing = true;
    const answer: Answerer = ({ operation, argument }) => {
      if (operation !== 'operate') return undefined;
      if (refusing) return -ERROR_AGAIN;
      order.push(argument);
      return Buffer.from('x');
    };
    core.step({ answer });
    core.step({ answer });
    refusing = false;
    core.quiesce({ answer });
    expect(order).toEqual(asked);
  });

  test('a file closes when its operations are done; destroyed, those that wait are cancelled', () => {
    const core = new CoreHarness({ limits: { tasksInFlight: 1 } });
    const file = core.file();
    const flying = core.operate(file, TASK_READ, 0, 1);
    core.operate(file, TASK_READ, 1, 1);
    const landed: Completion[] = [];
    const answer = later(landed);
    core.quiesce({ answer });
    core.destroy(file);
    const steps = core.quiesce({ answer });
    const cancelled = steps.flatMap(({ deliveries }) => deliveries);
    expect(cancelled).toMatchObject([{ kind: 'done', value: ERROR_CANCELED }]);
    expect(core.record(file).state).toBe(layout.STATE_FAILED);
    landed.push(completion(flying, 1, Buffer.from('x')));
    expect(told(announced(core, answer))).toEqual(['done', 'close']);
  });

  test('a completion for an earlier owner of its place is counted and dropped', () => {
    const core = new CoreHarness();
    const asked = core.operate(core.file(), TASK_READ, 0, 1);
    const landed = [completion({ ...asked, generation: asked.generation - 1 }, 0)];
    const answer = later(landed);
    core.step({ answer });
    expect(told(announced(core, answer))).toEqual([]);
    expect(core.count(layout.COUNTER_COMPLETIONS_STALE)).toBe(1);
  });

  test('what does not fit is refused by name, and takes nothing', () => {
    const core = new CoreHarness({ limits: { tasks: 1 } });
    const file = core.file();
    const connection = core.connection();
    expect(core.operate(connection, TASK_READ, 0, 1).record).toBe(layout.CALL_WRONG_KIND);
    expect(core.operate(file, 99, 0, 1).record).toBe(layout.CALL_WRONG_KIND);
    expect(core.operate(file, TASK_READ, 0, 1).record).toBe(0);
    expect(core.operate(file, TASK_READ, 0, 1).record).toBe(layout.CALL_NO_OPERATION);
    core.close(file);
    expect(core.operate(file, TASK_READ, 0, 1).record).toBe(layout.CALL_CLOSED);
    core.quiesce();
    expect(core.operate(file, TASK_READ, 0, 1).record).toBe(layout.CALL_STALE);
    expect(core.word(layout.OPERATIONS_USED)).toBe(0);
  });

  test('R4.28: with a thousand busy sockets and a vector of eight, completions wait two turns', () => {
    const core = new CoreHarness({ limits: { events: 8, connections: 1100 } });
    const sockets = Array.from({ length: 1000 }, () => core.connection());
    const file = core.file();
    let asked = core.operate(file, TASK_READ, 0, 1);
    const landed: Completion[] = [];
    const answers = later(landed);
    const answer: Answerer = (submission) =>
      submission.operation === 'receive' ? Buffer.from('ping') : answers(submission);
    let waited = 0;
    let done = 0;
    let next = 0;
    for (let turn = 0; turn < 200; turn++) {
      // The set reports in the order of readiness: the announcement came before these eight.
      const news = landed.length > 0 && waited === 0 ? [ANNOUNCEMENT] : [];
      const events: Event[] = [...news];
      while (events.length < 8) {
        events.push({ ...(sockets[next++ % 1000] as Handle), ready: layout.READY_IN });
      }
      const { deliveries } = core.step({
        answer,
        events,
        during: ({ deliveries: heard }) => {
          if (!heard.some(({ kind }) => kind === 'done')) return;
          asked = core.operate(file, TASK_READ, 0, 1);
        },
      });
      if (deliveries.some(({ kind }) => kind === 'done')) {
        done++;
        expect(waited).toBeLessThanOrEqual(2);
        waited = 0;
      } else if (landed.length > 0 || waited > 0) waited++;
      if (core.word(layout.OPERATIONS_FLYING) === 1 && landed.length === 0 && waited === 0) {
        landed.push(completion(asked, 1, Buffer.from('x')));
      }
    }
    expect(done).toBeGreaterThan(40);
  });
});
