// Runs test files by jest-circus alone, in one process: jest's own resolver is a native module that
// does not run everywhere. Started by scripts/windows.mjs.
//
// Usage: node windows-suite.cjs <file.test.ts>...
// Says each failure, and in its last line "N passed, N failed, N skipped".

const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { join, resolve } = require('node:path');
const { expect } = require('expect');
const circus = require('jest-circus');
const typescript = require('typescript');

const root = join(__dirname, '..');
const { compilerOptions } = typescript.readConfigFile(join(root, 'tsconfig.json'), (path) =>
  readFileSync(path, 'utf8'),
).config;

require.extensions['.ts'] = (module, path) => {
  const options = { ...compilerOptions, module: 'CommonJS', moduleResolution: 'node' };
  const { outputText } = typescript.transpileModule(readFileSync(path, 'utf8'), {
    compilerOptions: { ...options, isolatedModules: true, esModuleInterop: true },
    fileName: path,
  });
  module._compile(outputText, path);
};
// The package's own name means the sources, as in jest.config.js.
const find = Module._resolveFilename;
Module._resolveFilename = function (request, ...more) {
  const own = /^calandria(?:\/(.+))?$/.exec(request);
  return find.call(this, own ? join(root, 'src', own[1] ?? 'index.ts') : request, ...more);
};

const TIMEOUT = 60_000;
const { describe, it, test, beforeAll, beforeEach, afterAll, afterEach } = circus;
Object.assign(globalThis, {
  ...{ describe, it, test, expect, beforeAll, beforeEach, afterAll, afterEach },
  jest: { setTimeout() {} },
});

async function main() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const file of process.argv.slice(2)) {
    circus.resetState();
    circus.getState().testTimeout = TIMEOUT;
    require(resolve(root, file));
    const { testResults, unhandledErrors } = await circus.run();
    for (const { status, testPath, errors } of testResults) {
      if (status === 'skip' || status === 'todo') total.skipped++;
      else if (errors.length === 0) total.passed++;
      else {
        total.failed++;
        console.log(`FAIL ${file}: ${testPath.slice(1).join(' › ')}\n${errors.join('\n')}`);
      }
    }
    for (const error of unhandledErrors) {
      total.failed++;
      console.log(`FAIL ${file}\n${error}`);
    }
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exit(total.failed > 0 ? 1 : 0);
}

main();
