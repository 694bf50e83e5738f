// The servers that can take part, and how each is started.
//
// A contestant: { command, environment?, collects?, trace? } or { reason } when it cannot run
// here. `collects`: it collects its garbage on SIGUSR2. `trace`: it writes one, to the file named
// by BENCH_RECORD.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { serversDirectory } from './compile.mjs';
import { startServer } from './processes.mjs';

function script(name, environment = {}) {
  const command = [process.execPath, '--expose-gc', join(serversDirectory, name)];
  return { command, environment, collects: true };
}

function recording(payload) {
  return { ...script('calandria.mjs', { BENCH_RECORD_PAYLOAD: payload }), trace: true };
}

function compiled({ path, reason }) {
  return path ? { command: [path] } : { reason };
}

function bun() {
  if (spawnSync('bun', ['--version']).status !== 0) return { reason: 'not on the PATH' };
  return { ...script('bun.mjs'), command: ['bun', join(serversDirectory, 'bun.mjs')] };
}

const makers = {
  c: ({ server }) => compiled(server),
  'node-net': () => script('node-net.mjs'),
  calandria: () => script('calandria.mjs'),
  'calandria-spin': () => script('calandria.mjs', { BENCH_SPIN: '50' }),
  'record-full': () => recording('full'),
  'record-digest': () => recording('digest'),
  libuv: ({ libuv }) => compiled(libuv),
  bun,
};

export const contestantNames = Object.keys(makers);

export function makeContestant(name, programs) {
  return makers[name](programs);
}

// Why it cannot take part; undefined when it listens. A server that is not built or lacks a
// library says so once, before the rounds, and the others go on.
export async function findObstacle(contestant, context) {
  if (contestant.reason) return contestant.reason;
  try {
    await withServer(contestant, context, () => undefined);
    return undefined;
  } catch (error) {
    return error.message;
  }
}

// Starts the contestant's server, passes it on, and stops it whatever happens.
export async function withServer(contestant, context, use) {
  const environment = { ...contestant.environment };
  const trace = contestant.trace ? context.makeTraceFile() : undefined;
  if (trace) environment.BENCH_RECORD = trace.path;
  try {
    const core = context.pinning.server;
    const server = await startServer(contestant.command, { core, environment });
    try {
      return await use(server);
    } finally {
      await server.stop();
    }
  } finally {
    trace?.remove();
  }
}
