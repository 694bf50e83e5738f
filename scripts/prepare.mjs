// Makes a clone ready to run: installs what is missing, builds what is out of date, and nothing
// else.
//
// Usage: node scripts/prepare.mjs [layout] [core] [protocols] [llhttp] [host] [lib]
//                                     (no name: all of them)
//
// `npm start`, `npm test` and `npm run bench` begin with it, so a fresh clone needs no other
// command. A step is out of date when the contents of its inputs differ from those it was last
// built from, or when an output is gone. Contents and not times: a checkout touches every file and
// changes none.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  kqueueMissing,
  linkSources,
  nodeGypArguments,
  root,
  toolchainMissing,
} from './toolchain.mjs';

const stampsPath = join(root, 'build/.stamps.json');
const platform = `${process.platform}-${process.arch}`;
/** The folder of a library that is to stand in for kqueue(2) on Linux. Nothing of it is shipped. */
const library = process.env.CALANDRIA_KQUEUE || undefined;
const prebuild = `build/prebuilds/${platform}/calandria.node`;

/** A failure that has been explained already: no stack trace. */
class StepError extends Error {}

const steps = {
  layout: {
    inputs: ['assembly/layout.ts', 'scripts/layout-header.mjs'],
    outputs: ['build/generated/layout.h'],
    build: () => run('layout header', process.execPath, ['scripts/layout-header.mjs']),
  },
  core: {
    inputs: ['assembly', 'asconfig.json', 'package-lock.json'],
    outputs: ['build/core/release.wasm', 'build/core/debug.wasm'],
    build() {
      const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');
      for (const target of ['release', 'debug']) {
        run(`core ${target}`, process.execPath, [asc, '--target', target]);
      }
    },
  },
  protocols: {
    inputs: ['protocols', 'package-lock.json'],
    outputs: ['build/protocols/netstring.wasm'],
    build() {
      const asc = join(root, 'node_modules/assemblyscript/bin/asc.js');
      run('Wasm protocols', process.execPath, [asc, '--config', 'protocols/asconfig.json']);
    },
  },
  llhttp: {
    inputs: ['scripts/llhttp.mjs', 'package-lock.json'],
    outputs: ['build/llhttp/llhttp.wasm', 'build/llhttp/LICENSE'],
    build: () => run('HTTP parser', process.execPath, ['scripts/llhttp.mjs', 'build/llhttp']),
  },
  host: {
    inputs: ['host', 'binding.gyp', 'assembly/layout.ts', 'scripts/layout-header.mjs'],
    outputs: [prebuild],
    needs: ['layout'],
    // Not a failure: the pure JavaScript host works everywhere.
    obstacle: () => toolchainMissing(process.argv.includes('host')),
    build() {
      // Never `rebuild`: it begins by deleting build/, where the other steps' outputs are.
      run('native host', process.execPath, nodeGypArguments(['configure', 'build']));
      mkdirSync(join(root, 'build/prebuilds', platform), { recursive: true });
      // Renamed into place: a process that has the old file mapped must keep the old file.
      copyFileSync(join(root, 'build/Release/calandria.node'), join(root, `${prebuild}.new`));
      renameSync(join(root, `${prebuild}.new`), join(root, prebuild));
    },
  },
  ...(library === undefined ? {} : { kqueue: kqueueStep(library) }),
  lib: {
    inputs: [
      'src',
      'assembly/layout.ts',
      'assembly/core-layout.ts',
      'assembly/meter-layout.ts',
      'tsconfig.json',
      'tsconfig.build.json',
      'package.json',
      'package-lock.json',
      'scripts/esm-wrappers.mjs',
      'scripts/prepare.mjs',
    ],
    outputs: ['build/js/src/index.js', 'build/js/src/index.mjs', 'build/js/src/jest.mjs'],
    // The wrappers load the built library, which may load the core.
    needs: ['core'],
    build() {
      // Built beside and swapped, so that outputs of deleted sources vanish and nobody sees half a
      // build.
      const fresh = `build/js.${process.pid}`;
      try {
        const tsc = join(root, 'node_modules/typescript/bin/tsc');
        const tscArguments = [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh];
        // Comments stand in the declarations, where an editor shows them; in the code they would be
        // a tenth of the package.
        const onlyTypes = ['--emitDeclarationOnly'];
        const onlyCode = ['--noCheck', '--declaration', 'false', '--removeComments'];
        run('declarations', process.execPath, [...tscArguments, ...onlyTypes]);
        run('library', process.execPath, [...tscArguments, ...onlyCode]);
        run('ESM wrappers', process.execPath, ['scripts/esm-wrappers.mjs', `${fresh}/src`]);
        const main = join(root, fresh, 'src/cli/main.js');
        if (existsSync(main)) chmodSync(main, 0o755);
        rmSync(join(root, 'build/js'), { recursive: true, force: true });
        renameSync(join(root, fresh), join(root, 'build/js'));
      } finally {
        rmSync(join(root, fresh), { recursive: true, force: true });
      }
    },
  },
};

