// Replays the program of a trace and prints, as JSON, the processor time it took and the messages
// that were in it.
//
//   node replay.mjs TRACE

import { openTrace, replayCore, replayProgram } from 'calandria';
import { echo } from './echo-program.mjs';

const trace = openTrace(process.argv[2]);

// Every message is answered by one write, which the trace tells in deliveries of data (kind 3).
let messages = 0;
for (const { deliveries } of trace.turns()) {
  for (let at = 0; at < deliveries.length; at += 32) if (deliveries[at] === 3) messages++;
}

const before = process.cpuUsage();
const report = await replayProgram(trace, echo);
const { user, system } = process.cpuUsage(before);
if (report.divergence) {
  console.error(`Error: the replay diverged in turn ${report.divergence.turn}`);
  process.exit(1);
}

// The core alone, dispatching every event and completion of the run again; comparing what it makes
// of them is included.
const start = process.cpuUsage();
replayCore(trace);
const core = process.cpuUsage(start);
console.log(
  JSON.stringify({
    cpuMicroseconds: user + system,
    coreMicroseconds: core.user + core.system,
    messages,
    verdict: report.verdict,
  }),
);
