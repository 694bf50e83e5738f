// Ten thousand timers a second: each is started, fires once, and is gone.
//
//   timers.mjs node|calandria SECONDS WARMUP
//   timers.mjs node|calandria probe           says whether it can run
//
// Every 10 ms a hundred of them are started, with delays of 1 to 1,000 ms, so that about five
// thousand are always pending. It prints one line of JSON; lateness is in milliseconds.

import { makeInterval } from './interval.mjs';

const rate = 10_000;
const beat = 10;
const delayMax = 1000;

const libraries = {
  node: async () => ({
    start: (delay, handler) => setTimeout(handler, delay),
    repeat(delay, handler) {
      const timer = setInterval(handler, delay);
      return () => clearInterval(timer);
    },
    close() {},
  }),
  calandria: async () => {
    const { calandria } = await import('../servers/library.mjs');
    const reactor = calandria.createReactor();
    return {
      start: (delay, handler) => reactor.setTimer(delay, handler),
      repeat(delay, handler) {
        const timer = reactor.setTimer(delay, handler, { repeat: true });
        return () => timer.cancel();
      },
      close: () => reactor.close(),
    };
  },
};

function quantile(sorted, fraction) {
  return sorted[Math.floor((sorted.length - 1) * fraction)];
}

function measure(library, { seconds, warmup }) {
  const lateness = [];
  let early = 0;
  let started = 0;
  const interval = makeInterval({
    seconds,
    warmup,
    begin() {
      lateness.length = 0;
      early = 0;
    },
  });
  const first = performance.now();
  function startOne() {
    const delay = 1 + ((started++ * 7919) % delayMax);
    const due = performance.now() + delay;
    library.start(delay, () => {
      const late = performance.now() - due;
      lateness.push(late);
      if (late < 0) early++;
    });
  }
  function summarize() {
    lateness.sort((left, right) => left - right);
    return {
      operations: lateness.length,
      ...interval.result(),
      errors: 0,
      early,
      p50: quantile(lateness, 0.5),
      p99: quantile(lateness, 0.99),
    };
  }
  return new Promise((resolve) => {
    const stop = library.repeat(beat, () => {
      if (!interval.continues()) {
        stop();
        return resolve(summarize());
      }
      // By the clock: a late beat makes up for it.
      const wanted = ((performance.now() - first) / 1000) * rate;
      while (started < wanted) startOne();
    });
  });
}

const [name, seconds, warmup] = process.argv.slice(2);
const library = await libraries[name]();
if (seconds === 'probe') {
  console.log('{"ready":true}');
  await library.close();
} else {
  // A second more: until then fewer timers are pending than later.
  const settings = { seconds: Number(seconds), warmup: Number(warmup) + delayMax / 1000 };
  console.log(JSON.stringify(await measure(library, settings)));
  // Thousands are still pending.
  process.exit(0);
}
