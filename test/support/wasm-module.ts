// Small WebAssembly modules, put together byte by byte: wrong ones cannot be had from a compiler.
// Of the binary format (webassembly.github.io/spec/core/binary) just what the tests need; all
// numbers stay below 128, so that LEB128 is a byte.

export interface ModuleParts {
  /** "module.name": how many arguments a function has; or 'memory', and its least pages. */
  readonly imports?: Readonly<Record<string, number | 'memory'>>;
  /** By name: arguments, and the body, which leaves an i32 (the last one that stands there). */
  readonly functions?: Readonly<Record<string, readonly [number, readonly number[]]>>;
  /** Exports a global of 1 by this name. */
  readonly global?: string;
  readonly pages?: number;
  /** Bytes at address 16. */
  readonly text?: string;
}

const I32 = 0x7f;
export const CONST = (value: number): number[] => [0x41, value];
export const DROP = 0x1a;
export const TRAP = [0x00, 0x41, 0];
/** local.get */
export const ARGUMENT = (place: number): number[] => [0x20, place];
/** Calls an import by its place among them; it answers an i32. */
export const CALL = (place: number): number[] => [0x10, place];
/** An endless recursion: the function by its place among all. */
export const LOAD8 = [0x2d, 0, 0];

function vector(items: readonly (readonly number[])[]): number[] {
  return [items.length, ...items.flat()];
}

function text(value: string): number[] {
  return [Buffer.byteLength(value), ...Buffer.from(value)];
}

function section(id: number, content: readonly number[]): number[] {
  const low = content.length & 0x7f;
  const high = content.length >> 7;
  return [id, ...(high > 0 ? [low | 0x80, high] : [low]), ...content];
}

export function wasmModule(parts: ModuleParts): Uint8Array {
  const { imports = {}, functions = {}, global, pages = 1, text: data } = parts;
  const imported = Object.entries(imports);
  const calls = imported.filter(([, what]) => what !== 'memory');
  const own = Object.entries(functions);
  // One type a number of arguments: type n takes n of them, and answers an i32.
  const types = [0, 1, 2, 3, 4].map((count) => [0x60, count, ...Array(count).fill(I32), 1, I32]);
  const importSection = imported.map(([key, what]) => {
    const [module = '', name = ''] = key.split('.');
    const kind = what === 'memory' ? [2, 0, pages] : [0, what];
    return [...text(module), ...text(name), ...kind];
  });
  const exported = own.map(([name], place) => [...text(name), 0, calls.length + place]);
  if (global) exported.push([...text(global), 3, 0]);
  const bodies = own.map(([, [, code]]) => {
    const body = [0, ...code, 0x0b];
    return [body.length, ...body];
  });
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector(importSection)),
    ...section(3, vector(own.map(([, [count]]) => [count]))),
    ...(global ? section(6, vector([[I32, 0, ...CONST(1), 0x0b]])) : []),
    ...section(7, vector(exported)),
    ...section(10, vector(bodies)),
    ...(data ? section(11, vector([[0, ...CONST(16), 0x0b, ...text(data)]])) : []),
  ]);
}

/** What a right protocol has at least: its name at 16, room for `size` bytes at 32. */
export function rightParts(
  size = 16,
): Required<Pick<ModuleParts, 'imports' | 'functions' | 'text'>> {
  return {
    imports: { 'env.memory': 'memory' },
    text: 'sample\0',
    functions: {
      calandria_protocol: [0, CONST(1)],
      name: [0, CONST(16)],
      room: [1, CONST(32)],
      room_size: [1, CONST(size)],
      data: [1, CONST(0)],
    },
  };
}
