// The circumstances of a test that is emulated: it has more time, and may be left out.

const { TestEnvironment } = require('jest-environment-node');
const { LEFT_OUT } = require('./arm64-suite.cjs');

/** How much slower it may be, also on a machine that has other things to do. */
const SLOWER = 8;

/** With those of the groups that it is in. */
function fullName({ name, parent }) {
  return parent ? `${fullName(parent)} ${name}`.trim() : '';
}

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    const here = LEFT_OUT.filter(({ file, test }) => test && context.testPath.includes(file));
    this.leftOut = here.map(({ test }) => test);
  }

  handleTestEvent({ name, test }) {
    if (name !== 'test_start') return;
    if (test.timeout) test.timeout *= SLOWER;
    if (this.leftOut.some((pattern) => pattern.test(fullName(test)))) test.mode = 'skip';
  }
};
