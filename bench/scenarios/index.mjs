// All scenarios, in the order in which they run. A new one is a new file and a line here.
//
// A scenario: {
//   name, title,
//   measurement   { columns, connections, rounds?, measure(contestant, context) -> figures }
//   contestants   names from lib/contestants.mjs
//   baselines     those that the table shows ratios to
//   compared?     the key of the compared figure, if it is not the first column's
//   targets       see lib/targets.mjs
// }

import calls from './calls.mjs';
import churn from './churn.mjs';
import idle from './idle.mjs';
import idleUsed from './idle-used.mjs';
import latency from './latency.mjs';
import medium from './medium.mjs';
import record from './record.mjs';
import replay from './replay.mjs';
import small from './small.mjs';
import stream from './stream.mjs';
import thousand from './thousand.mjs';

export const scenarios = [
  small,
  thousand,
  medium,
  stream,
  churn,
  latency,
  calls,
  record,
  replay,
  idle,
  idleUsed,
];
