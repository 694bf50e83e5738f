// The core as the reactor sees it. There are two: the Wasm one, and the one made of a trace with
// which a program is replayed (trace/program-core.ts). Same calls, same results in memory.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instantiateSync } from '@assemblyscript/loader';
import { CalandriaError } from '../errors';
import { packageRoot } from '../package-root';
import type { ReactorMemory } from './memory';

/** Calls answer CALL_… results of assembly/layout.ts: 0 or more is success. */
export interface Core {
  turn(): void;
  end(): void;
  reserve(length: number): number;
  open(
    dial: number,
    address: number,
    length: number,
    port: number,
    options: number,
    backlog: number,
    handlers: number,
    wants: number,
  ): number;
  /** Generation of what open() just made, where the record in memory does not tell it yet. */
  readonly opened?: number | undefined;
  write(record: number, generation: number, address: number, length: number, total: number): number;
  read(record: number, generation: number, appetite: number): number;
  finish(record: number, generation: number): number;
  close(record: number, generation: number): number;
  destroy(record: number, generation: number): number;
  sample(record: number, generation: number): number;
  option(record: number, generation: number, name: number, value: number): number;
  openSource(
    kind: number,
    address: number,
    length: number,
    argument: number,
    value: number,
    handlers: number,
    wants: number,
  ): number;
  spawn(
    address: number,
    length: number,
    streams: number,
    ofStreams: number,
    streamWants: number,
    handlers: number,
    wants: number,
  ): number;
  /** The record of a stream of what spawn() just made; its generation is in `opened`, or memory. */
  takenStream(which: number): number;
  sendTo(record: number, generation: number, address: number, length: number): number;
  operate(
    record: number,
    generation: number,
    task: number,
    offsetLow: number,
    offsetHigh: number,
    address: number,
    length: number,
  ): number;
  /** A u64 offset and a u64 length lie at `address`. */
  sendFile(
    record: number,
    generation: number,
    file: number,
    fileGeneration: number,
    address: number,
    via: number,
  ): number;
  operationGeneration(operation: number): number;
  timerStart(delayLow: number, delayHigh: number, repeat: number): number;
  idleStart(withinLow: number, withinHigh: number, repeat: number): number;
  timerGeneration(timer: number): number;
  timerCancel(timer: number, generation: number): number;
  random(): number;
  thrown(record: number, generation: number): number;
  stop(drain: number, deadline: number): number;
  trigger(record: number, generation: number, mode: number): number;
  enable(record: number, generation: number): number;
  lease(address: number, length: number): number;
  unlease(lease: number): number;
}

export interface WasmCore extends Core {
  initialise(): void;
  digest(address: number, length: number): number;
  digestHigh(): number;
}

export type CoreFactory = (memory: ReactorMemory) => Core;

/** "release" for users; tests run both and compare. */
export type CoreBuild = 'release' | 'debug';

interface Loaded {
  readonly module: WebAssembly.Module;
  readonly hash: string;
}

const loaded = new Map<CoreBuild, Loaded>();

/** One module for the process, instantiated by each reactor. */
function load(build: CoreBuild): Loaded {
  const known = loaded.get(build);
  if (known) return known;
  const file = join(packageRoot(), 'build', 'core', `${build}.wasm`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new CalandriaError(
      'ERR_CALANDRIA_CORE',
      `The core is missing (${file}); build it with \`npm run build\`.`,
      { cause },
    );
  }
  const hash = createHash('sha256').update(bytes).digest('hex');
  const result = { module: new WebAssembly.Module(bytes), hash };
  loaded.set(build, result);
  return result;
}

/** SHA-256 of the core's bytes: a core replay needs the core that recorded. */
export function coreHash(build: CoreBuild = 'release'): string {
  return load(build).hash;
}

/** The bare exports: the loader wraps each call in one that spreads its arguments. */
function instantiate(memory: ReactorMemory, build: CoreBuild): WasmCore {
  const { instance } = instantiateSync(load(build).module, {
    env: { memory: memory.wasm as WebAssembly.Memory },
  });
  return instance.exports as unknown as WasmCore;
}

export type Digest = (address: number, length: number) => bigint;

/** The trace's digest of bytes in memory (assembly/digest.ts), beside whatever core works there. */
export function instantiateDigest(memory: ReactorMemory): Digest {
  const { digest, digestHigh } = instantiate(memory, 'release');
  return (address, length) => {
    const low = BigInt(digest(address, length) >>> 0);
    return low | (BigInt(digestHigh() >>> 0) << 32n);
  };
}

/** A fresh core over fresh memory. */
export function instantiateCore(memory: ReactorMemory, build: CoreBuild = 'release'): WasmCore {
  const core = instantiate(memory, build);
  core.initialise();
  return core;
}
