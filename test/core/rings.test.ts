// Completions of io_uring: what each kind means for a record, and bytes that the host received
// ahead, in segments of its own.
import * as layout from '../../assembly/layout';
import { type Completed, SOCK_NONEMPTY } from '../support/completed';
import { CoreHarness, type Handle } from '../support/core-harness';
import type { Submission } from '../support/core-views';
import { LentSegments } from '../support/lent-segments';

const { RING_READINESS, RING_ROOM, RING_RECEIVE, RING_ACCEPT, RING_OPERATION, RING_WAKE } = layout;
const { READY_IN, SETTING_LEND, EXACTNESS_EXACT, EXACTNESS_LOWER_BOUND } = layout;
const POLLIN = 1;
const POLLOUT = 4;
const POLLERR = 8;
const ENOBUFS = layout.ERROR_NO_BUFFERS;
const ECANCELED = layout.ERROR_CANCELED;
const ECONNRESET = layout.ERROR_CONNECTION_RESET;
const EMFILE = layout.ERROR_TOO_MANY_FILES;

function harnessed(settings = SETTING_LEND): CoreHarness {
  return new CoreHarness({ format: 'ring', settings });
}

function event(handle: Handle, completed: Completed): Handle & { ready: 0; completed: Completed } {
  return { record: handle.record, generation: handle.generation, ready: 0, completed };
}

function flagsOf(harness: CoreHarness, { at }: Submission): number {
  return harness.memory.bytes[at + layout.SUBMISSION_FLAGS] as number;
}

/** What the end of a turn with this completion asks for. */
function asked(harness: CoreHarness, handle: Handle, completed: Completed): string[] {
  const { submissions } = harness.step({ events: [event(handle, completed)] });
  return submissions.map(({ operation }) => operation);
}

