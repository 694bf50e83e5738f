// Finds what the native host is compiled with, for scripts/prepare.mjs and scripts/sanitize.mjs.

import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** The package's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The systems for which host/ has a kernel interface, */
const platforms = ['linux'];
/** and those for which it was compiled and never run (scripts/cross.mjs): built when asked for. */
const unproven = ['darwin', 'freebsd', 'netbsd', 'openbsd'];

/** Where a command is; undefined if it is nowhere. */
export function commandPath(name) {
  // A name from the environment may be a path, or a command with arguments (`ccache g++`).
  const program = name.split(' ')[0];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = program.includes('/') ? program : join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

function packagePath(name) {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}

/**
 * Why the native host is not to be compiled here, in one line; undefined if it is. `asked`: for
 * this by name, and not as one step of all.
 */
export function toolchainMissing(asked = false) {
  const fallback = 'the pure JavaScript host works without it';
  if (unproven.includes(process.platform)) {
    if (!asked) {
      return `it was compiled for ${process.platform} and never run there, so only \`npm run build:host\` builds it; ${fallback}`;
    }
  } else if (!platforms.includes(process.platform)) {
    return `there is no native host for ${process.platform} yet; ${fallback}`;
  }
  const commands = [process.env.CXX || 'g++', 'make', process.env.PYTHON || 'python3'];
  const missing = commands.filter((name) => !commandPath(name));
  // Development dependencies: absent where the package was installed from the registry.
  for (const name of ['node-gyp', 'node-addon-api']) {
    if (!packagePath(`${name}/package.json`)) missing.push(`npm package ${name}`);
  }
  return missing.length > 0 ? `missing ${missing.join(', ')}; ${fallback}` : undefined;
}

/**
 * node-gyp always builds into ./build, so for another build the sources are shown to it in a folder
 * of its own.
 */
export function linkSources(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'build'), { recursive: true });
  for (const path of ['binding.gyp', 'host', 'scripts', 'build/generated']) {
    symlinkSync(join(root, path), join(folder, path));
  }
}

/** Why no kqueue library can be built against there, in one line; undefined if it can. */
export function kqueueMissing(prefix) {
  const headers = ['include/kqueue/sys/event.h', 'include/sys/event.h'];
  if (!headers.some((path) => existsSync(join(prefix, path)))) {
    return `${prefix} has no ${headers.join(' and no ')}`;
  }
  const libraries = existsSync(join(prefix, 'lib')) ? readdirSync(join(prefix, 'lib')) : [];
  const found = libraries.some((name) => /^libkqueue\.(so|a)/.test(name));
  return found ? undefined : `${prefix} has no lib/libkqueue.so`;
}

/**
 * The arguments for `node` which run node-gyp with these arguments of its own, for the Node that is
 * installed at `prefix`.
 */
export function nodeGypArguments(gypArguments, prefix = dirname(dirname(process.execPath))) {
  const nodeGyp = join(dirname(require.resolve('node-gyp/package.json')), 'bin/node-gyp.js');
  // Headers that came with this very Node spare a download; without them node-gyp fetches its own.
  const local = existsSync(join(prefix, 'include/node/node_api.h'));
  return [nodeGyp, ...(local ? [`--nodedir=${prefix}`] : []), ...gypArguments];
}
