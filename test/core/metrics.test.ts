// The core's meters: what queueing theory says of them, in virtual time.
import * as layout from '../../assembly/layout';
import * as meters from '../../assembly/meter-layout';
import type { CoreBuild } from '../../src/core/core';
import { type Metrics, readMetrics } from '../../src/reactor/metrics';
import { CoreHarness, type Handle, type Turn } from '../support/core-harness';
import { done, FileHarness } from '../support/file-harness';
import { Seeded } from '../support/seeded';

const { ERROR_IN_PROGRESS, READY_IN } = layout;
const MILLISECOND = 1_000_000;
/** Mean service time, ns. */
const SERVICE = 100_000;

interface Run {
  readonly metrics: Metrics;
  /** What the test itself measured, without the core: jobs a second, and ms for each. */
  readonly rate: number;
  readonly meanTime: number;
  readonly served: number;
  readonly time: number;
}

/**
 * M/M/1: operations are asked for at exponential intervals, and a host that has room for one of
 * them takes an exponential time for each. The queue in front of it is the core's own.
 */
function simulate(utilisation: number, jobs: number, build: CoreBuild = 'release'): Run {
  const random = new Seeded(24);
  const draw = (mean: number): bigint =>
    BigInt(Math.ceil(-Math.log((random.bits() + 1) / 2 ** 32) * mean) + 1);
  const harness = new FileHarness({ build, limits: { tasksInFlight: 1 } });
  const file = harness.file();
  const began = harness.now;
  const arrived = new Map<number, bigint>();
  let next = began + draw(SERVICE / utilisation);
  let serving: { operation: number; until: bigint } | undefined;
  let asked = 0;
  let finished = 0;
  let times = 0n;
  let served = 0n;
  const serve = ({ operation, argument }: { operation: string; argument: number }) => {
    if (operation !== 'operate') return undefined;
    expect(serving).toBeUndefined();
    const takes = draw(SERVICE);
    served += takes;
    serving = { operation: argument, until: harness.now + takes };
    return -ERROR_IN_PROGRESS;
  };
  const hear = ({ deliveries }: Turn): void => {
    for (const { operation } of done(deliveries)) {
      times += harness.now - (arrived.get(operation) as bigint);
      finished++;
    }
  };
  const ask = (): void => {
    arrived.set(harness.operate(file, layout.TASK_SYNC, 0, 0).record, harness.now);
    asked++;
  };
  while (finished < jobs) {
    const arrives = asked < jobs && (!serving || next <= serving.until);
    const at: bigint = arrives ? next : (serving?.until as bigint);
    if (arrives) next = at + draw(SERVICE / utilisation);
    else {
      harness.complete(serving?.operation as number, 0);
      serving = undefined;
    }
    hear(
      harness.step({
        after: at - harness.now,
        events: harness.announced,
        answer: serve,
        during: arrives ? ask : () => {},
      }),
    );
    while (harness.busy) hear(harness.step({ answer: serve }));
  }
  const time = Number(harness.now - began);
  return {
    metrics: readMetrics(harness.memory),
    rate: (jobs * 1e9) / time,
    meanTime: Number(times) / jobs / 1e6,
    served: Number(served),
    time,
  };
}

