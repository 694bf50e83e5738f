// Channels with very many values and threads in them. If all of the others were looked at for each,
// these would take more than their time.
import { createThreads } from '../../src/threads';
import { virtual } from '../support/virtual-host';

function stage() {
  const simulated = virtual();
  return { ...simulated, threads: createThreads(simulated.reactor) };
}

test('R4.32: a million values are received in order', async () => {
  const { threads, until } = stage();
  const channel = threads.channel<number>(1e6);
  for (let value = 0; value < 1e6; value++) channel.trySend(value);
  const wrong = threads.spawn(async () => {
    for (let value = 0; value < 1e6; value++) {
      if (channel.tryReceive()?.value !== value) return value;
    }
    return undefined;
  });
  expect(await until(wrong.result())).toBe(undefined);
  expect(channel.length).toBe(0);
});

test('R4.32: of 300,000 in line who gives up leaves the others in order', async () => {
  const { threads, until } = stage();
  const channel = threads.channel<number>(1);
  const patient = threads.spawn((thread) => thread.receive(channel));
  const impatient = threads.spawn(async (thread) => {
    const calls = Array.from({ length: 300_000 }, () => thread.receive(channel));
    return thread.any([...calls.reverse(), thread.sleep(1)]);
  });
  const late = threads.spawn((thread) => thread.receive(channel));
  expect(await until(impatient.result())).toEqual({ index: 300_000, value: undefined });
  channel.trySend(1);
  channel.trySend(2);
  expect(await until(Promise.all([patient.result(), late.result()]))).toEqual([1, 2]);
});
