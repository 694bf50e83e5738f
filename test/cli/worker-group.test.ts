// Workers that die are replaced, and somebody is told.
import { join } from 'node:path';
import { WorkerGroup } from '../../src/cli/worker-group';
import { promised } from '../support/conformance';

const MODULE = join(__dirname, 'programs', 'worker.cjs');

test('workers: one that dies is replaced and said so, and stopping ends all', async () => {
  const said: string[] = [];
  const noted: string[] = [];
  const { promise: replaced, resolve } = promised<number>();
  const group = new WorkerGroup({
    module: MODULE,
    count: 2,
    // The second one dies as soon as it is ready; its replacement does not.
    data: (number) => ({ number, dies: number === 1 }),
    say: (message) => said.push(message),
    note: (message) => noted.push(message),
    print: async (text) => {
      if (text === '2') resolve(2);
    },
  });
  expect(await group.start()).toBe(7);
  expect(await replaced).toBe(2);
  group.stop();
  await group.ended;
  expect(said).toEqual([
    // At once where it took a second to start.
    expect.stringMatching(/^worker 1 died and is replaced (in 100 ms|now): Error: on purpose/),
  ]);
  // What all of them say is said once.
  expect(noted).toEqual(['as with the others']);
});

test('workers: when the first one cannot start, the group says why', async () => {
  const group = new WorkerGroup({
    module: MODULE,
    count: 2,
    data: (number) => ({ number, fails: true }),
    say: () => {},
    note: () => {},
    print: async () => {},
  });
  await expect(group.start()).rejects.toMatchObject({ message: 'no port', code: 'EADDRINUSE' });
  group.stop();
  await group.ended;
});

test('workers: one that is leaving is told to stop again in vain, and terminated the third time', async () => {
  const { promise: closed, resolve } = promised();
  const group = new WorkerGroup({
    module: MODULE,
    count: 1,
    data: (number) => ({ number, stays: true }),
    say: () => {},
    note: () => {},
    print: async (text) => {
      if (text === 'closed') resolve();
    },
  });
  await group.start();
  group.stop();
  await closed;
  group.stop();
  group.stop();
  await group.ended;
});
