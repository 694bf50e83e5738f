// All scenarios, in the order in which they run. A new one is a new file and a line here.
//
// A scenario: {
//   name, title,
//   measurement   { columns, connections, rounds?, prepare?(context),
//                   measure(contestant, context) -> figures }. What prepare throws skips the
//                   scenario
//   task?         what the contestants do, a name from lib/contestants.mjs; "echo" unless it says
//   contestants   names from there
//   baselines     those that the table shows ratios to
//   compared?     the key of the compared figure, if it is not the first column's
//   targets       see lib/targets.mjs
//   finish?       ({ names, rounds }): what else is made of the results
// }

import c10k from './c10k.mjs';
import calls from './calls.mjs';
import callsByHost from './calls-by-host.mjs';
import churn from './churn.mjs';
import diskAndPings from './disk-and-pings.mjs';
import files from './files.mjs';
import filesCached from './files-cached.mjs';
import httpSmall from './http-1k.mjs';
import httpLarge from './http-10m.mjs';
import httpMedium from './http-64k.mjs';
import httpBrowser from './http-browser.mjs';
import httpHello from './http-hello.mjs';
import httpIdle from './http-idle.mjs';
import idle from './idle.mjs';
import idleTimers from './idle-timers.mjs';
import idleUsed from './idle-used.mjs';
import latency from './latency.mjs';
import medium from './medium.mjs';
import modes from './modes.mjs';
import poll from './poll.mjs';
import record from './record.mjs';
import replay from './replay.mjs';
import sendfileLarge from './sendfile-large.mjs';
import sendfileSmall from './sendfile-small.mjs';
import small from './small.mjs';
import stream from './stream.mjs';
import thousand from './thousand.mjs';
import timers from './timers.mjs';
import udp from './udp.mjs';
import vector from './vector.mjs';
import waitCost from './wait-cost.mjs';

export const scenarios = [
  small,
  thousand,
  vector,
  medium,
  stream,
  churn,
  latency,
  calls,
  poll,
  callsByHost,
  modes,
  waitCost,
  record,
  replay,
  idle,
  idleUsed,
  c10k,
  udp,
  timers,
  idleTimers,
  files,
  filesCached,
  sendfileSmall,
  sendfileLarge,
  diskAndPings,
  httpHello,
  httpBrowser,
  httpSmall,
  httpMedium,
  httpLarge,
  httpIdle,
];
