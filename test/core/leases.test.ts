import { LEASES_USED, STATE_LEASED_SEGMENTS } from '../../assembly/core-layout';
import * as layout from '../../assembly/layout';
import { MemoryChecker } from '../support/checkers/memory';
import { CoreHarness, type Handle } from '../support/core-harness';
import { sendPieces } from '../support/core-views';

const { READY_IN, CALL_STALE, CALL_STALE_BYTES, CALL_NO_LEASE, CALL_TAKEN } = layout;

interface Place {
  readonly address: number;
  readonly length: number;
}

/** Delivers bytes to a connection; `during` gets where they lie. */
function deliver<Result>(
  harness: CoreHarness,
  connection: Handle,
  bytes: Uint8Array | string,
  during: (place: Place) => Result,
): Result {
  const checker = new MemoryChecker();
  let result: Result | undefined;
  harness.step({ events: [{ ...connection, ready: READY_IN }] });
  const { submissions } = harness.step({
    answer: ({ operation }) => (operation === 'receive' ? Buffer.from(bytes) : undefined),
    during: ({ deliveries }) => {
      const data = deliveries.find(({ kind }) => kind === 'data');
      result = during(data as Place);
    },
  });
  checker.end(harness, submissions);
  return result as Result;
}

function lease(harness: CoreHarness, { address, length }: Place): number {
  return harness.core.lease(address, length);
}

function text(harness: CoreHarness, place: Place): string {
  return Buffer.from(harness.bytes(place)).toString();
}

