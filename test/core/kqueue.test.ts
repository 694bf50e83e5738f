// The core reads vectors of kqueue(2). There is no such kernel here: they come from a simulated one
// (test/support/simulated-kqueue.ts), in every layout that struct kevent has. The mistakes that
// others made are planted, one at a time, to show that they would be noticed.
import * as layout from '../../assembly/layout';
import { KqueueHarness, type KqueueOptions, ownerOf } from '../support/kqueue-harness';
import {
  EV_ADD,
  EV_CLEAR,
  EV_DELETE,
  EV_EOF,
  EV_ERROR,
  EVFILT_PROC,
  EVFILT_READ,
  EVFILT_SIGNAL,
  EVFILT_WRITE,
  type Kevent,
  simulatedFile,
} from '../support/simulated-kqueue';

/** Of 4.4BSD, where they differ from Linux's. */
const BSD_RESET = 54;
const BSD_REFUSED = 61;
const RESET = 104;
const REFUSED = 111;

const LAYOUTS: [name: string, options: KqueueOptions][] = [
  ['32 bytes (macOS, OpenBSD)', { kevents: 'narrow' }],
  ['64 bytes (FreeBSD)', { kevents: 'freebsd' }],
  ['40 bytes (NetBSD)', { kevents: 'wide' }],
];

function event(of: { record: number; generation: number }, more: Partial<Kevent>): Kevent {
  return {
    ident: 9,
    filter: EVFILT_READ,
    flags: EV_CLEAR,
    notes: 0,
    data: 0,
    owner: ownerOf(of),
    ...more,
  };
}

