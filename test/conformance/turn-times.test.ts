// How long turns take, as the host's watcher measured it.
import { TurnTimes } from '../../src';
import { chooseHost } from '../../src/host/choose';
import { watched } from '../../src/host/watched';
import { forEachHost, promised } from '../support/conformance';

const MILLISECOND = 1000;

/** Holds the loop for so many microseconds, and for how much longer the machine likes. */
function hold(microseconds: number): void {
  const until = performance.now() + microseconds / 1000;
  while (performance.now() < until);
}

/** Turns that took so long or longer; `least` is an edge between two buckets. */
function turnsFrom(times: TurnTimes, least: number): number {
  return times
    .buckets()
    .filter(({ from }) => from >= least)
    .reduce((sum, { turns }) => sum + turns, 0);
}

describe('turn times', () => {
  test('R0.23: buckets are powers of two of microseconds, and the last takes the rest', () => {
    const times = new TurnTimes();
    expect(times.buckets()).toEqual([]);
    for (const time of [0, 0.9, 1, 1.9, 2, 4095, 4096, 5000, 8191, 8192, 2 ** 40]) times.add(time);
    expect(times.turns).toBe(11);
    expect(times.buckets()).toEqual([
      { from: 0, to: 1, turns: 2 },
      { from: 1, to: 2, turns: 2 },
      { from: 2, to: 4, turns: 1 },
      { from: 2048, to: 4096, turns: 1 },
      { from: 4096, to: 8192, turns: 3 },
      { from: 8192, to: 16384, turns: 1 },
      { from: 2 ** 30, to: Number.POSITIVE_INFINITY, turns: 1 },
    ]);
  });

  test('R0.23: a quantile is the end of the bucket that it falls into', () => {
    const times = new TurnTimes();
    expect(times.quantile(0.5)).toBe(0);
    for (let turn = 0; turn < 99; turn++) times.add(100);
    times.add(5000);
    expect([0.5, 0.99, 0.999, 1].map((share) => times.quantile(share))).toEqual([
      128, 128, 8192, 8192,
    ]);
  });

  test('R0.23: what is to be filled is a TurnTimes', () => {
    const host = chooseHost('node');
    expect(() => watched(host, { turnTimes: {} as TurnTimes })).toThrow(/turnTimes/);
  });
});

forEachHost(
  'turn times',
  (bench) => {
    test('R0.23: a handler that takes 5 ms shows among the turns of milliseconds', async () => {
      const turnTimes = new TurnTimes();
      const reactor = bench.reactor({ watch: { turnTimes } });
      const held = promised();
      reactor.setTimer(1, () => {
        hold(5 * MILLISECOND);
        held.resolve();
      });
      await held.promise;
      await reactor.close();
      expect(turnsFrom(turnTimes, 4096)).toBeGreaterThanOrEqual(1);
      // Not of seconds: four of them would be something else than a busy machine.
      expect(turnsFrom(turnTimes, 2 ** 22)).toBe(0);
      expect(turnTimes.turns).toBe(reactor.turn);
    });

    test('R0.23: the ticks and promises that handlers queued belong to their turn', async () => {
      const turnTimes = new TurnTimes();
      const reactor = bench.reactor({ watch: { turnTimes } });
      const held = promised();
      reactor.setTimer(1, () => {
        process.nextTick(() =>
          Promise.resolve()
            .then(() => hold(5 * MILLISECOND))
            .then(held.resolve),
        );
      });
      await held.promise;
      await reactor.close();
      expect(turnsFrom(turnTimes, 4096)).toBeGreaterThanOrEqual(1);
    });
  },
  'time',
);
