// Packages from npm for the scripts that need one which is no dependency of the project: another
// Node, a compiler for other systems.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './toolchain.mjs';

/** A folder for packages, which `npm ci` takes away with the others. */
export function packageCache(...names) {
  return join(root, 'node_modules/.cache', ...names);
}

/**
 * Installs packages into a folder which is theirs alone: npm removes from a folder whatever it was
 * not asked for this time. `foreign`: also if they are for another processor. Empty when all went
 * well, else npm's first complaint.
 */
export function installPackages(folder, packages, { foreign = false } = {}) {
  mkdirSync(folder, { recursive: true });
  const npm = ['install', '--prefix', folder, '--no-save', '--no-package-lock', '--ignore-scripts'];
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const force = foreign ? ['--force'] : [];
  const { status, stderr, error } = spawnSync('npm', [...npm, ...quiet, ...force, ...packages], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status === 0) return '';
  const [reason] = (stderr || error?.message || '').trim().split('\n');
  return reason || `npm ended with ${status}`;
}
