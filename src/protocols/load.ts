// Loading protocols at run time: JavaScript modules, and Wasm modules by their ending. What is in a
// file is the program's, and so it is in no trace: a replay loads the same files.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { typeError } from '../errors';
import { checkOptions } from '../reactor/arguments';
import { badProtocol, checkProtocol, type Protocol } from './protocol';
import { checkWasmOptions, type WasmOptions, wasmProtocol } from './wasm/protocol';

export interface LoadOptions extends WasmOptions {
  /** What a module that exports a function is called with. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

/**
 * The protocol or stage in a file: the path of a JavaScript module whose default export is one, or
 * a function that makes one of the parameters; or of a Wasm module (`.wasm`). A URL with another
 * query loads a JavaScript module again.
 * @throws ERR_CALANDRIA_BAD_PROTOCOL it has none; the message names the file and what is wrong.
 */
export async function loadProtocol<Loaded = Protocol>(
  file: string | URL,
  options: LoadOptions = {},
): Promise<Loaded> {
  checkOptions('options', options);
  const { parameters = {}, ...ofWasm } = options;
  checkOptions('parameters', parameters);
  checkWasmOptions(ofWasm);
  const url = urlOf(file);
  const path = fileURLToPath(url);
  const loaded = path.endsWith('.wasm')
    ? wasmProtocol(await bytesIn(path), path, ofWasm)
    : checkProtocol(await exportOf(url, path, parameters), path);
  return loaded as Loaded;
}

function urlOf(file: unknown): URL {
  if (typeof file === 'string') return pathToFileURL(resolve(file));
  // By its shape: a test runner's realm has another class.
  const { protocol, href } = (file ?? {}) as Partial<URL>;
  if (protocol === 'file:' && typeof href === 'string') return new URL(href);
  throw typeError('file', 'a path or a file: URL', file);
}

async function bytesIn(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw badProtocol(path, `it cannot be read: ${(cause as Error).message}`, cause);
  }
}

async function exportOf(url: URL, path: string, parameters: object): Promise<unknown> {
  let found: unknown;
  try {
    found = ((await import(url.href)) as { default?: unknown }).default;
  } catch (cause) {
    throw badProtocol(path, `it cannot be loaded: ${messageOf(cause)}`, cause);
  }
  // A module compiled to CommonJS has its default export one level down.
  const nested = (found as { default?: unknown } | null | undefined)?.default;
  if (nested !== undefined) found = nested;
  if (found === undefined) throw badProtocol(path, 'it has no default export');
  if (typeof found !== 'function') return found;
  try {
    return await found(parameters);
  } catch (cause) {
    throw badProtocol(path, `its function throws: ${messageOf(cause)}`, cause);
  }
}

/** Anything can be thrown. */
function messageOf(thrown: unknown): string {
  return types.isNativeError(thrown) ? thrown.message : String(thrown);
}
