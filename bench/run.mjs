// The benchmark. `node bench/run.mjs --help` says what it measures and how to read it.

import { compileAll } from './lib/compile.mjs';
import { contestantNames, findObstacle, makeContestant } from './lib/contestants.mjs';
import { describeMachine } from './lib/machine.mjs';
import { formatHelp, readOptions } from './lib/options.mjs';
import { makeProgress } from './lib/progress.mjs';
import { formatHeading, formatScenario, formatSummary } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';
import { judgeTarget } from './lib/targets.mjs';
import { makeTraceFile } from './lib/trace-file.mjs';
import { scenarios } from './scenarios/index.mjs';

function stopWith(message, status) {
  console.error(`bench: ${message}`);
  process.exit(status);
}

function chooseOptions() {
  const scenarioNames = scenarios.map(({ name }) => name);
  try {
    return readOptions(process.argv.slice(2), { scenarioNames, serverNames: contestantNames });
  } catch (error) {
    return stopWith(`${error.message}\nTry --help.`, 2);
  }
}

// Starts each server that is wanted once. Answers those that listen, and why others do not.
async function chooseContestants(chosen, context) {
  const contestants = {};
  const obstacles = {};
  const wanted = new Set(chosen.flatMap((scenario) => scenario.contestants));
  for (const name of context.options.servers.filter((server) => wanted.has(server))) {
    context.progress(`starting ${name}`);
    const contestant = makeContestant(name, context.programs);
    const obstacle = await findObstacle(contestant, context);
    if (obstacle) obstacles[name] = obstacle;
    else contestants[name] = contestant;
  }
  return { contestants, obstacles };
}

function toJson({ scenario, ...result }) {
  return { name: scenario.name, title: scenario.title, ...result };
}

// `... | head` closes our stdout: no error of ours.
process.stdout.on('error', (error) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

async function main() {
  const options = chooseOptions();
  if (options.help) {
    process.stdout.write(formatHelp(scenarios));
    return;
  }
  if (process.platform !== 'linux') stopWith('it measures with epoll and /proc: Linux only', 2);
  const programs = compileAll();
  if (!programs.load.path) stopWith(`the load generator: ${programs.load.reason}`, 2);

  const progress = makeProgress();
  const machine = describeMachine();
  const { pinning } = machine;
  const context = { programs, options, pinning, progress, makeTraceFile };
  const chosen = scenarios.filter(({ name }) => options.scenarios.includes(name));
  const say = (text) => {
    progress.clear();
    if (!options.json) console.log(text);
  };

  const { contestants, obstacles } = await chooseContestants(chosen, context);
  say(formatHeading({ machine, options, obstacles }));
  const results = [];
  for (const scenario of chosen) {
    const result = { scenario, ...(await runRounds(scenario, contestants, context)) };
    result.targets = scenario.targets.map((target) => judgeTarget(target, result.rounds ?? []));
    results.push(result);
    say(formatScenario(result));
  }
  say(formatSummary(results));
  if (options.json) {
    const report = { machine, options, obstacles, scenarios: results.map(toJson) };
    console.log(JSON.stringify(report, null, 2));
  }

  const failed = results.some(({ failures }) => failures?.length > 0);
  const missed = results.some(({ targets }) => targets.some((one) => one.verdict === 'MISSED'));
  if (failed || (options.check && missed)) process.exitCode = 1;
}

await main();
