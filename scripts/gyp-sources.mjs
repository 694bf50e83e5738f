// What binding.gyp compiles for a system, and with which defines: for whoever compiles it without
// node-gyp.
//
// Usage: node scripts/gyp-sources.mjs <system>      prints one argument of the compiler a line
//
// The systems are gyp's: linux, mac, freebsd, netbsd, openbsd.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './toolchain.mjs';

/** gyp's files are Python's literals: JavaScript's, but for the comments. */
function readGyp() {
  const text = readFileSync(join(root, 'binding.gyp'), 'utf8').replace(/^\s*#.*$/gm, '');
  return new Function(`return (${text});`)();
}

/** A condition of gyp's, with these values of its variables. */
function holds(condition, values) {
  const expression = condition.replace(/\band\b/g, '&&').replace(/\bor\b/g, '||');
  return new Function(...Object.keys(values), `return ${expression};`)(...Object.values(values));
}

function collect(part, values, into) {
  into.sources.push(...(part.sources ?? []));
  into.defines.push(...(part.defines ?? []));
  for (const [condition, then, otherwise] of part.conditions ?? []) {
    collect(holds(condition, values) ? then : (otherwise ?? {}), values, into);
  }
  return into;
}

/** 1 when the headers here know io_uring, as binding.gyp asks it. */
function knowsUring() {
  const script = join(root, 'scripts/uring-header.mjs');
  return Number(execFileSync(process.execPath, [script], { encoding: 'utf8' }));
}

/** { sources, defines } for a system; `kqueue`: the folder of a library that stands in for it. */
export function gypSources(OS, kqueue = '') {
  const [target] = readGyp().targets;
  const uring = OS === 'linux' ? knowsUring() : 0;
  return collect(target, { OS, kqueue, uring, sanitize: 0 }, { sources: [], defines: [] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { sources, defines } = gypSources(process.argv[2]);
  console.log([...defines.map((name) => `-D${name}`), ...sources].join('\n'));
}
