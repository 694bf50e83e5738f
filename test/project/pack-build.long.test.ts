// The installed package without a binary for this machine: its users can build one.
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { nativeMissing } from '../../src/host/native';
import { ECHO, Installed, REPLAYED } from './installed';
import { root } from './tree';

let installed: Installed;
beforeAll(() => {
  installed = new Installed();
  rmSync(join(installed.packed, 'build/prebuilds'), { recursive: true, force: true });
});
afterAll(() => installed?.remove());

test('package: npm run build:host says what is missing, and builds when it is there', () => {
  const build = 'explore calandria -- npm run --silent build:host'.split(' ');
  expect(installed.must('npm', build)).toMatch(
    /host skipped: (missing .*npm package node-gyp|there is no native host)/,
  );
  if (nativeMissing('epoll')) return;
  for (const name of ['node-gyp', 'node-addon-api']) {
    symlinkSync(join(root, 'node_modules', name), join(installed.folder, 'node_modules', name));
  }
  installed.must('npm', build);
  expect(existsSync(join(installed.packed, 'build/prebuilds'))).toBe(true);
  expect(JSON.parse(installed.node('echo.cjs', ECHO))).toEqual({ host: 'epoll', ...REPLAYED });
});
