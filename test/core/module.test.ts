import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as layout from '../../assembly/layout';
import { packageRoot } from '../../src/package-root';

function bytesOf(build: string): Buffer {
  return readFileSync(join(packageRoot(), 'build', 'core', `${build}.wasm`));
}

/** What src/core/core.ts says the core can do. */
const EXPORTS = [
  ...['initialise', 'turn', 'end', 'reserve', 'open', 'write', 'read', 'finish', 'close'],
  ...['openSource', 'sendTo', 'operate', 'operationGeneration', 'spawn', 'takenStream'],
  ...['destroy', 'sample', 'option', 'timerStart', 'timerGeneration', 'timerCancel', 'random'],
  ...['thrown', 'stop', 'trigger', 'enable', 'idleStart', 'sendFile', 'digest', 'digestHigh'],
  ...['lease', 'unlease'],
].sort();

describe.each(['release', 'debug'])('the %s module', (build) => {
  const module = new WebAssembly.Module(bytesOf(build));

  test('imports its memory and abort, and nothing else', () => {
    const imports = WebAssembly.Module.imports(module);
    expect(imports.map((each) => `${each.module}.${each.name} ${each.kind}`).sort()).toEqual([
      'env.abort function',
      'env.memory memory',
    ]);
  });

  test('exports the calls of src/core/core.ts, and nothing else', () => {
    const exports = WebAssembly.Module.exports(module);
    expect(exports.every(({ kind }) => kind === 'function')).toBe(true);
    expect(exports.map(({ name }) => name).sort()).toEqual(EXPORTS);
  });

  test('its static data lies below the control block', () => {
    expect(staticDataEnd(bytesOf(build))).toBeLessThanOrEqual(layout.CONTROL);
  });
});

test('R2.30: completions are dispatched by a br_table', () => {
  // binaryen comes with AssemblyScript; as an ES module it is out of reach for jest's sandbox.
  const script = `
    import binaryen from 'binaryen';
    import { readFileSync } from 'node:fs';
    process.stdout.write(binaryen.readBinary(readFileSync('build/core/release.wasm')).emitText());
  `;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: packageRoot(),
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  expect(text).toContain('br_table');
});

/** Where the last data segment ends: sections 11 of the binary format, active segments only. */
function staticDataEnd(bytes: Buffer): number {
  let at = 8;
  const unsigned = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  let end = 0;
  while (at < bytes.length) {
    const section = bytes[at++];
    const size = unsigned();
    const next = at + size;
    if (section === 11) {
      for (let left = unsigned(); left > 0; left--) {
        expect(unsigned()).toBe(0);
        // i32.const, the address, end.
        expect(bytes[at++]).toBe(0x41);
        const address = unsigned();
        expect(bytes[at++]).toBe(0x0b);
        const length = unsigned();
        at += length;
        end = Math.max(end, address + length);
      }
    }
    at = next;
  }
  return end;
}
