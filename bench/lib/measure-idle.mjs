// Measures the memory that a server holds for each connection that does nothing.

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { withServer } from './contestants.mjs';
import { holdLoad, runLoad } from './processes.mjs';

// What a first use allocates (code, pools, arenas) is no connection's: use it before the reading.
const firstUse = { connections: 64, warmup: 0 };
const settling = 100;
// Bytes: what a reading may fall and still be the last.
const settled = 64 * 1024;

// Walks the pages; the figure in /proc/PID/status may be off by hundreds of KiB on newer kernels.
function residentBytes(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(text.match(/^Rss:\s+(\d+) kB$/m)[1]) * 1024;
}

async function settledResidentBytes(contestant, server) {
  // Ends of connections may still be on their way.
  await delay(settling);
  if (!contestant.collects) return residentBytes(server.pid);
  // A heap gives its pages back by and by.
  for (let least = Number.POSITIVE_INFINITY; ; ) {
    await server.collectGarbage();
    await delay(settling);
    const now = residentBytes(server.pid);
    if (now > least - settled) return Math.min(now, least);
    least = now;
  }
}

// `bytes`: what each connection has echoed before it fell idle; 0 for nothing. With `http`: of the
// body that it has asked for.
export function measureIdle({ connections, bytes, http = false }) {
  // A server of HTTP has more code, which is compiled as it is used.
  const kind = http
    ? { mode: 'http', bytes, seconds: 2 }
    : { mode: 'echo', bytes: 64, seconds: 0.3 };
  const first = { ...firstUse, ...kind };
  const idle = { mode: 'idle', connections, bytes, settings: { http: Number(http) } };
  return {
    columns: [{ key: 'memory', label: 'bytes/connection', digits: 0 }],
    connections,
    rounds: 3,
    async measure(contestant, context) {
      const program = context.programs.load.path;
      const core = { core: context.pinning.load };
      return withServer(contestant, context, async (server) => {
        await runLoad(program, server, first, core);
        const before = await settledResidentBytes(contestant, server);
        const held = await holdLoad(program, server, idle, core);
        try {
          const after = await settledResidentBytes(contestant, server);
          return { memory: (after - before) / connections, errors: 0 };
        } finally {
          await held.close();
        }
      });
    },
  };
}
