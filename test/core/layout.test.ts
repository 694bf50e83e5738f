import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ofCore from '../../assembly/core-layout';
import * as layout from '../../assembly/layout';
import { METER_SIZE, METERS } from '../../assembly/meter-layout';
import { completeLimits, type Limits } from '../../src/core/limits';
import { createMemory, word } from '../../src/core/memory';
import { packageRoot } from '../../src/package-root';
import { Seeded } from '../support/seeded';

const constants = new Map(Object.entries({ ...layout, ...ofCore }) as [string, number][]);

/** Constants whose names begin so, but for the size itself and its logarithm. */
function named(prefix: string, without: RegExp = /_(SIZE|SHIFT|MAX)$/): [string, number][] {
  return [...constants].filter(([name]) => name.startsWith(prefix) && !without.test(name));
}

/** Fields of a structure do not overlap and end before its size: [offset, bytes] of each. */
function expectFits(size: number, fields: readonly (readonly [number, number])[]): void {
  const sorted = [...fields].sort(([a], [b]) => a - b);
  let end = 0;
  for (const [offset, bytes] of sorted) {
    expect(offset).toBeGreaterThanOrEqual(end);
    // A field lies on a multiple of its size, so that typed arrays reach it.
    expect(offset % Math.min(bytes, 8)).toBe(0);
    end = offset + bytes;
  }
  expect(end).toBeLessThanOrEqual(size);
}

describe('structures', () => {
  test('fields of a record fit and do not overlap', () => {
    const { RECORD_SIZE } = layout;
    const longs = [
      'RX_TURN',
      'TX_TURN',
      'RECORD_BYTES_IN',
      'RECORD_BYTES_TAKEN',
      'RECORD_BYTES_SENT',
    ];
    const bytes = [
      'RECORD_KIND',
      'RECORD_STATE',
      'RX_EOF',
      'RX_EXACTNESS',
      'TX_ENDED',
      'TX_EXACTNESS',
    ];
    const record = named('RECORD_', /_(SIZE|SHIFT|MAX|WAKE|COMPLETIONS)$/);
    const fields = [...record, ...named('RX_'), ...named('TX_')].map(([name, offset]) => {
      const wide = longs.includes(name)
        ? 8
        : bytes.includes(name)
          ? 1
          : name === 'RECORD_WANTS'
            ? 2
            : 4;
      return [offset, wide] as const;
    });
    expectFits(RECORD_SIZE, fields);
    expect(RECORD_SIZE).toBe(1 << layout.RECORD_SHIFT);
  });

  test.each([
    ['SUBMISSION_', layout.SUBMISSION_SIZE],
    ['DELIVERY_', layout.DELIVERY_SIZE],
    ['UPDATE_', layout.UPDATE_SIZE],
    ['DIRTY_', ofCore.DIRTY_SIZE],
    ['LEASE_', ofCore.LEASE_SIZE],
    ['PEER_', layout.PEER_SIZE],
    ['TIMER_', layout.TIMER_SIZE],
    ['PIECE_', layout.PIECE_SIZE],
    ['SEGMENT_', layout.SEGMENT_SIZE],
    ['COMPLETION_', layout.COMPLETION_SIZE],
  ])('fields of %s… are distinct and inside', (prefix, size) => {
    const words = /(COUNT|DONE|BASE|HEAP|LINKED|AHEAD|MAX|SIZE|SHIFT|OF_RECORD)$/;
    const fields = named(prefix, words).map(([, offset]) => offset);
    expect(new Set(fields).size).toBe(fields.length);
    for (const offset of fields) expect(offset).toBeLessThan(size);
  });

  test('sizes that are shifted by are powers of two', () => {
    expect(layout.PEER_SIZE).toBe(1 << layout.PEER_SHIFT);
    expect(layout.TIMER_SIZE).toBe(1 << layout.TIMER_SHIFT);
    expect(layout.PIECE_SIZE).toBe(1 << layout.PIECE_SHIFT);
    expect(layout.BLOCK_SIZE).toBe(1 << layout.BLOCK_SHIFT);
    expect(layout.SEGMENT_SIZE).toBe(1 << layout.SEGMENT_SHIFT);
    expect(ofCore.LEASE_SIZE).toBe(1 << ofCore.LEASE_SHIFT);
  });

  test('work bits, wants and kinds of calls are each their own', () => {
    for (const prefix of ['WORK_', 'WANTS_']) {
      const bits = named(prefix).map(([, bit]) => bit);
      expect(bits.every((bit) => bit > 0 && (bit & (bit - 1)) === 0)).toBe(true);
      expect(new Set(bits).size).toBe(bits.length);
    }
    for (const prefix of ['OPERATION_', 'DELIVER_', 'FORMAT_', 'EXACTNESS_']) {
      const values = named(prefix).map(([, value]) => value);
      expect(new Set(values).size).toBe(values.length);
    }
  });

  test('words of the control block do not overlap', () => {
    const { CONTROL, CONTROL_SIZE } = layout;
    const source = ['layout', 'core-layout']
      .map((name) => readFileSync(join(packageRoot(), `assembly/${name}.ts`), 'utf8'))
      .join('');
    const long = /^(NOW|DEADLINE|TURN|DIGEST|COUNTER_\w+|STATE_(PARKED_UNTIL|RANDOM|DRAIN_)\w*)$/;
    const size = (name: string): number => {
      if (name === 'METERS_SINCE') return 8 + METERS * METER_SIZE;
      return long.test(name) ? 8 : 4;
    };
    const fields = [...source.matchAll(/const (\w+) = CONTROL \+ (\d+);/g)].map(
      ([, name = '', offset]) => [Number(offset), size(name)] as const,
    );
    expect(fields.length).toBeGreaterThan(100);
    expectFits(CONTROL_SIZE, fields);
    expect(CONTROL + CONTROL_SIZE).toBeGreaterThan(layout.COUNTER_HOST_INTERRUPTED);
    const spares = layout.SPARE_LIST + 4 * layout.SPARE_LIST_MAX;
    expect(spares).toBeLessThanOrEqual(layout.COUNTER_EVENTS);
    expect(layout.COUNTER_EVENTS + 8 * layout.COUNTERS_CORE).toBeLessThanOrEqual(
      layout.COUNTER_HOST_WAITS,
    );
  });
});