describe('what a completion means', () => {
  test.each([
    ['readiness of input', { kind: RING_READINESS, result: POLLIN }, ['receive']],
    ['readiness of nothing that matters', { kind: RING_READINESS, result: POLLOUT }, []],
    ['a poll that failed', { kind: RING_READINESS, result: -9 }, ['close']],
    ['a poll for room that failed', { kind: RING_ROOM, result: -9 }, ['close']],
    ['a receive', { kind: RING_RECEIVE, result: 10 }, ['receive']],
    ['the end', { kind: RING_RECEIVE, result: 0, flags: SOCK_NONEMPTY }, ['receive']],
    ['what may be the end', { kind: RING_RECEIVE, result: 0 }, ['receive']],
    ['a reset', { kind: RING_RECEIVE, result: -ECONNRESET }, ['receive']],
    ['a receive without a buffer', { kind: RING_RECEIVE, result: -ENOBUFS }, ['receive']],
    ['a receive that was taken back', { kind: RING_RECEIVE, result: -ECANCELED }, []],
    ['a poll that was taken back', { kind: RING_READINESS, result: -ECANCELED }, []],
    ["the host's own wake-up", { kind: RING_WAKE, result: -62 }, []],
  ])('of %s', (_what, completed, expected) => {
    const harness = harnessed();
    const connection = harness.connection();
    expect(asked(harness, connection, completed)).toEqual(expected);
  });

  test('the record tells how much was received, and how exactly', () => {
    const harness = harnessed();
    const connection = harness.connection({ wants: layout.WANTS_CHANGE });
    harness.step({ during: () => harness.read(connection, 0) });
    const completed = { kind: RING_RECEIVE, result: 10 };
    harness.step({ events: [event(connection, completed)] });
    expect(harness.record(connection).rx).toMatchObject({
      available: 10,
      exactness: EXACTNESS_EXACT,
    });
    // More than that: how much, a second completion does not say of both.
    harness.step({ events: [event(connection, completed)] });
    expect(harness.record(connection).rx).toMatchObject({
      available: 10,
      exactness: EXACTNESS_LOWER_BOUND,
    });
  });

  test('what the kernel still has makes it a lower bound', () => {
    const harness = harnessed();
    const connection = harness.connection();
    harness.step({ during: () => harness.read(connection, 0) });
    const completed = { kind: RING_RECEIVE, result: 10, flags: SOCK_NONEMPTY };
    harness.step({ events: [event(connection, completed)] });
    expect(harness.record(connection).rx.exactness).toBe(EXACTNESS_LOWER_BOUND);
  });

  test('room to send lets a blocked send go on, and so does an error', () => {
    for (const result of [POLLOUT, POLLERR]) {
      const harness = harnessed();
      const connection = harness.connection();
      harness.write(connection, 'x');
      harness.step();
      harness.step({ answer: () => -layout.ERROR_AGAIN });
      expect(asked(harness, connection, { kind: RING_ROOM, result })).toContain('send');
    }
  });

  test('bytes in front of an error are read before it', () => {
    const harness = harnessed();
    const connection = harness.connection();
    harness.step({
      events: [
        event(connection, { kind: RING_RECEIVE, result: 6 }),
        event(connection, { kind: RING_RECEIVE, result: -ECONNRESET }),
      ],
    });
    const first = harness.step({ answer: () => new Uint8Array(6) });
    expect(first.deliveries).toMatchObject([{ kind: 'data', length: 6 }]);
    const second = harness.step({ answer: () => -ECONNRESET });
    expect(second.deliveries).toMatchObject([{ kind: 'error', value: ECONNRESET }]);
  });

  test('connections that were accepted are counted, and nobody asks how many wait', () => {
    const harness = harnessed();
    const listener = harness.listener();
    const accepted = event(listener, { kind: RING_ACCEPT, result: 7, flags: 2 });
    const { submissions } = harness.step({ events: [accepted, accepted, accepted] });
    expect(submissions.map(({ operation }) => operation)).toEqual(['accept', 'accept', 'accept']);
    expect(harness.record(listener).rx).toMatchObject({ available: 3, exactness: EXACTNESS_EXACT });
  });

  test('the end is known before it is read, if the kernel is sure of it', () => {
    for (const flags of [SOCK_NONEMPTY, 0]) {
      const harness = harnessed();
      const connection = harness.connection();
      harness.step({ during: () => harness.read(connection, 0) });
      harness.step({ events: [event(connection, { kind: RING_RECEIVE, result: 0, flags })] });
      expect(harness.record(connection).rx.eof).toBe(flags === SOCK_NONEMPTY);
    }
  });

  test('an accept that ended without a word brought nobody', () => {
    const harness = harnessed();
    const completed = { kind: RING_ACCEPT, result: 0, flags: 0 };
    expect(asked(harness, harness.listener(), completed)).toEqual(['sample']);
  });

  test('an accept that failed is looked into, as readiness would be', () => {
    const harness = harnessed();
    const listener = harness.listener();
    expect(asked(harness, listener, { kind: RING_ACCEPT, result: -EMFILE })).toEqual(['sample']);
    // One that was taken back says nothing.
    const other = harnessed();
    const completed = { kind: RING_ACCEPT, result: -ECANCELED };
    expect(asked(other, other.listener(), completed)).toEqual([]);
  });

  test('each operation that is done is one to collect, and none is announced', () => {
    const harness = harnessed();
    const none = { record: 0, generation: 0 };
    const done = event(none, { kind: RING_OPERATION, result: 5 });
    const { submissions } = harness.step({ events: [done, done] });
    expect(submissions.map(({ operation }) => operation)).toEqual(['collect']);
    expect(harness.word(layout.STATE_EXPECTED)).toBe(2);
  });

  test('R0.19: one for an earlier owner is counted and dropped, unless it was taken back', () => {
    const harness = harnessed();
    const { record, generation } = harness.connection();
    const earlier = { record, generation: generation - 1 };
    for (const kind of [RING_READINESS, RING_ROOM, RING_RECEIVE, RING_ACCEPT]) {
      expect(asked(harness, earlier, { kind, result: 1 })).toEqual([]);
      expect(asked(harness, earlier, { kind, result: -ECANCELED })).toEqual([]);
    }
    expect(harness.count(layout.COUNTER_EVENTS_STALE)).toBe(4);
  });

  test('a record of any index, with its sign, is told apart from the kind', () => {
    const harness = harnessed();
    const announcer = { record: layout.RECORD_COMPLETIONS, generation: 0 };
    const completed = { kind: RING_READINESS, result: POLLIN };
    expect(asked(harness, announcer, completed)).toEqual(['announced', 'collect']);
    const wild = { record: 2 ** 23 - 1, generation: 1 };
    expect(asked(harness, wild, completed)).toEqual([]);
  });

  test('no host says what is no kind', () => {
    const harness = harnessed();
    const unknown = event(harness.connection(), { kind: 7, result: 0 });
    expect(() => harness.step({ events: [unknown] })).toThrow(/a completion of no kind/);
  });

  test("an idle watcher does not hear of the host's own affairs", () => {
    const idle = (completed: Completed): boolean => {
      const harness = harnessed();
      const connection = harness.connection();
      harness.core.idleStart(0, 0, 0);
      harness.quiesce();
      harness.core.idleStart(1_000_000_000, 0, 0);
      harness.step();
      const { deliveries } = harness.step({ events: [event(connection, completed)] });
      return deliveries.some(({ kind }) => kind === 'idle');
    };
    expect(idle({ kind: RING_WAKE, result: -62 })).toBe(true);
    expect(idle({ kind: RING_READINESS, result: -ECANCELED })).toBe(true);
    expect(idle({ kind: RING_READINESS, result: POLLIN })).toBe(false);
  });
});

