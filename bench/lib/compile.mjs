// Compiles the C programs into build/bench/, where they are newer than what is there.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bench = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(bench, 'c');

export const serversDirectory = join(bench, 'servers');
export const programsDirectory = join(bench, 'programs');
export const outputDirectory = join(dirname(bench), 'build', 'bench');

const compiler = process.env.CC ?? 'gcc';
const flags = ['-O2', '-std=gnu17', '-Wall', '-Wextra'];

function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

// Compiles one program. Answers { path } or { reason }.
function compile(name, files, dependencies, libraries = []) {
  const path = join(outputDirectory, name);
  const newest = Math.max(...[...files, ...dependencies].map(modified));
  if (modified(path) > newest) return { path };

  // Another benchmark may be running the program just now: never write into it.
  const fresh = `${path}.${process.pid}`;
  const { error, status, stderr } = spawnSync(
    compiler,
    [...flags, '-o', fresh, ...files, ...libraries],
    { encoding: 'utf8' },
  );
  if (error) return { reason: `no C compiler (${compiler}; set CC)` };
  if (status !== 0) {
    rmSync(fresh, { force: true });
    const lines = stderr.trim().split('\n');
    return { reason: lines.find((line) => line.includes('error:')) ?? lines[0] };
  }
  renameSync(fresh, path);
  return { path };
}

export function compileAll() {
  mkdirSync(outputDirectory, { recursive: true });
  const names = readdirSync(sources);
  const headers = names.filter((name) => name.endsWith('.h')).map((name) => join(sources, name));
  const loadFiles = names
    .filter((name) => name.startsWith('load') && name.endsWith('.c'))
    .map((name) => join(sources, name));
  const alone = (name, ...libraries) =>
    compile(name, [join(sources, `${name}.c`)], headers, libraries);
  const libuv = compile('libuv-server', [join(serversDirectory, 'libuv.c')], [], ['-luv']);
  return {
    load: compile('load', loadFiles, headers),
    server: alone('server'),
    serverThreads: alone('server-threads', '-pthread'),
    datagrams: alone('datagrams'),
    readFile: alone('read-file'),
    dataFile: alone('data-file'),
    waitCost: alone('wait-cost'),
    pollServer: alone('poll-server'),
    libuv: libuv.path ? libuv : { reason: `not compiled, needs libuv1-dev (${libuv.reason})` },
  };
}
