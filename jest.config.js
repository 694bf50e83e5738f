// What takes long by its nature lies in files of its own, *.long.test.ts: `npm run test:long`.
const tests = process.env.TEST_LONG ? '*.long.test.ts' : '!(*.long).test.ts';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: [`<rootDir>/test/**/${tests}`],
  // Types are checked by `npm run check`; here each file is only stripped of them
  // (isolatedModules).
  transform: { '^.+\\.ts$': ['ts-jest', { tsconfig: 'tsconfig.json' }] },
  moduleNameMapper: {
    // The package's own name means the sources, so that a test and an example share one copy.
    '^calandria$': '<rootDir>/src/index.ts',
    '^calandria/(\\w+(?:/\\w+)?)$': '<rootDir>/src/$1',
    // `./file.js` is how a NodeNext import may name `./file.ts`.
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/test/fixtures/'],
  maxWorkers: 2,
  // Far beyond what any of them takes: it is for what hangs, also on a machine that is slow.
  testTimeout: 60_000,
};
