// The long fuzz of the core: each run draws everything from its seed, so a failure is a number.
//
// Usage: node scripts/fuzz.mjs [--runs N] [--seed S] [--build release|debug]
//
// Runs seeds S, S + 1, … and prints what failed, with the way to run it again. The engine is
// test/support/core-fuzz.ts; what it watches are the checkers beside it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import typescript from 'typescript';
import { root } from './toolchain.mjs';

/** Failures shown in full; what follows is counted. */
const SHOWN = 10;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    build: { type: 'string', default: 'debug' },
  },
});
const runs = Number(values.runs);
const first = Number(values.seed);
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(first) || first < 0) {
  console.error('fuzz: --runs takes a number from 1, --seed a number from 0');
  process.exit(2);
}
if (values.build !== 'release' && values.build !== 'debug') {
  console.error('fuzz: --build is release or debug');
  process.exit(2);
}

// The tests are TypeScript and nothing built them: strip the types of each file as it is loaded.
const require = createRequire(join(root, 'package.json'));
require.extensions['.ts'] = (module, path) => {
  const { outputText } = typescript.transpileModule(readFileSync(path, 'utf8'), {
    fileName: path,
    compilerOptions: {
      target: typescript.ScriptTarget.ES2022,
      module: typescript.ModuleKind.CommonJS,
      esModuleInterop: true,
      inlineSourceMap: true,
    },
  });
  module._compile(outputText, path);
};
process.setSourceMapsEnabled(true);
const { fuzzCore } = require('./test/support/core-fuzz.ts');

let failed = 0;
let turns = 0;
let events = 0;
let updates = 0;
let said = Date.now();
for (let run = 0; run < runs; run++) {
  try {
    const result = fuzzCore(first + run, values.build);
    turns += result.turns;
    events += result.events;
    updates += result.updates;
  } catch (error) {
    failed++;
    if (failed <= SHOWN) console.error(`${error.message}\n${error.cause?.stack ?? ''}\n`);
  }
  if (Date.now() - said > 10_000) {
    said = Date.now();
    console.log(`fuzz: ${run + 1} of ${runs} runs, ${failed} failed`);
  }
}
console.log(`fuzz: ${turns} turns, ${events} events, ${updates} updates`);
console.log(`${runs - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
