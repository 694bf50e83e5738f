// A job that never ends keeps the process alive, unless it was told not to.
const { createReactor } = require('../../../build/js/src/index.js');
const { createOutside, wallClock } = require('../../../build/js/src/outside/index.js');

const [, , host, ref] = process.argv;
const reactor = createReactor({ host });
const outside = createOutside(reactor);
void outside.run('for ever', () => new Promise(() => {}), { ref: ref === 'true' });
void wallClock(outside)
  .ready()
  .then(({ now }) => {
    console.log(Math.abs(now - Date.now()) < 1000);
    reactor.setTimer(100, () => console.log('nothing else to do'));
  });
process.on('exit', () => console.log('exit'));
