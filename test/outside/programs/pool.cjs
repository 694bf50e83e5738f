// A pool that has nothing to do keeps nothing alive; a job does.
const { createReactor } = require('../../../build/js/src/index.js');
const { createOutside, createPool } = require('../../../build/js/src/outside/index.js');

const reactor = createReactor({ host: process.argv[2] });
const pool = createPool(createOutside(reactor), { workers: 1 });
const slowly = async (value) => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  return value;
};
void pool.offload(slowly, 55).then((value) => console.log(value));
process.on('exit', () => console.log('exit'));