describe('what is asked for ahead', () => {
  test('whatever comes is wanted while the appetite has no bound', () => {
    const harness = harnessed();
    const connection = harness.connection();
    const readable = { ...connection, ready: READY_IN };
    const unlimited = harness.step({ events: [readable] }).submissions[0] as Submission;
    expect(flagsOf(harness, unlimited)).toBe(layout.SUBMISSION_AHEAD);
    const limited = harness.step({
      events: [readable],
      answer: () => -layout.ERROR_AGAIN,
      during: () => harness.read(connection, 100),
    }).submissions[0] as Submission;
    expect(limited).toMatchObject({ operation: 'receive', length: 100 });
    expect(flagsOf(harness, limited)).toBe(0);
  });

  test('every connection is wanted unless the listener has an appetite, or admits so many', () => {
    const accept = (prepare: (harness: CoreHarness, listener: Handle) => void): number[] => {
      const harness = harnessed();
      const listener = harness.listener();
      harness.step({ during: () => prepare(harness, listener) });
      harness.quiesce();
      const accepted = event(listener, { kind: RING_ACCEPT, result: 7 });
      const { submissions } = harness.step({ events: [accepted, accepted] });
      return submissions.map((submission) => flagsOf(harness, submission));
    };
    const { SUBMISSION_AHEAD: ahead, SUBMISSION_LINKED: linked } = layout;
    expect(accept(() => {})).toEqual([ahead, ahead | linked]);
    expect(accept((harness, listener) => harness.read(listener, 2))).toEqual([0, linked]);
    const admits = (harness: CoreHarness, { record, generation }: Handle): number =>
      harness.core.option(record, generation, layout.SOCKET_ADMIT, 5);
    expect(accept(admits)).toEqual([0, linked]);
  });
});