describe.each(LAYOUTS)('kqueue, struct kevent of %s', (_, options) => {
  test('R0.14 R1.6: two filters in the life of a connection, one call for both', () => {
    const harness = new KqueueHarness(options);
    const { fd } = harness.connected();
    expect(harness.kernel.registered).toEqual([`${EVFILT_READ} ${fd}`, `${EVFILT_WRITE} ${fd}`]);
    for (let message = 0; message < 50; message++) {
      const file = harness.kernel.files.get(fd) ?? simulatedFile();
      file.unread += 100;
      harness.kernel.told(fd);
      expect(harness.run()).toMatchObject([{ kind: 'data', length: 100 }]);
    }
    // Nothing was registered anew.
    expect(harness.changes).toEqual([]);
  });

  test('R1.5: `data` of READ is what waits, a lower bound', () => {
    const harness = new KqueueHarness(options);
    const { handle, fd } = harness.connected();
    harness.read(handle, 0);
    const file = harness.kernel.files.get(fd) ?? simulatedFile();
    for (const written of [5, 10, 15]) {
      file.unread = written;
      harness.kernel.told(fd);
      harness.turn();
      const { available, exactness } = harness.record(handle).rx;
      expect([available, exactness]).toEqual([written, layout.EXACTNESS_LOWER_BOUND]);
    }
  });

  test('R1.12: `data` of a listener is its queue, and nobody asks for it once more', () => {
    const harness = new KqueueHarness(options);
    const listener = harness.listener();
    const fd = 90;
    harness.kernel.files.set(fd, { ...simulatedFile('listener'), unread: 5 });
    harness.attach(listener, fd, true);
    const { submissions } = harness.turn();
    expect(harness.record(listener).rx).toMatchObject({
      available: 5,
      exactness: layout.EXACTNESS_EXACT,
    });
    expect(submissions.map(({ operation }) => operation)).toEqual(Array(5).fill('accept'));
  });

  test('`data` of WRITE is believed by nobody', () => {
    const harness = new KqueueHarness(options);
    const { handle } = harness.connected();
    harness.putKevents([event(handle, { filter: EVFILT_WRITE, data: 17 })]);
    harness.core.turn();
    expect(harness.record(handle).tx.space).toBe(layout.UNKNOWN);
    harness.end();
  });

  test('R1.13: what other filters report is input of their source', () => {
    const harness = new KqueueHarness(options);
    for (const [kind, filter, data, available] of [
      [layout.KIND_SIGNAL, EVFILT_SIGNAL, 3, 3],
      [layout.KIND_PROCESS, EVFILT_PROC, 256, 1],
      [layout.KIND_PATH, EVFILT_READ, 4, 1],
      [layout.KIND_DATAGRAM, EVFILT_READ, 70, 1],
    ] as const) {
      const source = harness.openSource(kind, { argument: 1 });
      harness.quiesce();
      harness.putKevents([event(source, { filter, data })]);
      harness.core.turn();
      expect([kind, harness.record(source).rx.available]).toEqual([kind, available]);
      expect(harness.end().map(({ operation }) => operation)).toContain('receive');
      harness.quiesce();
    }
  });

  test('EV_CLEAR missing: unread bytes are reported once; without it in every look', () => {
    const reports = (mistake?: KqueueOptions['mistake']): number => {
      const harness = new KqueueHarness({ ...options, ...(mistake ? { mistake } : {}) });
      const { handle, fd } = harness.connected(mistake === undefined);
      harness.read(handle, 0);
      const file = harness.kernel.files.get(fd) ?? simulatedFile();
      file.unread = 100;
      harness.kernel.told(fd, EVFILT_READ);
      let total = 0;
      for (let looks = 0; looks < 20; looks++) total += harness.turn().events.length;
      expect(harness.record(handle).rx.available).toBe(100);
      return total;
    };
    expect(reports()).toBe(1);
    // And that there is room for sends, which nobody asked for either.
    expect(reports('level')).toBe(40);
  });

  test('two filters in one call: each has a record of its own, or-ed together one is lost', () => {
    const drains = (mistake?: KqueueOptions['mistake']): boolean => {
      const harness = new KqueueHarness({ ...options, ...(mistake ? { mistake } : {}) });
      const { handle, fd } = harness.connected();
      const file = harness.kernel.files.get(fd) ?? simulatedFile();
      file.space = 10;
      harness.write(handle, 'twenty bytes of text');
      harness.run();
      expect(harness.record(handle).tx.queued).toBe(10);
      file.space = 32768;
      harness.kernel.told(fd);
      harness.run();
      return harness.record(handle).tx.queued === 0;
    };
    // -1 | -2 is -1.
    expect(EVFILT_READ | EVFILT_WRITE).toBe(EVFILT_READ);
    expect(drains()).toBe(true);
    expect(drains('both filters in one record')).toBe(false);
  });

  test('a changelist aborting at the first ENOENT: with room for it the others are made', () => {
    const hears = (mistake?: KqueueOptions['mistake']): boolean => {
      const harness = new KqueueHarness({ ...options, ...(mistake ? { mistake } : {}) });
      const handle = harness.connection();
      const fd = 80;
      harness.kernel.files.set(fd, { ...simulatedFile(), unread: 7 });
      const gone = { ident: 70, filter: EVFILT_READ, notes: 0, data: 0, owner: ownerOf(handle) };
      harness.changes.push({ ...gone, flags: EV_DELETE });
      harness.attach(handle, fd);
      const { events } = harness.turn();
      if (!mistake) expect(KqueueHarness.errors(events)).toEqual([2]);
      // Deleting what was not there is what was wanted: nobody hears of it.
      const heard = harness.run();
      expect(harness.record(handle).state).toBe(layout.STATE_OPEN);
      return heard.some(({ kind }) => kind === 'data');
    };
    expect(hears()).toBe(true);
    expect(hears('no room for errors')).toBe(false);
  });

  test('a change that is refused fails its source, with the number that Linux has for it', () => {
    const harness = new KqueueHarness(options);
    const { handle } = harness.connected();
    // ENOBUFS: 55 there, 105 here.
    harness.putKevents([event(handle, { flags: EV_ADD | EV_ERROR, data: 55 })]);
    harness.core.turn();
    expect(harness.record(handle).rx.error).toBe(105);
    expect(harness.record(handle).state).toBe(layout.STATE_FAILED);
  });

  test('the error in `fflags`: a refused connection, though the socket has forgotten', () => {
    for (const mistake of [undefined, 'error told once'] as const) {
      const harness = new KqueueHarness({ ...options, ...(mistake ? { mistake } : {}) });
      const { handle, fd } = harness.connecting();
      expect(harness.run()).toEqual([]);
      const file = harness.kernel.files.get(fd) ?? simulatedFile();
      Object.assign(file, { ended: true, error: BSD_REFUSED });
      harness.kernel.told(fd);
      expect(harness.run()).toMatchObject([
        { kind: 'error', record: handle.record, value: REFUSED },
        { kind: 'close' },
      ]);
    }
  });

  test('R1.16: the error in `fflags` stands in the record beside the bytes, and comes after them', () => {
    for (const mistake of [undefined, 'error told once'] as const) {
      const harness = new KqueueHarness({ ...options, ...(mistake ? { mistake } : {}) });
      const { handle, fd } = harness.connected();
      harness.read(handle, 0);
      const file = harness.kernel.files.get(fd) ?? simulatedFile();
      Object.assign(file, { unread: 6, ended: true, error: BSD_RESET });
      harness.kernel.told(fd);
      harness.turn();
      expect(harness.record(handle).rx).toMatchObject({ available: 6, eof: true, error: RESET });
      harness.read(handle, layout.APPETITE_UNLIMITED);
      expect(harness.run()).toMatchObject([
        { kind: 'data', length: 6 },
        { kind: 'error', value: RESET },
        { kind: 'close' },
      ]);
    }
  });

  test('R1.17: EOF with bytes left: both in one record, the bytes first', () => {
    const harness = new KqueueHarness(options);
    const { handle, fd } = harness.connected();
    harness.read(handle, 0);
    const file = harness.kernel.files.get(fd) ?? simulatedFile();
    Object.assign(file, { unread: 12, ended: true });
    harness.kernel.told(fd);
    harness.turn();
    expect(harness.record(handle).rx).toMatchObject({ available: 12, eof: true, error: 0 });
    harness.read(handle, layout.APPETITE_UNLIMITED);
    const delivered = harness.run().slice(0, 2);
    expect(delivered).toMatchObject([{ kind: 'data', length: 12 }, { kind: 'end' }]);
  });

  test('our own end is no end of the other side, although WRITE says EV_EOF', () => {
    const harness = new KqueueHarness(options);
    const { handle, fd } = harness.connected();
    harness.finish(handle);
    harness.run();
    expect(harness.record(handle).rx.eof).toBe(false);
    const file = harness.kernel.files.get(fd) ?? simulatedFile();
    file.unread = 3;
    harness.kernel.told(fd);
    expect(harness.run()).toMatchObject([{ kind: 'data', length: 3 }]);
  });

  test('deletes not flushed on a zero-timeout turn: they go before the close, looked or not', () => {
    const hears = (mistake?: KqueueOptions['mistake']): boolean => {
      const harness = new KqueueHarness({ ...options, ...(mistake ? { mistake } : {}) });
      const { handle, fd } = harness.connected();
      const next = harness.connection();
      harness.destroy(handle);
      // Closed in a turn in which the kernel is not looked at, and the number has a new owner.
      harness.turn(false);
      harness.turn(false);
      expect(harness.descriptors.has(handle.record)).toBe(false);
      if (!mistake) expect(harness.changes).toEqual([]);
      harness.kernel.files.set(fd, { ...simulatedFile(), unread: 8 });
      const waiting = harness.changes.splice(0);
      harness.attach(next, fd);
      // A host that hands its changes over by kind, as some do, or one turn later.
      harness.changes.push(...waiting);
      return harness.run().some(({ kind, record }) => kind === 'data' && record === next.record);
    };
    expect(hears()).toBe(true);
    expect(hears('deletes wait')).toBe(false);
  });

  test("R0.19: a stale event after the descriptor's number was reused is counted and dropped", () => {
    const harness = new KqueueHarness(options);
    const { handle, fd } = harness.connected();
    const file = harness.kernel.files.get(fd) ?? simulatedFile();
    Object.assign(file, { unread: 4, ended: true });
    harness.kernel.told(fd);
    // Taken before the close, ingested after it.
    const early = harness.look();
    expect(early.map(({ filter }) => filter)).toContain(EVFILT_READ);
    harness.destroy(handle);
    harness.turn(false);
    harness.turn(false);
    harness.turn(false);
    const next = harness.connected();
    expect(next.handle.record).toBe(handle.record);
    const stale = harness.count(layout.COUNTER_EVENTS_STALE);
    harness.putKevents(early);
    harness.core.turn();
    expect(harness.count(layout.COUNTER_EVENTS_STALE)).toBe(stale + early.length);
    expect(harness.record(next.handle).rx).toMatchObject({ available: 0, eof: false });
  });

  test('R0.10: a process that ended before it could be watched has ended', () => {
    const harness = new KqueueHarness(options);
    const process = harness.openSource(layout.KIND_PROCESS, { argument: 1 });
    harness.quiesce();
    const refused = { filter: EVFILT_PROC, flags: EV_ADD | EV_ERROR, data: 3 };
    harness.putKevents([event(process, refused)]);
    harness.core.turn();
    expect(harness.end().map(({ operation }) => operation)).toEqual(['receive']);
  });
});

