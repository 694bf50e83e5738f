// Waits for the wall clock when nothing else keeps the process: what came before is done.
const { createReactor } = require('../../../build/js/src/index.js');
const { createOutside, wallClock } = require('../../../build/js/src/outside/index.js');

const reactor = createReactor({ host: process.argv[2] });
void reactor
  .openDirectory(__dirname)
  .then((directory) => directory.unref())
  .then(() => wallClock(createOutside(reactor)).ready())
  .then(({ now }) => console.log(Math.abs(now - Date.now()) < 1000));
