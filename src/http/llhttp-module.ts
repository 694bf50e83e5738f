// The WebAssembly file of llhttp: what is needed of it, and whether it is there. The file is copied
// out of undici when this package is built (scripts/llhttp.mjs); another undici may bring another.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CalandriaError } from '../errors';
import { packageRoot } from '../package-root';

/** What of its exports is used. */
export interface Llhttp {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(size: number): number;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_reset(parser: number): void;
  llhttp_execute(parser: number, address: number, length: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
  llhttp_errno_name(errno: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_method_name(method: number): number;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
}

export const LLHTTP_EXPORTS: Readonly<Record<keyof Llhttp, 'function' | 'memory'>> = {
  memory: 'memory',
  _initialize: 'function',
  malloc: 'function',
  llhttp_alloc: 'function',
  llhttp_free: 'function',
  llhttp_reset: 'function',
  llhttp_execute: 'function',
  llhttp_get_error_pos: 'function',
  llhttp_get_error_reason: 'function',
  llhttp_errno_name: 'function',
  llhttp_get_method: 'function',
  llhttp_method_name: 'function',
  llhttp_get_http_major: 'function',
  llhttp_get_http_minor: 'function',
};

type Span = (parser: number, address: number, length: number) => number;

/** What it calls. 0 goes on, any other number stops it. */
export interface LlhttpCallbacks {
  wasm_on_message_begin(parser: number): number;
  readonly wasm_on_url: Span;
  readonly wasm_on_status: Span;
  readonly wasm_on_header_field: Span;
  readonly wasm_on_header_value: Span;
  wasm_on_headers_complete(
    parser: number,
    status: number,
    upgrade: number,
    keepAlive: number,
  ): number;
  readonly wasm_on_body: Span;
  wasm_on_message_complete(parser: number): number;
}

export function llhttpFile(): string {
  return join(packageRoot(), 'build', 'llhttp', 'llhttp.wasm');
}

function unusable(what: string, cause?: unknown): CalandriaError {
  return new CalandriaError(
    'ERR_CALANDRIA_CORE',
    `The HTTP parser ${what} (${llhttpFile()}); build it with \`npm run build\`.`,
    { cause },
  );
}

/** @throws ERR_CALANDRIA_CORE there is no file. */
export function readLlhttp(): Buffer {
  try {
    return readFileSync(llhttpFile());
  } catch (cause) {
    throw unusable('is missing', cause);
  }
}

/**
 * Checks and instantiates it: what it lacks is named here, not where it would be called.
 * @throws ERR_CALANDRIA_CORE it is no module, lacks an export, or asks for an import that there is
 * not.
 */
export function instantiateLlhttp(code: Uint8Array, callbacks: LlhttpCallbacks): Llhttp {
  let module: WebAssembly.Module;
  try {
    module = new WebAssembly.Module(code as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    throw unusable('is no WebAssembly', cause);
  }
  const kinds = new Map(
    WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind] as const),
  );
  for (const [name, kind] of Object.entries(LLHTTP_EXPORTS)) {
    if (kinds.get(name) !== kind) throw unusable(`has no ${kind} ${name}`);
  }
  for (const { module: place, name, kind } of WebAssembly.Module.imports(module)) {
    if (place === 'env' && kind === 'function' && Object.hasOwn(callbacks, name)) continue;
    throw unusable(`asks for the ${kind} ${place}.${name}, which is not known`);
  }
  const env = callbacks as unknown as WebAssembly.ModuleImports;
  const wasm = new WebAssembly.Instance(module, { env }).exports as unknown as Llhttp;
  wasm._initialize();
  return wasm;
}
