// Starts servers and loads, each bounded in time, and ends every one of them by its own id.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const startPatience = 10_000;
const scriptPatience = 120_000;
const killPatience = 2_000;
const reportPatience = 100;

const living = new Set();

// Whatever ends this process, also a throw or a signal, ends its children.
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
]) {
  process.on(signal, () => process.exit(128 + number));
}

function start(command, { core, environment }) {
  const pinned = core === undefined ? command : ['taskset', '-c', String(core), ...command];
  const child = spawn(pinned[0], pinned.slice(1), {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  living.add(child);
  const started = { child, complaints: '', ended: false };
  child.stderr.setEncoding('utf8').on('data', (text) => {
    started.complaints += text;
  });
  started.end = new Promise((resolve) => {
    child.on('error', (error) => {
      started.complaints += error.message;
      finish();
    });
    child.on('close', finish);
    function finish() {
      living.delete(child);
      started.ended = true;
      resolve();
    }
  });
  // A child that is gone must not take us along when we close its stdin.
  child.stdin.on('error', () => {});
  started.lines = createInterface({ input: child.stdout });
  return started;
}

// The line of stderr that says most: Node prints file and source line before the error itself.
function complaint({ complaints }) {
  const lines = complaints.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0];
}

// Resolves with the match of the first line of stdout that matches.
function awaitLine(started, pattern, patience, what) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`${what}: nothing within ${patience / 1000} s`));
    }, patience);
    started.lines.on('line', (line) => {
      const match = line.match(pattern);
      if (!match) return;
      clearTimeout(timer);
      resolve(match);
    });
    started.end.then(() => {
      clearTimeout(timer);
      reject(new Error(complaint(started) ?? `${what}: it ended without a word`));
    });
  });
}

async function stop(started) {
  if (started.ended) return;
  started.child.kill('SIGTERM');
  const timer = setTimeout(() => started.child.kill('SIGKILL'), killPatience);
  await started.end;
  clearTimeout(timer);
}

export async function startServer(command, { core, environment } = {}) {
  const started = start(command, { core, environment });
  try {
    // A server that runs in a process of its own says which.
    const [, host, port, process = started.child.pid] = await awaitLine(
      started,
      /^listening on ([\d.]+):(\d+)(?: as (\d+))?$/,
      startPatience,
      'the server does not listen',
    );
    return {
      host,
      port,
      pid: process,
      async collectGarbage() {
        const collected = awaitLine(started, /^collected$/, startPatience, 'no collection');
        started.child.kill('SIGUSR2');
        await collected;
      },
      async readCounters() {
        const counters = awaitLine(started, /^counters (\{.*\})$/, startPatience, 'no counters');
        started.child.kill('SIGUSR1');
        return JSON.parse((await counters)[1]);
      },
      failure: () => (started.ended ? (complaint(started) ?? 'the server ended') : undefined),
      stop: () => stop(started),
    };
  } catch (error) {
    await stop(started);
    throw error;
  }
}

function loadCommand(program, server, load) {
  const { mode, connections, bytes, seconds = 0, warmup = 0, settings = {} } = load;
  const words = [server.host, server.port, mode, connections, bytes, seconds, warmup, server.pid];
  const named = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return [program, ...words.map(String), ...named];
}

// Runs a load to its end and resolves with what it measured.
export async function runLoad(program, server, load, { core } = {}) {
  const started = start(loadCommand(program, server, load), { core });
  const patience = startPatience + 1000 * (load.seconds + load.warmup);
  try {
    const [line] = await awaitLine(started, /^\{.*\}$/, patience, 'the load does not end');
    return JSON.parse(line);
  } catch (error) {
    // A server that died may be reported after the load that noticed it.
    await delay(reportPatience);
    const failure = server.failure();
    throw failure ? new Error(`the server ended: ${failure}`) : error;
  } finally {
    await stop(started);
  }
}

// Runs a program that prints one line of JSON, and resolves with it.
export async function runScript(command, { core, environment } = {}) {
  const started = start(command, { core, environment });
  try {
    const [line] = await awaitLine(
      started,
      /^\{.*\}$/,
      scriptPatience,
      `${command[1]} does not end`,
    );
    return JSON.parse(line);
  } finally {
    await stop(started);
  }
}

// Opens connections and resolves when all are open; `close` closes them.
export async function holdLoad(program, server, load, { core } = {}) {
  const started = start(loadCommand(program, server, load), { core });
  try {
    await awaitLine(started, /^open /, 3 * startPatience, 'the connections do not open');
    return {
      async close() {
        started.child.stdin.end();
        await stop(started);
      },
    };
  } catch (error) {
    await stop(started);
    throw error;
  }
}
