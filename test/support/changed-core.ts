// The core with a mistake planted in its source: what a check is worth shows in what it finds.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instantiateSync } from '@assemblyscript/loader';
import type { WasmCore } from '../../src/core/core';
import type { ReactorMemory } from '../../src/core/memory';
import { packageRoot } from '../../src/package-root';

export interface Change {
  readonly file: string;
  /** Found exactly once, or the test is about another core than this one. */
  readonly from: string;
  readonly to: string;
}

/** Compiles the core with the change; a factory in place of the built one. */
export function changedCore(change: Change): (memory: ReactorMemory) => WasmCore {
  const folder = mkdtempSync(join(tmpdir(), 'calandria-core-'));
  try {
    const module = new WebAssembly.Module(compile(folder, change));
    return (memory) => {
      const { instance } = instantiateSync(module, {
        env: { memory: memory.wasm as WebAssembly.Memory },
      });
      const core = instance.exports as unknown as WasmCore;
      core.initialise();
      return core;
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compile(folder: string, { file, from, to }: Change): Buffer {
  const root = packageRoot();
  cpSync(join(root, 'assembly'), join(folder, 'assembly'), { recursive: true });
  cpSync(join(root, 'asconfig.json'), join(folder, 'asconfig.json'));
  const path = join(folder, 'assembly', file);
  const source = readFileSync(path, 'utf8');
  if (source.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
  writeFileSync(path, source.replace(from, to));
  const compiler = join(root, 'node_modules/assemblyscript/bin/asc.js');
  const config = ['--config', 'asconfig.json', '--target', 'release'];
  execFileSync(process.execPath, [compiler, ...config, '--outFile', 'changed.wasm'], {
    cwd: folder,
    stdio: 'pipe',
  });
  return readFileSync(join(folder, 'changed.wasm'));
}