describe('metrics', () => {
  test.each([0.5, 0.8])(
    "R0.24: Little's law: at a utilisation of %d, L of the integral is λW of the jobs within 5 %%",
    (utilisation) => {
      const { metrics, rate, meanTime, served, time } = simulate(utilisation, 5000);
      const { operations } = metrics;
      const littles = rate * (meanTime / 1000);
      expect(Math.abs(operations.meanLength / littles - 1)).toBeLessThan(0.05);
      expect(operations).toMatchObject({ arrivals: 5000, departures: 5000, length: 0 });
      expect(operations.arrivalRate).toBeCloseTo(rate, 6);
      expect(operations.meanTime).toBeCloseTo(meanTime, 6);
      // One server, which never rests while somebody waits.
      expect(operations.utilisation).toBeCloseTo(served / time, 9);
      expect(operations.serviceTime).toBeCloseTo(served / 5000 / 1e6, 9);
      expect(Math.abs(operations.utilisation / utilisation - 1)).toBeLessThan(0.05);
    },
  );

  test('R0.24: the same arrivals give the same metrics, in the release and the debug build', () => {
    const { metrics } = simulate(0.8, 300);
    expect(simulate(0.8, 300).metrics).toEqual(metrics);
    expect(simulate(0.8, 300, 'debug').metrics).toEqual(metrics);
    expect(simulate(0.5, 300).metrics).not.toEqual(metrics);
  });

  test('R0.24: the queue counts bytes from the write until the kernel has them', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    const at = harness.now;
    const queue = () => readMetrics(harness.memory).queue;
    harness.step({ during: () => harness.write(connection, 'abcd') });
    // For 3 ms the kernel takes nothing, then all: 4 bytes, each for 3 ms, in 4 ms.
    harness.step({ answer: ({ operation }) => (operation === 'send' ? -11 : undefined) });
    const events = [{ ...connection, ready: layout.READY_OUT }];
    expect(queue()).toMatchObject({ arrivals: 4, departures: 0, length: 4 });
    harness.step({ after: 3 * MILLISECOND, events });
    expect(queue()).toMatchObject({ meanLength: 4, utilisation: 1, meanTime: 0 });
    harness.step();
    harness.step({ after: MILLISECOND });
    expect(harness.now - at).toBe(BigInt(4 * MILLISECOND));
    expect(queue()).toEqual({
      arrivals: 4,
      departures: 4,
      length: 0,
      meanLength: 3,
      arrivalRate: 1000,
      meanTime: 3,
      serviceTime: 0.75,
      utilisation: 0.75,
    });
  });

  test('R0.24: bytes that are dropped leave the queue, too', () => {
    const harness = new CoreHarness();
    const connection = harness.connection();
    harness.step({
      during: () => {
        harness.write(connection, 'abcd');
        harness.destroy(connection);
      },
    });
    expect(readMetrics(harness.memory).queue).toMatchObject({ arrivals: 4, departures: 4 });
  });

  test('R0.24: connections count from the call or the accept until they are closed', () => {
    const harness = new CoreHarness();
    const listener = harness.listener();
    const connections = () => readMetrics(harness.memory).connections;
    expect(connections().arrivals).toBe(0);
    const dialled = harness.connection();
    harness.step({ events: [{ ...listener, ready: READY_IN }] });
    harness.step({
      answer: ({ operation }) => (operation === 'sample' ? { result: 2, extra: -1 } : undefined),
    });
    // One of the two was gone before it was accepted, and never was in the stage.
    let answers = 0;
    harness.step({
      answer: ({ operation }) => (operation === 'accept' && answers++ > 0 ? -103 : 0),
    });
    expect(connections()).toMatchObject({ arrivals: 2, departures: 0 });
    harness.step({ after: 2 * MILLISECOND, during: () => harness.destroy(dialled) });
    harness.quiesce();
    expect(connections()).toMatchObject({ arrivals: 2, departures: 1, length: 1, meanLength: 2 });
    expect(harness.open(true).record).toBeGreaterThanOrEqual(0);
    harness.step();
    harness.step({ answer: () => -111 });
    harness.quiesce();
    expect(connections()).toMatchObject({ arrivals: 3, departures: 2, length: 1 });
  });

  test('R0.24: timers leave when they fired for the last time, or were cancelled', () => {
    const harness = new CoreHarness();
    const timers = () => readMetrics(harness.memory).timers;
    let repeating: Handle = { record: 0, generation: 0 };
    harness.step({
      during: () => {
        harness.timer(MILLISECOND);
        repeating = harness.timer(MILLISECOND, true);
      },
    });
    harness.step();
    harness.step({ after: MILLISECOND });
    expect(timers()).toMatchObject({ arrivals: 2, departures: 1, length: 1, meanLength: 2 });
    harness.step({
      after: MILLISECOND,
      during: () => harness.core.timerCancel(repeating.record, repeating.generation),
    });
    expect(timers()).toMatchObject({ arrivals: 2, departures: 2, meanTime: 1.5, meanLength: 1.5 });
  });

  test('R0.24: a gigabyte that waits for a year is added up exactly', () => {
    const harness = new CoreHarness();
    const year = 365n * 86_400n * 1_000_000_000n;
    harness.step();
    const meter = meters.METER_QUEUE;
    // As if so much had been written in the first turn.
    harness.view.setBigUint64(meter + meters.METER_ARRIVALS, 2n ** 30n, true);
    const connection = harness.connection();
    harness.step({ after: year, during: () => harness.write(connection, 'a') });
    const high = harness.long(meter + meters.METER_AREA_HIGH);
    const low = harness.long(meter + meters.METER_AREA_LOW);
    expect((high << 32n) + low).toBe(2n ** 30n * year);
  });
});
