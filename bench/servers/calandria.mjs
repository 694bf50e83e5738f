// The echo server on calandria. On SIGUSR1 it prints what the reactor counted.
//
//   CALANDRIA_HOST        the host, by name; the reactor chooses when it is not set
//   BENCH_SPIN            microseconds to spin before blocking
//   BENCH_RECORD          a file: record the run into it
//   BENCH_RECORD_PAYLOAD  full or digest
//   BENCH_TIMERS          how many timers to have pending
//   BENCH_REGISTRATION    of epoll: edge, level or oneshot
//   BENCH_RINGS           of uring: kernel or core
//   BENCH_TRIGGER         the program reads when `change` says so, repeated in this way
//   BENCH_VECTOR          how many events one look takes: a number, or adaptive

import { collectOnSignal } from './collect-on-signal.mjs';
import { echo, echoOnChange } from './echo-program.mjs';
import { calandria } from './library.mjs';
import { keepTimersPending } from './pending-timers.mjs';

const {
  BENCH_VECTOR: vector,
  BENCH_REGISTRATION: registration,
  BENCH_RINGS: rings,
  BENCH_TRIGGER: trigger,
} = process.env;

function chooseHost() {
  const { BENCH_RECORD: file, BENCH_RECORD_PAYLOAD: payload = 'full' } = process.env;
  const { epoll, fileSink, record, uring } = calandria;
  if (vector) return epoll({ vector: vector === 'adaptive' ? vector : 'full' });
  if (rings) return uring({ rings });
  if (registration) return epoll({ registration });
  if (!file) return process.env.CALANDRIA_HOST;
  return record(epoll(), fileSink(file), { payload });
}

const reactor = calandria.createReactor({
  host: chooseHost(),
  ...(Number(vector) > 0 && { limits: { events: Number(vector) } }),
  spin: Number(process.env.BENCH_SPIN ?? 0),
});

const listener = trigger ? echoOnChange(reactor, trigger) : echo(reactor);
keepTimersPending((delay, handler) => reactor.setTimer(delay, handler));
process.on('SIGUSR1', () => console.log(`counters ${JSON.stringify(reactor.counters)}`));
collectOnSignal();
const { port } = await listener.ready();
console.log(`listening on 127.0.0.1:${port}`);
