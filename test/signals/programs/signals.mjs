// One scene with real signals, in a process of its own: they would end a test runner, whose
// sandbox has a process object without them.
//
// Usage: signals.mjs HOST SCENE [TRACE]

import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import {
  chooseHost,
  createReactor,
  formatDivergence,
  openTrace,
  record,
  replayCore,
  replayProgram,
} from 'calandria';

const [, , host, scene, file] = process.argv;

/** A turn of the reactor, and one more: what was asked for before them is answered. */
const turns = (reactor) =>
  new Promise((resolve) => reactor.setTimer(0, () => reactor.setTimer(0, () => resolve())));

function raise(signal, times = 1) {
  for (let time = 0; time < times; time++) process.kill(process.pid, signal);
}

/** The first event of a watch, and the watch. */
async function first(reactor, signal) {
  let resolve;
  const event = new Promise((done) => {
    resolve = done;
  });
  const watch = reactor.watchSignal(signal, { signal: (_, heard) => resolve(heard) });
  await watch.ready();
  return { watch, event };
}

const SCENES = {
  async held(reactor) {
    const { event } = await first(reactor, 'SIGUSR1');
    raise('SIGUSR1', 10);
    return event;
  },
  async alone(reactor) {
    const { watch, event } = await first(reactor, 12);
    raise('SIGUSR2');
    return { ...(await event), name: watch.signal };
  },
  async beside(reactor) {
    const theirs = new Promise((resolve) => process.once('SIGUSR2', () => resolve('heard')));
    const { event } = await first(reactor, 'SIGUSR2');
    raise('SIGUSR2');
    return { theirs: await theirs, ours: (await event).count };
  },
  async twice(reactor) {
    const watches = [await first(reactor, 'SIGWINCH'), await first(reactor, 'SIGWINCH')];
    raise('SIGWINCH');
    const events = await Promise.all(watches.map(({ event }) => event));
    return events.map(({ count }) => count);
  },
  async iterate(reactor) {
    const watch = reactor.watchSignal('SIGWINCH', {});
    await watch.ready();
    setImmediate(() => raise('SIGWINCH'));
    const seen = [];
    for await (const event of watch) {
      seen.push(event);
      break;
    }
    await turns(reactor);
    return { seen, closed: watch.closed };
  },
  async count(reactor) {
    const watch = reactor.watchSignal('SIGWINCH', {});
    await watch.ready();
    watch.read(0);
    const { event } = await first(reactor, 'SIGWINCH');
    raise('SIGWINCH', 3);
    const { count } = await event;
    watch.sample();
    await turns(reactor);
    return { count, available: watch.rx.available, exactness: watch.rx.exactness };
  },
  /** A shell sends as fast as it can, with nothing but this between the signals. */
  async storm(reactor) {
    const total = 100_000;
    let count = 0;
    let coalesced = 0;
    let events = 0;
    const watch = reactor.watchSignal('SIGUSR2', {
      signal(_, event) {
        count += event.count;
        events++;
        if (event.coalesced) coalesced++;
      },
    });
    await watch.ready();
    const before = process.resourceUsage();
    const memory = process.memoryUsage().rss;
    const script = `i=0; while [ $i -lt ${total / 2} ]; do kill -USR2 ${process.pid}; i=$((i+1)); done`;
    // Half while the loop turns, half while it is held.
    await new Promise((resolve) => spawn('sh', ['-c', script]).on('close', resolve));
    execFileSync('sh', ['-c', script]);
    await turns(reactor);
    await turns(reactor);
    const spent = process.resourceUsage().userCPUTime - before.userCPUTime;
    await new Promise((resolve) => reactor.setTimer(50, () => resolve()));
    const turned = reactor.turn;
    await new Promise((resolve) => reactor.setTimer(100, () => resolve()));
    return {
      count,
      events,
      coalesced,
      spent,
      grown: process.memoryUsage().rss - memory,
      idle: reactor.turn - turned,
    };
  },
};

/** Opens and closes many; what the process holds before and after. */
SCENES.many = async (reactor) => {
  const held = () => readdirSync('/proc/self/fd').length;
  const caught = () => /SigCgt:\s*(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  // libuv's own pipe for signals comes with the first and stays.
  const round = async () => {
    const watches = Array.from({ length: 8 }, () => reactor.watchSignal('SIGWINCH', {}));
    await Promise.all(watches.map((watch) => watch.ready()));
    raise('SIGWINCH');
    for (const watch of watches) watch.close();
    await turns(reactor);
    return { held: held(), caught: caught() };
  };
  return { first: await round(), last: await round() };
};

/** A worker's own reactor hears of the process's signal; so does a second one that just ends. */
SCENES.workers = async (reactor) => {
  const code = `
    const { parentPort } = require('node:worker_threads');
    const { createReactor } = require('calandria');
    const watch = createReactor({ host: '${host}' }).watchSignal('SIGUSR2', {
      signal: (_, { count }) => parentPort.postMessage(count),
    });
    watch.ready().then(() => parentPort.postMessage('ready'), ({ code }) => parentPort.postMessage(code));
  `;
  const workers = [0, 1].map(() => new Worker(code, { eval: true }));
  const next = (worker) => new Promise((resolve) => worker.once('message', resolve));
  const ready = await Promise.all(workers.map(next));
  if (ready[0] !== 'ready') {
    await Promise.all(workers.map((worker) => worker.terminate()));
    return ready;
  }
  const heard = workers.map(next);
  raise('SIGUSR2');
  const counts = await Promise.all(heard);
  // Ended with signals under way.
  const ends = workers.map((worker) => worker.terminate());
  const { event } = await first(reactor, 'SIGUSR2');
  raise('SIGUSR2', 100);
  await Promise.all([...ends, event]);
  return counts;
};

function program(reactor, heard, closed) {
  let total = 0;
  return reactor.watchSignal('SIGUSR2', {
    signal(watch, { count, coalesced }) {
      heard.push({ count, coalesced });
      // A call that the trace has to hold, with what was heard in it.
      reactor.setTimer(count, () => {});
      total += count;
      if (total >= 2) watch.close();
    },
    close() {
      heard.push('close');
      closed?.();
    },
  });
}

async function replayed() {
  const heard = [];
  const reactor = createReactor({ host: record(chooseHost(host), file) });
  await new Promise((resolve) => {
    // Outside every turn: what a turn's microtasks call, the program would have to call too.
    const watch = program(reactor, heard, () => setImmediate(resolve));
    watch.ready().then(() => raise('SIGUSR2', 5));
  });
  await reactor.close();
  const again = [];
  const explain = ({ verdict, reason, divergence }) =>
    [verdict, reason, divergence && formatDivergence(divergence)].filter(Boolean).join('\n');
  const core = explain(replayCore(openTrace(file)));
  const runs = explain(await replayProgram(openTrace(file), (other) => void program(other, again)));
  return { heard, again, core, program: runs };
}

let result;
if (scene === 'replay') result = await replayed();
else {
  const reactor = createReactor({ host });
  result = await SCENES[scene](reactor);
  await reactor.close();
}
process.send(result, () => process.disconnect());
