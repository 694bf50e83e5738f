// What can be offloaded: a function that needs nothing around it, by its text, or an export of a
// module, by its name.
import { basename, isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { CalandriaError, shown, typeError } from '../errors';

/** An export of a module. */
export interface ModuleWork {
  /** An absolute path, or a file: URL (`new URL('./work.mjs', import.meta.url)`). */
  readonly module: string | URL;
  /** The export. Default 'default'. */
  readonly name?: string;
}

/** What a worker is told. */
export type Work =
  | { readonly source: string }
  | { readonly module: string; readonly export: string };

/** What is to be done, and how messages call it. */
export interface NamedWork {
  readonly name: string;
  readonly work: Work;
}

type Offloaded = (...given: never[]) => unknown;

const known = new WeakMap<Offloaded, NamedWork>();

/** Refuses what no worker could run, before anything is started. */
export function workOf(what: Offloaded | ModuleWork): NamedWork {
  if (typeof what !== 'function') return moduleWork(what);
  const named = known.get(what) ?? functionWork(what);
  known.set(what, named);
  return named;
}

function functionWork(what: Offloaded): NamedWork {
  const source = `(${Function.prototype.toString.call(what)}\n)`;
  const name = what.name === '' ? 'a function' : what.name;
  if (/\{\s*\[native code\]\s*\}\s*\)$/.test(source)) {
    throw bad(`${name} has no source (it is native, or bound)`);
  }
  try {
    new Script(source);
  } catch (cause) {
    throw bad(`the source of ${name} does not stand alone (is it a method?)`, cause);
  }
  return { name: `offload ${name}`, work: { source } };
}

function moduleWork(what: ModuleWork): NamedWork {
  if (typeof what !== 'object' || what === null) {
    throw typeError('what', 'a function, or { module, name }', what);
  }
  const { module, name = 'default' } = what;
  if (typeof name !== 'string') throw typeError('name', 'a string', name);
  const url = urlOf(module);
  return {
    name: `offload ${name} of ${basename(fileURLToPath(url))}`,
    work: { module: url, export: name },
  };
}

function urlOf(module: unknown): string {
  if (typeof module === 'string' && isAbsolute(module)) return pathToFileURL(module).href;
  const text = module instanceof URL || typeof module === 'string' ? String(module) : undefined;
  if (text === undefined) throw typeError('module', 'an absolute path, or a file: URL', module);
  if (text.startsWith('file:')) return text;
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_OPTION',
    `module is an absolute path, or a file: URL, not ${shown(text)}.`,
  );
}

function bad(why: string, cause?: unknown): CalandriaError {
  const message = `what cannot be offloaded: ${why}.`;
  return new CalandriaError('ERR_CALANDRIA_BAD_OPTION', message, { cause });
}