describe('leases', () => {
  test('R4.4: leased bytes lie where they were delivered, however much arrives behind them', () => {
    const harness = new CoreHarness({ limits: { readSegments: 4, readBytes: 4096 } });
    const connection = harness.connection();
    let kept: Place = { address: 0, length: 0 };
    deliver(harness, connection, 'kept for later', (place) => {
      kept = place;
      expect(lease(harness, place)).toBe(0);
    });
    const others = new Set<number>();
    for (let round = 0; round < 200; round++) {
      deliver(harness, connection, Buffer.alloc(3000, round), ({ address }) => others.add(address));
      expect(text(harness, kept)).toBe('kept for later');
    }
    expect(others.size).toBeGreaterThan(1);
    expect(harness.core.unlease(0)).toBe(CALL_TAKEN);
    deliver(harness, connection, Buffer.alloc(4000, 'x'), () => {});
    deliver(harness, connection, Buffer.alloc(4000, 'y'), () => {});
    expect(text(harness, kept)).not.toBe('kept for later');
    expect(harness.count(layout.COUNTER_LEASES)).toBe(1);
  });

  test('R4.4: leased bytes are sent from where they lie, in any later turn and between turns', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    let kept: Place = { address: 0, length: 0 };
    deliver(harness, connection, 'a message', (place) => {
      kept = place;
      lease(harness, place);
    });
    for (let turn = 0; turn < 3; turn++) harness.step();
    const part = { address: kept.address + 2, length: 7 };
    expect(harness.writeAt(connection, part.address, part.length)).toBe(CALL_TAKEN);
    const { submissions } = harness.step();
    const [send] = submissions;
    expect(send && sendPieces(harness.memory, send)).toMatchObject([part]);
    // The send goes on holding what the lease gave back.
    expect(harness.core.unlease(0)).toBe(CALL_TAKEN);
    expect(harness.writeAt(connection, part.address, part.length)).toBe(CALL_STALE_BYTES);
    new MemoryChecker().end(harness, submissions);
    expect(text(harness, part)).toBe('message');
  });

  test('R4.4: only bytes of this turn, or of another lease, can be leased', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    let earlier: Place = { address: 0, length: 0 };
    deliver(harness, connection, 'not leased', (place) => {
      earlier = place;
    });
    expect(lease(harness, earlier)).toBe(CALL_STALE_BYTES);
    let kept: Place = { address: 0, length: 0 };
    deliver(harness, connection, 'leased', (place) => {
      kept = place;
      expect(lease(harness, { address: place.address, length: 0 })).toBe(CALL_STALE_BYTES);
      expect(lease(harness, { address: place.address, length: 7 })).toBe(CALL_STALE_BYTES);
      expect(lease(harness, { address: place.address - 1, length: 2 })).toBe(CALL_STALE_BYTES);
      for (const address of [0, -8, 0x7fffffff, harness.word(layout.WRITE_ARENA_BASE)]) {
        expect(lease(harness, { address, length: 4 })).toBe(CALL_STALE_BYTES);
        expect(lease(harness, { address, length: -1 })).toBe(CALL_STALE_BYTES);
      }
      expect(lease(harness, place)).toBe(0);
    });
    harness.step();
    const part = { address: kept.address + 1, length: 3 };
    expect(lease(harness, part)).toBe(1);
    expect(lease(harness, { ...part, length: 6 })).toBe(CALL_STALE_BYTES);
    expect(harness.core.unlease(0)).toBe(CALL_TAKEN);
    expect(harness.writeAt(connection, part.address, part.length)).toBe(CALL_TAKEN);
    expect(harness.writeAt(connection, kept.address, kept.length)).toBe(CALL_STALE_BYTES);
    for (const nobodys of [0, 2, -1, 0x7fffffff]) {
      expect(harness.core.unlease(nobodys)).toBe(CALL_STALE);
    }
    expect(harness.core.unlease(1)).toBe(CALL_TAKEN);
  });

  test('R4.4: leases are bounded in number', () => {
    const harness = new CoreHarness({ limits: { leases: 3 } });
    const connection = harness.connection();
    const taken = Array.from({ length: 5 }, () =>
      deliver(harness, connection, 'bytes', (place) => lease(harness, place)),
    );
    expect(taken).toEqual([0, 1, 2, CALL_NO_LEASE, CALL_NO_LEASE]);
    expect(harness.word(LEASES_USED)).toBe(3);
    expect(harness.count(layout.COUNTER_LEASES_REFUSED)).toBe(2);
    harness.core.unlease(1);
    expect(deliver(harness, connection, 'bytes', (place) => lease(harness, place))).toBe(1);
  });

  test('R4.4: leases leave three quarters of the segments to reads and sends', () => {
    const harness = new CoreHarness({ limits: { readSegments: 8, readBytes: 65536 } });
    const connection = harness.connection();
    // Each fills its segment.
    const next = (): number =>
      deliver(harness, connection, Buffer.alloc(60_000), (place) => lease(harness, place));
    expect([next(), next(), next(), next()]).toEqual([0, 1, CALL_NO_LEASE, CALL_NO_LEASE]);
    expect(harness.word(STATE_LEASED_SEGMENTS)).toBe(2);
    expect(harness.word(layout.SPARE_COUNT)).toBeGreaterThanOrEqual(5);
    harness.core.unlease(0);
    expect([next(), next()]).toEqual([0, CALL_NO_LEASE]);
    for (const each of [0, 1]) expect(harness.core.unlease(each)).toBe(CALL_TAKEN);
    expect(harness.word(STATE_LEASED_SEGMENTS)).toBe(0);
    expect(harness.word(LEASES_USED)).toBe(0);
  });

  test('R4.4: with two segments one may be leased, and reads go on in the other', () => {
    const harness = new CoreHarness({ limits: { readSegments: 2, readBytes: 65536 } });
    const connection = harness.connection();
    deliver(harness, connection, Buffer.alloc(65_000), (place) => lease(harness, place));
    let refused = 0;
    for (let round = 0; round < 10; round++) {
      deliver(harness, connection, Buffer.alloc(60_000), (place) => {
        if (lease(harness, place) === CALL_NO_LEASE) refused++;
      });
    }
    expect(refused).toBe(10);
    expect(harness.count(layout.COUNTER_READS_WAITING)).toBe(0);
  });

  test('R4.4: debug: what was given back is overwritten, unless somebody still has it', () => {
    const harness = new CoreHarness({ settings: layout.SETTING_POISON });
    const connection = harness.connection();
    let kept: Place = { address: 0, length: 0 };
    const poisoned = (place: Place): boolean =>
      harness.bytes(place).every((byte) => byte === layout.POISON);
    deliver(harness, connection, 'a message', (place) => {
      kept = place;
      lease(harness, place);
      lease(harness, { address: place.address + 2, length: 3 });
    });
    for (let turn = 0; turn < 3; turn++) harness.step();
    expect(text(harness, kept)).toBe('a message');
    harness.core.unlease(0);
    expect(text(harness, { address: kept.address + 2, length: 3 })).toBe('mes');
    harness.core.unlease(1);
    expect(poisoned({ address: kept.address + 2, length: 3 })).toBe(true);
    // Given back in the turn of its delivery: the end of the turn does it.
    deliver(harness, connection, 'another', (place) => {
      kept = place;
      harness.core.unlease(lease(harness, place));
      expect(text(harness, place)).toBe('another');
    });
    expect(poisoned(kept)).toBe(true);
    // What is being sent is left alone.
    const last = deliver(harness, connection, 'sent', (place) => {
      kept = place;
      return lease(harness, place);
    });
    harness.writeAt(connection, kept.address, kept.length);
    expect(harness.core.unlease(last)).toBe(CALL_TAKEN);
    expect(text(harness, kept)).toBe('sent');
    harness.step();
    expect(text(harness, kept)).toBe('sent');
    // Its send was answered: nobody has it any more.
    harness.step();
    expect(poisoned(kept)).toBe(true);
  });
});
