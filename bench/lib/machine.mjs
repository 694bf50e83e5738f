// What the figures depend on besides the code, and the two cores they are measured on.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

function readLine(file, pattern) {
  try {
    return readFileSync(file, 'utf8').match(pattern)?.[1];
  } catch {
    return undefined;
  }
}

// "0-1,4" -> [0, 1, 4]
function expandList(list) {
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  });
}

// A container may be allowed other cores than 0 and 1.
function allowedCores() {
  const list = readLine('/proc/self/status', /^Cpus_allowed_list:\s*(.+)$/m);
  return list ? expandList(list) : cpus().map((_, index) => index);
}

function choosePinning() {
  const cores = allowedCores();
  if (spawnSync('taskset', ['-c', String(cores[0]), 'true']).status !== 0) {
    return { note: 'none: taskset (util-linux) is missing, so figures are noisier' };
  }
  if (cores.length < 2) {
    return { note: 'none: one core only, so server and load disturb each other' };
  }
  const [server, load] = cores;
  return { server, load, note: `server on core ${server}, load on core ${load}` };
}

// The hard limit of open files. Node and the C programs raise their own limit up to it.
export function openFilesLimit() {
  const limit = readLine('/proc/self/limits', /^Max open files\s+\S+\s+(\S+)/m);
  return limit === undefined || limit === 'unlimited' ? Infinity : Number(limit);
}

export function describeMachine() {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    kernel: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    pinning: choosePinning(),
  };
}