/** The shim of kqueue beside that of this machine, for CALANDRIA_HOST=kqueue. */
function kqueueStep(prefix) {
  const folder = join(root, 'build/kqueue');
  return {
    inputs: ['host', 'binding.gyp', 'assembly/layout.ts', 'scripts/layout-header.mjs'],
    outputs: ['build/kqueue/calandria.node'],
    needs: ['layout'],
    made: prefix,
    obstacle: () => toolchainMissing() ?? kqueueMissing(prefix),
    build() {
      linkSources(folder);
      const gyp = (...names) => nodeGypArguments(['-C', folder, ...names]);
      // In two steps: `build` would hand gyp's definitions on to make.
      run('kqueue configuration', process.execPath, gyp('configure', '--', `-Dkqueue=${prefix}`));
      run('kqueue host', process.execPath, gyp('build'));
      copyFileSync(
        join(folder, 'build/Release/calandria.node'),
        join(folder, 'calandria.node.new'),
      );
      renameSync(join(folder, 'calandria.node.new'), join(folder, 'calandria.node'));
    },
  };
}

/** Runs a tool silently; what it printed is shown only if it fails. */
function run(label, command, commandArguments, options = {}) {
  const start = process.hrtime.bigint();
  const result = spawnSync(command, commandArguments, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    ...options,
  });
  const seconds = (Number(process.hrtime.bigint() - start) / 1e9).toFixed(1);
  if (result.status === 0) {
    console.log(`prepare: ${label} ${seconds} s`);
    return;
  }
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  const how =
    result.error?.message ?? (result.signal ? `signal ${result.signal}` : `exit ${result.status}`);
  throw new StepError(`${label} failed (${how}); its output is above`);
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm keeps its own list of what it
 * installed; optional packages may be absent from it, since some are meant for other machines.
 */
function dependenciesCurrent() {
  const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  let installed;
  try {
    installed = read('node_modules/.package-lock.json');
  } catch {
    return false;
  }
  return Object.entries(read('package-lock.json')).every(
    ([path, wanted]) =>
      path === '' ||
      (installed[path] ? installed[path].version === wanted.version : wanted.optional),
  );
}

function prepareDependencies() {
  // An installed copy of the package has no lock file, and its dependencies are its owner's
  // business.
  if (!existsSync(join(root, 'package-lock.json')) || dependenciesCurrent()) return;
  // No dependency needs to run code while it is being installed, so none may.
  run('npm ci', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    shell: process.platform === 'win32',
  });
}

function* filesUnder(path) {
  const absolute = join(root, path);
  if (!existsSync(absolute)) return;
  if (!statSync(absolute).isDirectory()) {
    yield path;
    return;
  }
  for (const name of readdirSync(absolute).sort()) yield* filesUnder(`${path}/${name}`);
}

function inputsHash(step) {
  const hash = createHash('sha256').update(step.made ?? '');
  for (const input of step.inputs) {
    for (const path of filesUnder(input)) {
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(root, path)))
        .update('\0');
    }
  }
  return hash.digest('hex');
}

function readStamps() {
  try {
    return JSON.parse(readFileSync(stampsPath, 'utf8'));
  } catch {
    return {};
  }
}

function writeStamp(name, hash) {
  // Read again: another prepare may have finished a different step meanwhile.
  const stamps = { ...readStamps(), [name]: hash };
  mkdirSync(join(root, 'build'), { recursive: true });
  writeFileSync(`${stampsPath}.${process.pid}`, `${JSON.stringify(stamps, null, 2)}\n`);
  renameSync(`${stampsPath}.${process.pid}`, stampsPath);
}

function prepareStep(name) {
  const step = steps[name];
  const hash = inputsHash(step);
  const built = step.outputs.every((path) => existsSync(join(root, path)));
  if (built && readStamps()[name] === hash) return;
  const obstacle = step.obstacle?.();
  if (obstacle) {
    console.log(`prepare: ${name} skipped: ${obstacle}`);
    return;
  }
  step.build();
  writeStamp(name, hash);
}

function main(names) {
  const unknown = names.filter((name) => !Object.hasOwn(steps, name));
  if (unknown.length > 0) {
    throw new StepError(
      `no step ${unknown.join(', ')}; there are ${Object.keys(steps).join(', ')}`,
    );
  }
  prepareDependencies();
  const wanted = new Set(names.length > 0 ? names : Object.keys(steps));
  for (const name of names) for (const needed of steps[name].needs ?? []) wanted.add(needed);
  // In the order of the table, which is the order of dependence.
  for (const name of Object.keys(steps)) if (wanted.has(name)) prepareStep(name);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  console.error(`prepare: ${error.message}`);
  const again = ['node scripts/prepare.mjs', ...process.argv.slice(2)].join(' ');
  console.error(`prepare: mend that and run \`${again}\` again; finished steps are kept.`);
  process.exitCode = 1;
}
