// A worker that posts: what, how often and how, its parent says.
const { parentPort, workerData } = require('node:worker_threads');
const { Outbox } = require('../../../build/js/src/index.js');

const { port, how, from = 1, to = 0 } = workerData;
const outbox = new Outbox(port);

function* numbers() {
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  for (let number = from; number <= to; number++) {
    view.setUint32(0, number, true);
    yield bytes;
  }
}

/** The code of the error that this throws. */
function codeOf(act) {
  try {
    act();
    return 'none';
  } catch (error) {
    return error.code;
  }
}

const ways = {
  /** Numbers, waiting for room. */
  numbers: () => outbox.postAll(numbers()),
  /** The same without blocking. */
  async: () => outbox.postAllAsync(numbers()),
  /** Until the inbox is full; how many were taken. */
  fill() {
    let taken = 0;
    while (outbox.post('0123456789')) taken++;
    return taken;
  },
  /** Until somebody stops it, and what stopped it. */
  endlessly() {
    parentPort.postMessage('posting');
    return codeOf(() => {
      for (;;) outbox.postAll(numbers());
    });
  },
  /** As fast as it can, whether there is room or not. */
  wildly() {
    parentPort.postMessage('posting');
    const bytes = new Uint8Array(to).fill(from);
    for (;;) outbox.post(bytes);
  },
};

Promise.resolve(ways[how]()).then((result) => parentPort.postMessage(result ?? 'done'));
