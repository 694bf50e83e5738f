// Runs a scenario: every contestant once a round, one after another, and the next round begins
// with the next contestant, so that none always runs first.

import { openFilesLimit } from './machine.mjs';

const descriptorsToSpare = 200;

function rotate(list, count) {
  const start = count % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

async function measureOnce(scenario, contestant, context) {
  try {
    return await scenario.measurement.measure(contestant, context);
  } catch (error) {
    return { failure: error.message };
  }
}

// What a scenario needs before its first round. Answers why it cannot have it.
async function prepare({ measurement }, context) {
  try {
    await measurement.prepare?.(context);
    return undefined;
  } catch (error) {
    return error.message;
  }
}

// `contestants`: those of the scenario that run here. Answers
// { rounds: [{ [contestant]: figures }], failures } or { skipped: reason }.
export async function runRounds(scenario, contestants, context) {
  const { options, progress } = context;
  const names = scenario.contestants.filter((name) => contestants[name]);
  if (names.length === 0) return { skipped: 'none of its servers can run here' };
  const needed = scenario.measurement.connections + descriptorsToSpare;
  if (needed > openFilesLimit()) {
    return {
      skipped: `it needs ${needed} open files, the limit is ${openFilesLimit()} (ulimit -Hn)`,
    };
  }

  progress(`${scenario.name}: getting ready`);
  const unprepared = await prepare(scenario, context);
  if (unprepared) return { skipped: unprepared };

  const count = Math.min(options.rounds, scenario.measurement.rounds ?? Infinity);
  const rounds = [];
  const failures = [];
  for (let index = 0; index < count; index++) {
    const round = {};
    for (const name of rotate(names, index)) {
      progress(`${scenario.name}: round ${index + 1} of ${count}, ${name}`);
      const figures = await measureOnce(scenario, contestants[name], context);
      if (figures.failure) failures.push({ contestant: name, reason: figures.failure });
      else if (figures.errors > 0) {
        failures.push({ contestant: name, reason: `${figures.errors} errors seen by the load` });
      }
      // A server that lost or changed bytes has no figures worth comparing.
      if (!figures.failure && figures.errors === 0) round[name] = figures;
    }
    rounds.push(round);
  }
  return { names, rounds, failures };
}