test('what a library over Linux says is believed less', () => {
  const harness = new KqueueHarness({ library: true });
  const { handle } = harness.connected();
  // It calls an end what only has nothing left.
  harness.putKevents([event(handle, { flags: EV_CLEAR | EV_EOF, data: 0 })]);
  harness.core.turn();
  expect(harness.record(handle).rx.eof).toBe(false);
  harness.end();
  // Nor tells it of each: a short read is followed by another.
  const another = harness.connected();
  harness.putKevents([event(another.handle, { data: 5 })]);
  harness.core.turn();
  harness.end();
  harness.execute(({ operation }) => (operation === 'receive' ? new Uint8Array(5) : undefined));
  harness.putKevents([]);
  harness.core.turn();
  expect(harness.end().map(({ operation }) => operation)).toEqual(['receive']);
  harness.execute(() => -layout.ERROR_AGAIN);
  // Its errors are Linux's, and a listener's queue is always 1.
  harness.execute(() => -layout.ERROR_AGAIN);
  harness.putKevents([event(handle, { flags: EV_CLEAR | EV_EOF, data: 5, notes: RESET })]);
  harness.core.turn();
  expect(harness.record(handle).rx).toMatchObject({ available: 5, eof: true, error: RESET });
  harness.end();
  const listener = harness.listener();
  harness.putKevents([event(listener, { data: 1 })]);
  harness.core.turn();
  expect(harness.end().map(({ operation }) => operation)).toContain('sample');
});
