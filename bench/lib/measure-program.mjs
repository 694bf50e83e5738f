// Measures a program that measures itself: it prints operations, seconds and processor time.

import { runScript } from './processes.mjs';

// The figures of one run. The program gets seconds, warm-up and what else it is to be told.
export async function runProgram(contestant, context, { before = [], after = [] } = {}) {
  const { seconds, warmup } = context.options;
  const words = [...before, seconds, warmup, ...after].map(String);
  const { operations, cpuNanoseconds, ...rest } = await runScript(
    [...contestant.command, ...words],
    { core: context.pinning.server, environment: contestant.environment },
  );
  if (operations === 0) throw new Error('it did nothing');
  return {
    ...rest,
    rate: operations / rest.seconds,
    cpu: cpuNanoseconds / 1000 / operations,
    busy: cpuNanoseconds / 1e7 / rest.seconds,
  };
}
