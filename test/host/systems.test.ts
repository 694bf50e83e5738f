// What is chosen, and said, on systems other than this one: their name is put in place of its own.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../src/package-root';

const root = packageRoot();
const library = join(root, 'build/js/src/index.js');
const toolchain = pathToFileURL(join(root, 'scripts/toolchain.mjs')).href;

/** What a program says that takes itself to be on that system. */
function on(platform: string, program: string): unknown {
  const disguise = `Object.defineProperty(process, 'platform', { value: '${platform}' });`;
  const env = { ...process.env };
  for (const name of ['CALANDRIA_HOST', 'CALANDRIA_BINARY', 'LD_PRELOAD']) delete env[name];
  const out = execFileSync(process.execPath, ['-e', disguise + program], { env, encoding: 'utf8' });
  return JSON.parse(out);
}

const CHOICE = `
  const { chooseHost, hosts } = require(${JSON.stringify(library)});
  const reasons = Object.fromEntries(hosts.map(({ name, missing }) => [name, missing()]));
  console.log(JSON.stringify({ chosen: chooseHost().name, reasons }));
`;

test('R3.35: on Windows the host is the one in JavaScript, and the others say why not', () => {
  const { chosen, reasons } = on('win32', CHOICE) as {
    chosen: string;
    reasons: Record<string, string>;
  };
  expect(chosen).toBe('node');
  expect(reasons).toMatchObject({
    epoll: 'epoll is an interface of Linux',
    poll: 'there is no shim for Windows',
    node: '',
    null: '',
  });
});

test.each([
  ['darwin', true],
  ['openbsd', true],
  ['win32', false],
])('where kqueue was never run (%s) it is compiled only when asked for', (platform, compiles) => {
  const asking = `import('${toolchain}').then(({ toolchainMissing }) =>
    console.log(JSON.stringify([toolchainMissing() ?? '', toolchainMissing(true) ?? ''])));`;
  const [unasked, asked] = on(platform, asking) as [string, string];
  expect(unasked).toContain('the pure JavaScript host works without it');
  expect(unasked.includes('npm run build:host')).toBe(compiles);
  expect(/there is no native host/.test(asked)).toBe(!compiles);
});