describe('regions', () => {
  const bases = named('', /$^/)
    .filter(([name]) => name.endsWith('_BASE'))
    .map(([, address]) => address);

  /** Each region with what it has to hold. */
  function sizes(limits: Limits, at: (address: number) => number): Map<number, number> {
    const records = limits.connections;
    return new Map([
      [layout.SUBMISSIONS_BASE, limits.operations * layout.SUBMISSION_SIZE],
      [layout.EVENTS_BASE, limits.events * 16],
      [layout.CHANGES_BASE, at(layout.CHANGES_MAX) * layout.EVENT_SIZE_MAX],
      [layout.DELIVERIES_BASE, at(layout.DELIVERIES_MAX) * layout.DELIVERY_SIZE],
      [layout.UPDATES_BASE, 2 * records * layout.UPDATE_SIZE],
      [layout.DIRTY_BASE, records * ofCore.DIRTY_SIZE],
      [layout.CALLS_BASE, at(layout.CALLS_SIZE_MAX)],
      [layout.RECORDS_BASE, records * layout.RECORD_SIZE],
      [layout.PEERS_BASE, records * layout.PEER_SIZE],
      [layout.TIMERS_BASE, (limits.timers + layout.TIMERS_A_TURN) * layout.TIMER_SIZE],
      [layout.TIMER_HEAP_BASE, limits.timers * 4],
      [layout.OPERATIONS_BASE, limits.tasks * layout.TASK_SIZE],
      [layout.LEASES_BASE, limits.leases * ofCore.LEASE_SIZE],
      [layout.PIECES_BASE, at(layout.PIECES_MAX) * layout.PIECE_SIZE],
      [layout.BLOCK_LINKS_BASE, at(layout.BLOCKS_MAX) * 4],
      [layout.BLOCKS_BASE, at(layout.BLOCKS_MAX) * layout.BLOCK_SIZE],
      [layout.BOUNCE_BASE, layout.DATAGRAM_ROOM],
      [layout.SEGMENTS_BASE, (limits.readSegments + limits.writeSegments) * layout.SEGMENT_SIZE],
      [layout.READ_ARENA_BASE, limits.readSegments * at(layout.READ_SEGMENT_SIZE)],
      [layout.WRITE_ARENA_BASE, limits.writeSegments * at(layout.WRITE_SEGMENT_SIZE)],
      [layout.RINGS_BASE, at(layout.RINGS_SIZE)],
    ]);
  }

  function randomLimits(random: Seeded): Partial<Limits> {
    const queueBytes = random.between(1, 1 << 22);
    return {
      connections: random.between(2, 5000),
      operations: random.between(8, 5000),
      events: random.between(1, 5000),
      timers: random.between(1, 5000),
      queueBytes,
      queueBytesTotal: random.between(queueBytes, 1 << 24),
      readBytes: random.between(4096, 1 << 20),
      readSegments: random.between(2, 8),
      writeSegments: random.between(1, 40),
      tasks: random.between(1, 5000),
    };
  }

  test('regions do not overlap and end inside the memory, whatever the limits', () => {
    const random = new Seeded(3);
    for (let draw = 0; draw < 30; draw++) {
      const limits = completeLimits(draw === 0 ? {} : randomLimits(random));
      const rings = draw % 2 === 0 ? 0 : random.between(1, 1 << 20);
      const memory = createMemory(limits, { settings: 0, seed: 0n, rings });
      const at = (address: number): number => word(memory, address) >>> 0;
      const expected = sizes(limits, at);
      expect([...expected.keys()].sort()).toEqual([...bases].sort());
      const regions = [...expected].map(([base, size]) => [at(base), size] as const);
      regions.sort(([a], [b]) => a - b);
      let end = layout.CONTROL + layout.CONTROL_SIZE;
      for (const [start, size] of regions) {
        expect(start).toBeGreaterThanOrEqual(end);
        expect(start % 64).toBe(0);
        end = start + size;
      }
      expect(end).toBeLessThanOrEqual(at(layout.MEMORY_SIZE));
      expect(memory.bytes.length).toBe(at(layout.MEMORY_SIZE));
    }
  });

  test('relations between the limits hold', () => {
    const random = new Seeded(4);
    for (let draw = 0; draw < 30; draw++) {
      const limits = completeLimits(randomLimits(random));
      const memory = createMemory(limits, { settings: 0, seed: 0n });
      const at = (address: number): number => word(memory, address);
      // The largest read fits a segment, a copied chunk fits a write segment.
      expect(at(layout.READ_SIZE_MAX)).toBeLessThanOrEqual(at(layout.READ_SEGMENT_SIZE));
      expect(layout.WRITE_CHUNK).toBeLessThanOrEqual(at(layout.WRITE_SEGMENT_SIZE));
      // Blocks for all bytes, each connection's first and last one partly filled.
      expect(at(layout.BLOCKS_MAX) * layout.BLOCK_SIZE).toBeGreaterThanOrEqual(
        limits.queueBytesTotal,
      );
      expect(at(layout.PIECES_MAX)).toBeGreaterThan(at(layout.BLOCKS_MAX));
      expect(limits.readSegments).toBeLessThanOrEqual(layout.SPARE_LIST_MAX);
      // A submission causes two deliveries at the most, a record one `change`.
      expect(at(layout.DELIVERIES_MAX)).toBeGreaterThanOrEqual(
        2 * limits.operations + limits.connections + layout.TIMERS_A_TURN,
      );
    }
  });
});

test('the C++ header says what assembly/layout.ts says', () => {
  const root = packageRoot();
  // Its own module parses and prints; jest's sandbox cannot load it, node can.
  const script = `
    import { readFileSync } from 'node:fs';
    import { layoutHeader, parseLayout } from './scripts/layout-header.mjs';
    process.stdout.write(layoutHeader(parseLayout(readFileSync('assembly/layout.ts', 'utf8'))));
  `;
  const fresh = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(readFileSync(join(root, 'build/generated/layout.h'), 'utf8')).toBe(fresh);
  const stated = new Map(
    [...fresh.matchAll(/constexpr u?int32_t (\w+) = (-?\d+)/g)].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  );
  expect([...stated].sort()).toEqual(Object.entries(layout).sort());
});
