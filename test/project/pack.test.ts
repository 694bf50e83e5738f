// What `npm pack` makes, installed without scripts into an empty folder, does what the README says.
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nativeMissing } from '../../src/host/native';
import { ECHO, Installed, REPLAYED } from './installed';
import { readText, root } from './tree';

jest.setTimeout(60_000);

let installed: Installed;
beforeAll(() => {
  installed = new Installed();
});
afterAll(() => installed?.remove());

// Under the sanitizers too: the package holds the ordinary binary.
const native = nativeMissing('epoll') === '';
const best = native ? 'epoll' : 'node';

test('package: holds what its users need and nothing else', () => {
  const files = installed.files();
  const expected =
    /^(build\/js\/(src|assembly)\/.+\.(js|mjs|d\.ts|d\.mts)|build\/core\/release\.wasm|build\/llhttp\/(llhttp\.wasm|LICENSE)|build\/prebuilds\/[\w-]+\/calandria\.node|(build\/protocols\/netstring\.wasm|protocols\/\w+\.ts)|host\/(\w+\.(cc|h)|README\.md)|scripts\/(layout-header|prepare|toolchain|uring-header)\.mjs|assembly\/layout\.ts|docs\/(?!requirements)[a-z-]+\.md|docs\/wait-cost\.svg|binding\.gyp|package\.json|(README|ARCHITECTURE|CHANGELOG)\.md|LICENSE)$/;
  expect(files.filter((file) => !expected.test(file))).toEqual([]);
  for (const needed of ['build/core/release.wasm', 'README.md', 'LICENSE', 'binding.gyp']) {
    expect(files).toContain(needed);
  }
  // With a server, a parser and threads in it half a mebibyte is used up; a forgotten file shows.
  expect(statSync(installed.tarball).size).toBeLessThan(768 * 1024);
});

test('package: require and import give the same objects', () => {
  const { exports } = JSON.parse(readText('package.json')) as { exports: object };
  const entries = Object.keys(exports)
    .filter((entry) => !/\.(json|wasm)$/.test(entry))
    .map((entry) => join('calandria', entry));
  const program = `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const differing = [];
    for (const entry of ${JSON.stringify(entries)}) {
      const [imported, required] = [await import(entry), require(entry)];
      const names = Object.keys(required);
      if (names.length === 0) differing.push(entry);
      for (const name of names) {
        if (imported[name] !== required[name]) differing.push(entry + ' ' + name);
      }
    }
    console.log(JSON.stringify(differing));
    process.exit(0);
  `;
  expect(entries).toContain('calandria/jest');
  expect(JSON.parse(installed.node('both.mjs', program))).toEqual([]);
});

test('package: types resolve for both kinds of module', () => {
  const use = `
    import { createReactor, type Connection, type Handlers } from 'calandria';
    import { replayTrace, type Run } from 'calandria/jest';
    import { createOutside, wallClock } from 'calandria/outside';
    const handlers: Handlers = { data: (connection: Connection, bytes) => void connection.write(bytes) };
    export const port: Promise<number> = createReactor().listen({ port: 0 }, handlers).ready().then((a) => a.port);
    export const run: Promise<Run> = replayTrace('a.trace');
    export const time: number | undefined = wallClock(createOutside(createReactor())).now;
    // @ts-expect-error a port is a number
    createReactor().listen({ port: '80' }, handlers);
  `;
  installed.write('types.mts', use);
  installed.write('types.cts', use);
  const compilerOptions = {
    module: 'NodeNext',
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable'],
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  installed.write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions, files: ['types.mts', 'types.cts'] }),
  );
  installed.must(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')]);
});

test('package: echoes over the best host, records, and replays core and program', () => {
  expect(JSON.parse(installed.node('echo.cjs', ECHO))).toEqual({ host: best, ...REPLAYED });
});

test('package: has the command line', () => {
  const { status, stdout } = installed.run('npx', [
    '--no-install',
    'calandria',
    'doctor',
    '--json',
  ]);
  expect(JSON.parse(stdout)).toMatchObject({ chosen: best });
  // 1: a limit of this machine bites, which is no fault of the package.
  expect([0, 1]).toContain(status);
});

test('package: without the binary it serves by the node host, replays, and says what is missing', () => {
  rmSync(join(installed.packed, 'build/prebuilds'), { recursive: true, force: true });
  expect(JSON.parse(installed.node('echo.cjs', ECHO))).toEqual({ host: 'node', ...REPLAYED });
  const refused = `
    try {
      require('calandria').createReactor({ host: 'epoll' });
    } catch ({ code, message }) {
      console.log(code, message);
    }
  `;
  const said = installed.node('refused.cjs', refused);
  expect(said).toMatch(/^ERR_CALANDRIA_NO_HOST Host epoll cannot run here: /);
  if (process.platform === 'linux') {
    const how = 'npm explore calandria -- npm run build:host';
    expect(said).toContain(`no shim is built for linux-${process.arch}; build it with \`${how}\`.`);
  }
});
