// host/compiler.h has what differs between compilers, so each has to take the shim as it is.
import { execFileSync, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../src/package-root';
import { runs, testWith } from '../support/commands';

const root = packageRoot();
const headers = [
  join(root, 'build/generated'),
  join(root, 'node_modules/node-addon-api'),
  join(dirname(dirname(process.execPath)), 'include/node'),
];

/** What a compiler has to say with these arguments; empty when it is content. */
function complaints(compiler: string, files: string[], more: string[] = []): string {
  const { status, stderr } = spawnSync(
    compiler,
    [
      ...['-std=c++17', '-fno-exceptions', '-fno-rtti', '-Wall', '-Wextra', '-Werror'],
      '-fsyntax-only',
      ...headers.flatMap((folder) => ['-isystem', folder]),
      ...more,
      ...files,
    ],
    { cwd: root, encoding: 'utf8' },
  );
  return status === 0 ? '' : stderr || `exit ${status}`;
}

/** The files that binding.gyp compiles here, and its defines. */
function sources(): string[] {
  const script = [join(root, 'scripts/gyp-sources.mjs'), 'linux'];
  return execFileSync(process.execPath, script, { encoding: 'utf8' }).trim().split('\n');
}

describe.each(['g++', 'clang++'])('%s', (compiler) => {
  const found = runs(compiler, '--version');

  // The other one has just built it, with the same flags.
  const others = found && compiler !== (process.env.CXX ?? 'g++');
  testWith(others, `${compiler} beside the one that builds`)(
    `R2.2: ${compiler} takes every file of the shim with -Wall -Wextra -Werror`,
    async () => expect(complaints(compiler, sources())).toBe(''),
    120_000,
  );

  testWith(found, compiler)(
    `R2.2: ${compiler} refuses a machine whose words are read backwards`,
    async () => {
      const backwards = ['-D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__', '-Wno-builtin-macro-redefined'];
      expect(
        complaints(compiler, ['host/errors.cc', '-include', 'host/compiler.h'], backwards),
      ).toContain('backwards');
    },
  );
});
