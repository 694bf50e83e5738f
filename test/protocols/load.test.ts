// Protocols from files, loaded while the program runs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root';
import { dial } from '../support/peer';
import { start } from '../support/program';
import { rightParts, wasmModule } from '../support/wasm-module';
import '../support/tidy-up';

const folder = mkdtempSync(join(tmpdir(), 'calandria-protocols-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

interface Outcome {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly cause?: string;
}

/** What comes of loading each of them, one after the other. */
async function load(files: readonly object[]): Promise<Outcome[]> {
  const program = start('protocols/programs/load.mjs');
  program.send(files);
  return program.next<Outcome[]>();
}

const SHOUT = "{ name: 'shout', data: (link, text) => link.write(text.toUpperCase()) }";

test('R2.4: an object or a function, an ECMAScript or a CommonJS module, or a Wasm module', async () => {
  const sample = readFileSync(join(packageRoot(), 'build/protocols/netstring.wasm'));
  const made = '(parameters) => ({ name: parameters.name })';
  const files = [
    { file: write('object.mjs', `export default ${SHOUT};`) },
    { file: write('made.mjs', `export default ${made};`), parameters: { name: 'a' } },
    { file: write('later.mjs', `export default async ${made};`), parameters: { name: 'b' } },
    { file: write('common.cjs', `module.exports = ${made};`), parameters: { name: 'c' } },
    { file: write('compiled.cjs', `exports.__esModule = true; exports.default = ${SHOUT};`) },
    { file: write('stage.mjs', "export default { name: 'stage', write: () => true };") },
    { file: write('sample.wasm', sample) },
    { file: write('url.mjs', "export default { name: 'url' };"), query: '?1' },
  ];
  const names = ['shout', 'a', 'b', 'c', 'shout', 'stage', 'netstring', 'url'];
  expect(await load(files)).toEqual(names.map((name) => ({ name })));
});

test('R2.4: what is no protocol is refused with its file, and what is wrong', async () => {
  const broken = wasmModule({ ...rightParts(), imports: {}, text: '' });
  const wrong: [string, string | Uint8Array, RegExp][] = [
    ['nothing.mjs', 'export const protocol = 1;', /it has no default export/],
    ['number.mjs', 'export default 5;', /5 is not an object \{ name, open, data, … \}/],
    ['null.mjs', 'export default null;', /null is not an object/],
    ['nameless.mjs', 'export default { data() {} };', /its name has to be a text/],
    ['empty.mjs', "export default { name: '' };", /its name has to be a text/],
    [
      'handler.mjs',
      "export default { name: 'x', end: 'no' };",
      /end of "x" .* a function, not "no"/,
    ],
    ['syntax.mjs', 'export default {', /it cannot be loaded: Unexpected end/],
    ['throws.mjs', "throw new Error('not today');", /it cannot be loaded: not today/],
    ['strange.mjs', "throw 'a text';", /it cannot be loaded: a text/],
    [
      'factory.mjs',
      "export default () => { throw new Error('never'); };",
      /its function throws: never/,
    ],
    [
      'rejects.mjs',
      "export default async () => { throw new Error('no'); };",
      /its function throws: no/,
    ],
    ['makes.mjs', 'export default () => 5;', /5 is not an object/],
    ['imports.mjs', "import 'no-such-package';", /it cannot be loaded: Cannot find package/],
    ['text.wasm', 'export default {}', /no WebAssembly module/],
    ['memory.wasm', broken, /does not import its memory/],
  ];
  const files = wrong.map(([name, content]) => ({ file: write(name, content) }));
  const absent = ['absent.mjs', 'absent.wasm'].map((name) => ({ file: join(folder, name) }));
  const outcomes = await load([...files, ...absent]);
  const expected = [
    ...wrong.map(([name, , what]) => ({ name, what })),
    { name: 'absent.mjs', what: /it cannot be loaded: Cannot find module/ },
    { name: 'absent.wasm', what: /it cannot be read: ENOENT/ },
  ];
  for (const [place, { name, what }] of expected.entries()) {
    const { code, message } = outcomes[place] as Outcome;
    expect([name, code]).toEqual([name, 'ERR_CALANDRIA_BAD_PROTOCOL']);
    expect(message?.startsWith(`${join(folder, name)}: `)).toBe(true);
    expect(message).toMatch(what);
  }
});

test('R2.4: a path that is none, and options that make no sense, are refused by name', async () => {
  const outcomes = await load([
    { file: 5 },
    { file: null },
    { file: 'x.mjs', parameters: 5 },
    { file: join(folder, 'x.wasm'), memory: 'much' },
  ]);
  expect(outcomes.map(({ code }) => code)).toEqual(Array(4).fill('ERR_INVALID_ARG_TYPE'));
});

test('R2.4: a running server gets a protocol from a file; new connections speak it, and all replays', async () => {
  const make = (text: string) =>
    `export default ({ mark }) => ({ name: 'x', data: (link, text) => void link.write(${text} + mark) });`;
  const [first, second] = [
    write('first.mjs', make('text.toUpperCase()')),
    write('second.mjs', make("[...text].reverse().join('')")),
  ];
  const parameters = [first, second, join(folder, 'exchange.trace')];
  const program = start('protocols/programs/exchange.mjs', { parameters });
  const port = await program.next<number>();
  const early = await dial(port);
  await early.write('abc\n');
  expect(String(await early.receive(5))).toBe('ABC!\n');
  program.send({});
  expect(await program.next()).toBe('exchanged');
  const late = await dial(port);
  for (const peer of [early, late]) await peer.write('def\n');
  expect(String(await late.receive(5))).toBe('fed!\n');
  expect(String(await early.receive(10))).toBe('ABC!\nDEF!\n');
  program.send({});
  expect(await program.next()).toEqual(['identical', 'identical']);
});
