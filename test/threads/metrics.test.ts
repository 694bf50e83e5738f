// The stages of threads, measured as queues are.
import { createThreads } from '../../src/threads';
import { Seeded } from '../support/seeded';
import { virtual } from '../support/virtual-host';

const SERVICE = 10;

/** One thread serves, in order; others come at random (M/M/1) and wait for it. */
async function simulate(utilisation: number, jobs: number) {
  const { reactor, until } = virtual();
  const threads = createThreads(reactor);
  const draw = new Seeded(4);
  const exponential = (mean: number): number => -Math.log(1 - draw.bits() / 2 ** 32) * mean;
  const queue = threads.channel<() => void>(jobs);
  let [times, served, began, ended] = [0, 0, 0, 0];
  const server = threads.spawn(async (thread) => {
    for await (const done of thread.each(queue)) {
      const from = reactor.now;
      await thread.sleep(exponential(SERVICE));
      served += reactor.now - from;
      done();
    }
  });
  const arrivals = threads.spawn(async (thread) => {
    await thread.pause();
    began = reactor.now;
    for (let job = 0; job < jobs; job++) {
      await thread.sleep(exponential(SERVICE / utilisation));
      threads.spawn(async (thread) => {
        const from = reactor.now;
        const finished = threads.channel<void>(1);
        await thread.send(queue, () => void finished.trySend(undefined));
        await thread.receive(finished);
        times += reactor.now - from;
        ended = reactor.now;
      });
    }
  });
  await until(arrivals.result());
  while (threads.count > 1) await until(threads.spawn((thread) => thread.sleep(1)).result());
  const metrics = threads.metrics();
  queue.close();
  await until(server.result());
  return {
    metrics,
    rate: jobs / (ended - began),
    meanTime: times / jobs,
    served,
    time: ended - began,
  };
}

describe('metrics of threads', () => {
  test.each([0.5, 0.8])(
    "R0.24: Little's law: at a utilisation of %d, L of the integral is λW of the threads within 5 %%",
    async (utilisation) => {
      const jobs = 3000;
      const { metrics, rate, meanTime, served, time } = await simulate(utilisation, jobs);
      const { threads } = metrics;
      expect(threads.departures).toBeGreaterThanOrEqual(jobs);
      // The thread that serves and the one that spawns are there all the time.
      const length = threads.meanLength - 2;
      expect(Math.abs(length / (rate * meanTime) - 1)).toBeLessThan(0.05);
      expect(Math.abs(served / time / utilisation - 1)).toBeLessThan(0.05);
      expect(threads.utilisation).toBe(1);
      // Nobody used up its steps.
      expect(metrics.paused.meanLength).toBeLessThan(0.01);
    },
  );

  test('R0.24: the time that calls wait for their turn is measured, too', async () => {
    const { reactor, until } = virtual();
    const threads = createThreads(reactor, { budget: 1 });
    const channel = threads.channel<number>(10);
    threads.spawn(async (thread) => {
      for (let step = 0; step < 4; step++) await thread.send(channel, step);
    });
    await until(threads.ended());
    const { paused } = threads.metrics();
    expect(paused).toMatchObject({ arrivals: 4, departures: 4, length: 0 });
  });
});
