// The command line.

import { parseArgs } from 'node:util';

const help = `Usage: node bench/run.mjs [options] [scenario...]

Measures calandria's echo server against a reference in C and against node:net,
by the processor time that the server spends on a message.

Why processor time: throughput and latency depend on what else the machine does,
the work for a message hardly. Why ratios within a round: machines change their
speed from minute to minute; in each round the servers run one after another, and
only figures of the same round are compared. A difference below 3 % means nothing.

Reading the table:
  CPU us      the server's processor time for a message, all threads: the median
  x c (...)   the ratio to the C server: median of the rounds, the lowest beside it
  busy %      how much of its core the server used. The load never sleeps: below
              100 the server waited for it, or something else ran on the core
  p50 us ...  latency as the clients see it, at full load except in "latency"

Scenarios:
SCENARIOS

Options:
  --scenario NAME    only this one (repeat for more)
  --servers A,B      only these, in the scenarios that have them: SERVERS
                     (libuv and bun run where libuv1-dev or bun is installed)
  --rounds N         rounds (5; memory is read in at most 3)
  --seconds S        measured time of a run (2)
  --warmup S         time before it (1)
  --quick            1 short round, no libuv and bun: does everything work?
                     Its figures are worth little.
  --check            exit with 1 when a target is missed
  --json             the results as JSON on stdout, every round included
  --list             the scenarios and their targets, and nothing else
  --help             this text

Examples:
  node bench/run.mjs --scenario 64x64B --rounds 9
  node bench/run.mjs --servers c,calandria --scenario churn
  CALANDRIA_HOST=poll node bench/run.mjs --servers c,calandria

All of it takes about fifteen minutes, and 1 GiB of the temporary folder. For quiet
figures: nothing else running, two cores at least, mains power.
Exit status: 0, or 1 when a run failed or bytes were lost or changed.
`;

const defaults = { rounds: 5, seconds: 2, warmup: 1 };
const quick = { rounds: 1, seconds: 0.4, warmup: 0.2 };

const flags = {
  scenario: { type: 'string', multiple: true },
  servers: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  warmup: { type: 'string' },
  quick: { type: 'boolean' },
  check: { type: 'boolean' },
  json: { type: 'boolean' },
  list: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

// Names with commas between them, in lines that fit the column of explanations.
function wrapNames(names) {
  const lines = [''];
  for (const [index, name] of names.entries()) {
    const word = index < names.length - 1 ? `${name}, ` : name;
    if (lines.at(-1).length + word.length > 56) lines.push('');
    lines[lines.length - 1] += word;
  }
  return lines.map((line) => `\n${' '.repeat(21)}${line.trimEnd()}`).join('');
}

export function formatHelp(scenarios, serverNames) {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const lines = scenarios.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`);
  return help.replace('SCENARIOS', lines.join('\n')).replace(' SERVERS', wrapNames(serverNames));
}

function readNumber(values, name, fallback, isValid, range) {
  if (values[name] === undefined) return fallback;
  const number = Number(values[name]);
  if (isValid(number)) return number;
  throw new Error(`--${name} must be ${range}, not ${JSON.stringify(values[name])}`);
}

function checkNames(given, known, what) {
  const unknown = given?.find((name) => !known.includes(name));
  if (unknown === undefined) return given;
  throw new Error(`unknown ${what} ${JSON.stringify(unknown)}; there are ${known.join(', ')}`);
}

// Throws an error with a message for the user.
export function readOptions(words, { scenarioNames, serverNames }) {
  const parsed = parseArgs({ args: words, options: flags, allowPositionals: true });
  const { values } = parsed;
  const named = [...(values.scenario ?? []), ...parsed.positionals];
  const base = values.quick ? quick : defaults;
  const isCount = (number) => Number.isInteger(number) && number >= 1 && number <= 100;
  const isDuration = (number) => number > 0 && number <= 600;
  const isWarmup = (number) => number >= 0 && number <= 600;
  const quickServers = serverNames.filter((name) => name !== 'libuv' && name !== 'bun');
  return {
    rounds: readNumber(values, 'rounds', base.rounds, isCount, 'a number from 1 to 100'),
    seconds: readNumber(values, 'seconds', base.seconds, isDuration, 'from above 0 to 600'),
    warmup: readNumber(values, 'warmup', base.warmup, isWarmup, 'from 0 to 600'),
    scenarios: named.length > 0 ? checkNames(named, scenarioNames, 'scenario') : scenarioNames,
    servers:
      checkNames(values.servers?.split(','), serverNames, 'server') ??
      (values.quick ? quickServers : serverNames),
    check: values.check ?? false,
    json: values.json ?? false,
    list: values.list ?? false,
    help: values.help ?? false,
  };
}
