// The benchmark. `node bench/run.mjs --help` says what it measures and how to read it.

import { compileAll } from './lib/compile.mjs';
import { contestantNames, findObstacle, makeContestant } from './lib/contestants.mjs';
import { makeDataFiles } from './lib/data-files.mjs';
import { describeMachine } from './lib/machine.mjs';
import { formatHelp, readOptions } from './lib/options.mjs';
import { makeProgress } from './lib/progress.mjs';
import { formatHeading, formatList, formatScenario, formatSummary } from './lib/report.mjs';
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

// Starts each contestant that is wanted once, whatever the number of scenarios it takes part in.
// Answers a function: for a scenario, those that run, and why others do not.
function makeChooser(context) {
  const tried = new Map();
  async function tryOnce(task, name) {
    const key = `${task}/${name}`;
    if (!tried.has(key)) {
      context.progress(`starting ${name}`);
      const contestant = makeContestant(task, name, context.programs);
      tried.set(key, { contestant, obstacle: await findObstacle(contestant, context) });
    }
    return tried.get(key);
  }
  return async ({ task = 'echo', contestants: names }) => {
    const contestants = {};
    const obstacles = {};
    for (const name of names.filter((one) => context.options.servers.includes(one))) {
      const { contestant, obstacle } = await tryOnce(task, name);
      if (obstacle) obstacles[name] = obstacle;
      else contestants[name] = contestant;
    }
    return { contestants, obstacles };
  };
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
    process.stdout.write(formatHelp(scenarios, contestantNames));
    return;
  }
  if (options.list) {
    console.log(formatList(scenarios));
    return;
  }
  if (process.platform !== 'linux') stopWith('it measures with epoll and /proc: Linux only', 2);
  const programs = compileAll();
  if (!programs.load.path) stopWith(`the load generator: ${programs.load.reason}`, 2);

  const progress = makeProgress();
  const machine = describeMachine();
  const { pinning } = machine;
  const dataFiles = makeDataFiles(programs);
  const context = { programs, options, pinning, progress, makeTraceFile, dataFiles };
  const chosen = scenarios.filter(({ name }) => options.scenarios.includes(name));
  const say = (text) => {
    progress.clear();
    if (!options.json) console.log(text);
  };

  const chooseContestants = makeChooser(context);
  say(formatHeading({ machine, options }));
  const results = [];
  for (const scenario of chosen) {
    const { contestants, obstacles } = await chooseContestants(scenario);
    const rounds = await runRounds(scenario, contestants, context);
    const result = { scenario, obstacles, ...rounds };
    result.targets = scenario.targets.map((target) => judgeTarget(target, result.rounds ?? []));
    results.push(result);
    if (result.rounds) scenario.finish?.(result);
    say(formatScenario(result));
  }
  say(formatSummary(results));
  if (options.json) {
    const report = { machine, options, scenarios: results.map(toJson) };
    console.log(JSON.stringify(report, null, 2));
  }

  const failed = results.some(({ failures }) => failures?.length > 0);
  const missed = results.some(({ targets }) => targets.some((one) => one.verdict === 'MISSED'));
  if (failed || (options.check && missed)) process.exitCode = 1;
}

await main();