describe('the segments that are lent', () => {
  /** Bytes for a connection that has just been told of them, received where the host likes. */
  function bring(
    harness: CoreHarness,
    lent: LentSegments,
    connection: Handle,
    bytes: Uint8Array,
    during?: (address: number) => void,
  ): void {
    harness.step({
      events: [event(connection, { kind: RING_RECEIVE, result: bytes.length })],
    });
    lent.next();
    const { deliveries } = harness.step({
      answer: (submission) =>
        submission.operation === 'receive'
          ? () => lent.receive(submission, bytes) ?? -ENOBUFS
          : undefined,
      during: ({ deliveries: delivered }) => during?.(delivered[0]?.address ?? 0),
    });
    expect(deliveries).toMatchObject([{ kind: 'data', length: bytes.length }]);
  }

  test('bytes are delivered where they lie, and the core fills only its own', () => {
    const harness = harnessed();
    const lent = new LentSegments(harness.memory);
    const connection = harness.connection();
    const before = harness.word(layout.READ_CURSOR);
    let address = 0;
    bring(harness, lent, connection, Buffer.from('hello'), (at) => {
      address = at;
    });
    expect(address).toBe(lent.address(0));
    expect(harness.word(layout.READ_CURSOR)).toBe(before);
    bring(harness, lent, connection, Buffer.from('again'), (at) => {
      address = at;
    });
    expect(address).toBe(lent.address(0) + 5);
    const total = harness.word(layout.READ_SEGMENTS_MAX);
    const spares = harness.word(layout.SPARE_COUNT);
    const spare = (place: number): number => harness.word(layout.SPARE_LIST + 4 * place);
    expect(spares).toBe(total / 2 - 1);
    for (let place = 0; place < spares; place++) expect(spare(place)).toBeLessThan(total / 2);
  });

  test('what is sent from where it lies holds its segment, until it has left', () => {
    const harness = harnessed();
    const lent = new LentSegments(harness.memory);
    const connection = harness.connection();
    bring(harness, lent, connection, Buffer.from('echo'), (address) => {
      const { record, generation } = connection;
      expect(harness.core.write(record, generation, address, 4, 4)).toBe(layout.CALL_TAKEN);
    });
    expect(lent.references(0)).toBe(1);
    harness.step({ answer: ({ length }) => length });
    expect(lent.references(0)).toBe(0);
  });

  test('in the next turn they are stale', () => {
    const harness = harnessed();
    const lent = new LentSegments(harness.memory);
    const connection = harness.connection();
    let address = 0;
    bring(harness, lent, connection, Buffer.from('echo'), (at) => {
      address = at;
    });
    harness.step();
    const { record, generation } = connection;
    const written = harness.core.write(record, generation, address, 4, 4);
    expect(written).toBe(layout.CALL_STALE_BYTES);
  });

  test('a gap between what one turn brings stops the core', () => {
    const harness = harnessed();
    const lent = new LentSegments(harness.memory);
    const two = [harness.connection(), harness.connection()];
    harness.step({ events: two.map((one) => event(one, { kind: RING_RECEIVE, result: 8 })) });
    lent.next();
    expect(() =>
      harness.step({
        answer: (submission) => () => {
          const received = lent.receive(submission, Buffer.alloc(8)) ?? 0;
          lent.receive({ ...submission, at: harness.word(layout.BOUNCE_BASE) }, Buffer.alloc(1));
          return received;
        },
      }),
    ).toThrow(/with a gap between/);
  });

  test('with debug they are overwritten when their turn has ended', () => {
    const harness = harnessed(SETTING_LEND | layout.SETTING_POISON);
    const lent = new LentSegments(harness.memory);
    bring(harness, lent, harness.connection(), Buffer.from('echo'));
    const at = lent.address(0);
    expect(harness.memory.bytes.subarray(at, at + 5)).toEqual(
      Uint8Array.from([0xdb, 0xdb, 0xdb, 0xdb, 0]),
    );
  });

  test('without the setting the core keeps them all', () => {
    const harness = harnessed(0);
    harness.step();
    const total = harness.word(layout.READ_SEGMENTS_MAX);
    expect(harness.word(layout.SPARE_COUNT)).toBe(total - 1);
  });
});
