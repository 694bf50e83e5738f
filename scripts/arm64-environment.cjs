// The circumstances of a test that is emulated: it has more time, and may be left out.

const { TestEnvironment } = require('jest-environment-node');
const { LEFT_OUT } = require('./arm64-suite.cjs');

/** How much slower it may be, also on a machine that has other things to do. */
const SLOWER = 8;

module.exports = class extends TestEnvironment {
  handleTestEvent({ name, test }) {
    if (name !== 'test_start') return;
    if (test.timeout) test.timeout *= SLOWER;
    if (LEFT_OUT.some((left) => left.test?.test(test.name))) test.mode = 'skip';
  }
};
