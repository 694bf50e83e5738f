// The servers and programs that can take part, and how each is started.
//
// A contestant: { command, environment?, collects?, trace?, serverless? } or { reason } when it
// cannot run here. `collects`: it collects its garbage on SIGUSR2. `trace`: it writes one, to the
// file named by BENCH_RECORD. `serverless`: it measures itself and prints what it found; the word
// "probe" asks it whether it can run.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { programsDirectory, serversDirectory } from './compile.mjs';
import { runScript, startServer } from './processes.mjs';

function script(name, environment = {}) {
  const command = [process.execPath, '--expose-gc', join(serversDirectory, name)];
  return { command, environment, collects: true };
}

function recording(payload) {
  return { ...script('calandria.mjs', { BENCH_RECORD_PAYLOAD: payload }), trace: true };
}

function onHost(name, registration = '') {
  return script('calandria.mjs', { CALANDRIA_HOST: name, BENCH_REGISTRATION: registration });
}

function triggered(trigger) {
  return script('calandria.mjs', { CALANDRIA_HOST: 'epoll', BENCH_TRIGGER: trigger });
}

function compiled({ path, reason }, ...words) {
  return path ? { command: [path, ...words] } : { reason };
}

function bun(name) {
  if (spawnSync('bun', ['--version']).status !== 0) return { reason: 'not on the PATH' };
  return { ...script(name), command: ['bun', join(serversDirectory, name)] };
}

function program(name, ...words) {
  return { command: [process.execPath, join(programsDirectory, name), ...words], serverless: true };
}

function waiting(program, kind) {
  return { ...compiled(program, kind), serverless: true };
}

// To find out whether a server that sends a file can run, any file will do.
function withFile(contestant) {
  const environment = { BENCH_FILE: fileURLToPath(import.meta.url), ...contestant.environment };
  return { ...contestant, environment };
}

// By task, and by name.
const makers = {
  echo: {
    c: ({ server }) => compiled(server),
    'c-threads': ({ serverThreads }) => compiled(serverThreads),
    'c-poll': ({ pollServer }) => compiled(pollServer),
    'node-net': () => script('node-net.mjs'),
    calandria: () => script('calandria.mjs'),
    'calandria-uring': () => script('calandria.mjs', { CALANDRIA_HOST: 'uring' }),
    'calandria-uring-core': () => script('calandria.mjs', { BENCH_RINGS: 'core' }),
    'on-epoll': () => onHost('epoll'),
    'on-epoll-level': () => onHost('epoll', 'level'),
    'on-epoll-oneshot': () => onHost('epoll', 'oneshot'),
    ...Object.fromEntries(
      ['edge', 'level', 'oneshot', 'dispatch'].map((one) => [
        `change-${one}`,
        () => triggered(one),
      ]),
    ),
    'on-poll': () => onHost('poll'),
    'on-select': () => onHost('select'),
    'on-rtsig': () => onHost('rtsig'),
    'on-node': () => onHost('node'),
    'calandria-spin': () => script('calandria.mjs', { BENCH_SPIN: '50' }),
    'vector-8': () => script('calandria.mjs', { BENCH_VECTOR: '8' }),
    'vector-32': () => script('calandria.mjs', { BENCH_VECTOR: '32' }),
    'vector-256': () => script('calandria.mjs', { BENCH_VECTOR: '256' }),
    'vector-adaptive': () => script('calandria.mjs', { BENCH_VECTOR: 'adaptive' }),
    'record-full': () => recording('full'),
    'record-digest': () => recording('digest'),
    libuv: ({ libuv }) => compiled(libuv),
    bun: () => bun('bun.mjs'),
  },
  'send a file': {
    c: ({ server }) => withFile(compiled(server)),
    'node-fs': () => withFile(script('node-fs.mjs')),
    calandria: () => withFile(script('calandria-file.mjs')),
    'calandria-uring': () => withFile(script('calandria-file.mjs', { CALANDRIA_HOST: 'uring' })),
  },
  datagrams: {
    c: ({ datagrams }) => compiled(datagrams),
    'c-plain': ({ datagrams }) => compiled(datagrams, '--plain'),
    'node-dgram': () => script('node-dgram.mjs'),
    calandria: () => script('calandria-datagrams.mjs'),
  },
  http: {
    nginx: () => script('nginx.mjs'),
    'nginx-cached': () => script('nginx.mjs', { BENCH_CACHE: '1' }),
    calandria: () => script('calandria-http.mjs'),
    'calandria-fetch': () => script('calandria-http.mjs', { BENCH_FETCH: '1' }),
    'node-http': () => script('node-http.mjs'),
    'bun-http': () => bun('bun-http.mjs'),
  },
  'read a file': {
    c: ({ readFile }) => ({ ...compiled(readFile), serverless: true }),
    'node-fs': () => program('read-file.mjs', 'node-fs'),
    calandria: () => program('read-file.mjs', 'calandria'),
    'calandria-uring': () => program('read-file.mjs', 'calandria-uring'),
  },
  wait: {
    select: ({ waitCost }) => waiting(waitCost, 'select'),
    poll: ({ waitCost }) => waiting(waitCost, 'poll'),
    epoll: ({ waitCost }) => waiting(waitCost, 'epoll'),
    uring: ({ waitCost }) => waiting(waitCost, 'uring'),
  },
  timers: {
    'node-timers': () => program('timers.mjs', 'node'),
    calandria: () => program('timers.mjs', 'calandria'),
  },
};

export const contestantNames = [...new Set(Object.values(makers).flatMap(Object.keys))];

export function makeContestant(task, name, programs) {
  return makers[task][name](programs);
}

// Why it cannot take part; undefined when it listens. One that is not built or lacks a library says
// so once, before the rounds, and the others go on.
export async function findObstacle(contestant, context) {
  if (contestant.reason) return contestant.reason;
  try {
    if (contestant.serverless) await runScript([...contestant.command, 'probe']);
    else await withServer(contestant, context, () => undefined);
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
