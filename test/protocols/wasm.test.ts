// Wasm modules as protocols.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root';
import {
  lengthPrefixed,
  type Protocol,
  pipeline,
  serveProtocol,
  type WasmOptions,
  wasmProtocol,
} from '../../src/protocols';
import { play, type Subject } from '../../src/protocols/kit';
import { echo } from '../support/noting';
import {
  ARGUMENT,
  CALL,
  CONST,
  DROP,
  LOAD8,
  type ModuleParts,
  rightParts,
  TRAP,
  wasmModule,
} from '../support/wasm-module';

const NETSTRING = readFileSync(join(packageRoot(), 'build/protocols/netstring.wasm'));

const NETSTRINGS = wasmProtocol(NETSTRING, 'netstring.wasm');

const right = rightParts();

/** The right module with other parts. */
function module(parts: ModuleParts, size = 16): Uint8Array {
  const base = rightParts(size);
  return wasmModule({
    ...base,
    ...parts,
    imports: { ...base.imports, ...parts.imports },
    functions: { ...base.functions, ...parts.functions },
  });
}

function protocol(parts: ModuleParts, options: WasmOptions = {}, size = 16): Protocol {
  return wasmProtocol(module(parts, size), 'sample.wasm', options) as Protocol;
}

describe('the interface of Wasm protocols', () => {
  test('R2.4: what cannot be a protocol is refused with its file, and what is wrong', () => {
    const { functions } = right;
    const without = (name: string) =>
      wasmModule({
        ...right,
        functions: Object.fromEntries(Object.entries(functions).filter(([key]) => key !== name)),
      });
    const wrong: [Uint8Array, RegExp][] = [
      [Buffer.from('export default {}'), /no WebAssembly module/],
      [new Uint8Array(0), /no WebAssembly module/],
      [module({}).slice(0, 40), /no module that can run here: /],
      [without('calandria_protocol'), /does not export calandria_protocol\(\)/],
      [module({ functions: { calandria_protocol: [0, CONST(2)] } }), /version 2 .* here is 1/],
      [without('data'), /does not export data\(\)/],
      [without('room_size'), /does not export room_size\(\)/],
      [wasmModule({ ...right, functions: { ...functions }, global: 'open' }), /open is a global/],
      [module({ text: '\0' }), /name .* not empty/],
      [module({ functions: { name: [0, [0x41, 0xff, 0xff, 0x03]] } }), /name .* not empty/],
      [module({ functions: { name: [0, TRAP] } }), /cannot be started: unreachable/],
      [module({ imports: { 'env.now': 0 } }), /imports env\.now \(function\)/],
      [module({ imports: { 'wasi_snapshot_preview1.random_get': 2 } }), /wasi_.*\.random_get/],
      [module({ imports: { 'calandria.clock': 0 } }), /imports calandria\.clock/],
      [wasmModule({ ...right, imports: {}, text: '' }), /does not import its memory/],
      [module({ pages: 17 }), /cannot be started: .*memory/],
      [module({ functions: { room: [1, [0x41, 0x7f]] } }), /room .* does not lie in its memory/],
      [module({ functions: { room_size: [1, CONST(0)] } }), /room .* does not lie in its memory/],
      [
        module({ imports: { 'calandria.end': 0 }, functions: { name: [0, CALL(0)] } }),
        /called before there was a connection/,
      ],
    ];
    for (const [code, what] of wrong) {
      expect(() => wasmProtocol(code, '/somewhere/wrong.wasm')).toThrow(
        expect.objectContaining({
          code: 'ERR_CALANDRIA_BAD_PROTOCOL',
          message: expect.stringMatching(new RegExp(`^/somewhere/wrong\\.wasm: .*${what.source}`)),
        }),
      );
    }
    expect(wasmProtocol(module({ pages: 17 }), 'large.wasm', { memory: 17 * 65_536 }).name).toBe(
      'sample',
    );
  });

  test('R2.4: options that make no sense are refused by name', () => {
    const type = (name: string) =>
      expect.objectContaining({
        code: 'ERR_INVALID_ARG_TYPE',
        message: expect.stringContaining(name),
      });
    const made = (options: unknown) => () => wasmProtocol(module({}), 'x', options as WasmOptions);
    expect(made({ memory: 0 })).toThrow(type('memory'));
    expect(made({ memory: 2 ** 31 - 1 })).toThrow(type('memory'));
    expect(made({ failed: 1 })).toThrow(type('failed'));
    expect(made(null)).toThrow(type('options'));
  });

  test('R2.4: a trap is an error of its connection only, and the others are served', async () => {
    // Says a byte for each call; traps at one that is 0x21.
    const parts: ModuleParts = {
      imports: { 'calandria.write': 2 },
      functions: {
        data: [
          1,
          [
            ...[...CONST(32), ...LOAD8, ...CONST(0x21), 0x46, 0x04, 0x40, 0x00, 0x0b],
            ...[...CONST(32), ...ARGUMENT(0), ...CALL(0)],
          ],
        ],
      },
    };
    const failures: string[] = [];
    const speaking = protocol(parts, {
      failed: (_, error) => failures.push(error.message) as never,
    });
    const subject: Subject = () => speaking;
    expect((await play(subject, 'abc')).said.toString()).toBe('abc');
    const trapped = await play(subject, ['abc', () => '!', () => 'more']);
    expect(trapped).toMatchObject({ closed: true, reset: true, threw: [] });
    expect(trapped.said.toString()).toBe('abc');
    expect(failures).toEqual(['sample.wasm: the module trapped in data(): unreachable']);
    expect((await play(subject, 'def')).said.toString()).toBe('def');
  });

  test('R2.4: the layers above hear of a trap; without them and without a handler a warning tells', async () => {
    const trapping = { functions: { data: [1, TRAP], write: [1, CONST(1)] } } as const;
    const stage = wasmProtocol(module(trapping), 'stage.wasm');
    const { noted } = await play((note) => pipeline(stage, echo<Uint8Array>(note)), 'x');
    expect(noted).toEqual(['open', 'ERR_CALANDRIA_TRAPPED', 'close']);
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    await play(() => protocol({ functions: { data: [1, TRAP] } }), 'x');
    expect(warn.mock.calls).toEqual([[expect.objectContaining({ code: 'ERR_CALANDRIA_TRAPPED' })]]);
    warn.mockRestore();
  });

  test('R2.4: what a module does to itself stays with it', async () => {
    const outside: [string, ModuleParts, RegExp][] = [
      [
        'writes what is not its memory',
        {
          imports: { 'calandria.write': 2 },
          functions: { data: [1, [0x41, 0x7f, ...CONST(16), ...CALL(0)]] },
        },
        /16 bytes at 4294967295 do not lie in its memory/,
      ],
      [
        'delivers where nobody is',
        {
          imports: { 'calandria.deliver': 2 },
          functions: { data: [1, [...CONST(0), ...CONST(1), ...CALL(0)]] },
        },
        /no layer above it/,
      ],
      ['recurses for ever', { functions: { data: [1, [...CONST(0), ...CALL(4)]] } }, /call stack/],
      [
        'aborts',
        {
          imports: { 'env.abort': 4 },
          functions: {
            data: [1, [...CONST(0), ...CONST(0), ...CONST(0), ...CONST(0), ...CALL(0)]],
          },
        },
        /abort: without a message/,
      ],
    ];
    for (const [, parts, what] of outside) {
      const failures: string[] = [];
      const failed = (_: unknown, error: Error) => void failures.push(error.message);
      const { closed, threw } = await play(() => protocol(parts, { failed }), 'x');
      expect([closed, threw, failures]).toEqual([true, [], [expect.stringMatching(what)]]);
    }
  });

  test('R2.4: more bytes than there is room for come in several calls; longer messages are refused', async () => {
    const counting: ModuleParts = {
      imports: { 'calandria.write': 2 },
      functions: {
        data: [
          1,
          [...CONST(32), ...ARGUMENT(0), ...CALL(0), DROP, ...CONST(16), ...CONST(1), ...CALL(0)],
        ],
      },
    };
    const { said } = await play(() => protocol(counting, {}, 16), 'x'.repeat(40));
    // Each call is told by the first letter of the name.
    expect(said.toString()).toBe(`${'x'.repeat(16)}s${'x'.repeat(16)}s${'x'.repeat(8)}s`);
    const failures: string[] = [];
    const failed = (_: unknown, error: Error) => void failures.push(error.message);
    const framed: Subject = () =>
      pipeline(lengthPrefixed({ bytes: 1 }), protocol(counting, { failed }) as never);
    expect((await play(framed, '\x10abcdefghijklmnop')).said.toString()).toBe(
      '\x10abcdefghijklmnop\x01s',
    );
    expect(await play(framed, `\x11${'x'.repeat(17)}`)).toMatchObject({ closed: true, threw: [] });
    expect(failures).toEqual([]);
  });

  test('R2.4: a full queue, and a side that was ended, are results and no exceptions', async () => {
    const results: ModuleParts = {
      imports: { 'calandria.write': 2, 'calandria.end': 0, 'calandria.deliver': 2 },
      functions: {
        // The result of a write behind the end, as a byte: 254 is -2.
        data: [
          1,
          [
            ...CALL(1),
            DROP,
            ...CONST(48),
            ...CONST(32),
            ...CONST(1),
            ...CALL(0),
            0x3a,
            0,
            0,
            ...CONST(48),
            ...CONST(1),
            ...CALL(2),
          ],
        ],
        write: [1, CONST(1)],
      },
    };
    const { noted, threw } = await play(
      (note) =>
        pipeline(wasmProtocol(module(results), 'x.wasm'), {
          name: 'top',
          data: (_, bytes) => note(bytes),
        }),
      'x',
    );
    expect([noted, threw]).toEqual([['fe'], []]);
    const much: ModuleParts = {
      imports: { 'calandria.write': 2, 'calandria.deliver': 2 },
      functions: {
        data: [
          1,
          [
            ...CONST(48),
            ...CONST(0),
            0x41,
            0x80,
            0x80,
            0x02,
            ...CALL(0),
            0x3a,
            0,
            0,
            ...CONST(48),
            ...CONST(1),
            ...CALL(1),
          ],
        ],
        write: [1, CONST(1)],
      },
    };
    const options = { limits: { queueBytes: 100 } };
    const full = await play(
      (note) =>
        pipeline(wasmProtocol(module(much), 'x.wasm'), {
          name: 'top',
          data: (_, bytes) => note(bytes),
        }),
      'x',
      undefined,
      options,
    );
    expect([full.noted, full.threw]).toEqual([['ff'], []]);
  });

  test('R2.4: what a layer above throws is its own, and no trap', async () => {
    const failures: unknown[] = [];
    const stage = wasmProtocol(NETSTRING, 'netstring.wasm', {
      failed: (_, error) => void failures.push(error),
    });
    const { threw, closed } = await play(
      () =>
        pipeline(stage, {
          name: 'throwing',
          data() {
            throw new Error('mine');
          },
        }),
      '1:a,1:b,',
    );
    expect([threw, closed, failures]).toEqual([['Error: mine'], true, []]);
  });

  test('R2.4: a stage alone is not served: there is nobody above it', async () => {
    const stage = NETSTRINGS as never;
    await play((_, reactor) => {
      expect(() => serveProtocol(reactor, stage, { port: 1 })).toThrow(
        expect.objectContaining({
          code: 'ERR_CALANDRIA_BAD_PROTOCOL',
          message: expect.stringMatching(/netstring is a stage/),
        }),
      );
      return { name: 'none', open() {} };
    }, []);
  });
});
