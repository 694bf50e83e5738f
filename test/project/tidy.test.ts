// What a formatter does not see: sizes, layers, leftovers. Each test lists the offenders, so that a
// failure says what to mend.
import * as layout from '../../assembly/layout';
import { filesIn, readText, readTree, type TreeFile } from './tree';

const tree = readTree();
const code = tree.filter(({ path }) => /\.(ts|cc|h|c|mjs)$/.test(path));

const LINES_MAX = 400;
const COLUMNS_MAX = 100;
/** Longer files, and why: no one else gets in without a reason. */
const LONGER: Readonly<Record<string, number>> = {
  // One table of constants, most of it comments; split, it would need another for the whole.
  'assembly/layout.ts': 1100,
};

/** Every line that matches, as "path:line text". */
function linesWith(files: readonly TreeFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, place) =>
        pattern.test(line) ? [`${path}:${place + 1} ${line.trim().slice(0, 90)}`] : [],
      ),
  );
}

/** Without comments, and with as many lines. */
function bare(files: readonly TreeFile[]): TreeFile[] {
  return files.map(({ path, text }) => ({
    path,
    text: text
      .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
      .replace(/(^|\s)\/\/.*$/gm, ''),
  }));
}

function except(files: readonly TreeFile[], ...paths: string[]): TreeFile[] {
  return files.filter(({ path }) => !paths.includes(path));
}

test('tidy: no file is longer than one idea', () => {
  const long = code.filter(
    ({ path, text }) => text.split('\n').length - 1 > (LONGER[path] ?? LINES_MAX),
  );
  expect(long.map(({ path }) => path)).toEqual([]);
});

test('tidy: comments and C++ end before column 100', () => {
  // Biome wraps the rest, but for strings, which nobody should break.
  const wide = new RegExp(`^.{${COLUMNS_MAX + 1},}$`, 'u');
  const native = code.filter(({ path }) => /\.(cc|h|c)$/.test(path));
  const comments = code
    .filter(({ path }) => /\.(ts|mjs)$/.test(path))
    .map(({ path, text }) => ({ path, text: text.replace(/^(?!\s*(\/\/|\/?\*)).*$/gm, '') }));
  expect(linesWith([...native, ...comments], wide)).toEqual([]);
});

test('tidy: time, chance and the system stay below the seam', () => {
  const above = bare([
    ...filesIn(tree, 'src/reactor', 'ts'),
    // What is loaded is the program, and not its input.
    ...except(filesIn(tree, 'src/protocols', 'ts'), 'src/protocols/load.ts'),
    ...filesIn(tree, 'src/threads', 'ts'),
  ]);
  const banned =
    /\bDate\.now|new Date\b|performance\.now|Math\.random|process\.hrtime|node:(?!util'|net';)/;
  expect(linesWith(above, banned)).toEqual([]);
  // Of node:net only the function that recognises an address.
  const fromNet = linesWith(above, /node:net/).map((line) => line.replace(/^\S+ /, ''));
  expect(fromNet).toEqual(["import { isIP } from 'node:net';"]);
});

test('tidy: the core imports nothing but itself', () => {
  const core = bare(filesIn(tree, 'assembly', 'ts'));
  expect(linesWith(core, /\bfrom '(?!\.\/[a-z-]+')|\bimport\(|@external|\bdeclare\b/)).toEqual([]);
});

test('tidy: the platform is asked for in few places', () => {
  const places = ['src/host/choose.ts', 'src/host/native.ts', 'src/cli/machine.ts'];
  const others = except(bare(filesIn(tree, 'src', 'ts')), ...places);
  expect(linesWith(others, /process\.platform/)).toEqual([]);
});

test('tidy: the shim uses no C++ library and only the module knows node-addon-api', () => {
  const shim = except(bare(filesIn(tree, 'host', 'cc|h')), 'host/module.cc');
  const library = /\bstd::|\bnew\b|\bdelete\b|\bthrow\b|\bNapi\b|#include <(napi\.h|[a-z_]+>)/;
  // Headers without .h that only name what C has: <cerrno>, <cstdint>, …
  const headers = /#include <c(errno|stddef|stdint|stdlib|string|time)>/;
  expect(linesWith(shim, library).filter((line) => !headers.test(line))).toEqual([]);
});

test('tidy: every system call of the shim goes through its header', () => {
  // The trials of probe*.cc try the calls themselves.
  const shim = bare(filesIn(tree, 'host', 'cc|h')).filter(
    ({ path }) => !/^host\/(system|probe|uring_calls)/.test(path),
  );
  const names =
    'syscall socket listen connect setsockopt getsockopt getsockname getpeername ' +
    'ioctl fcntl pipe2? waitid waitpid kill mmap munmap epoll_(create1?|ctl|p?wait) timerfd_\\w+ eventfd kqueue ' +
    'kevent inotify_\\w+ recv\\w* sendto sendm?msg sendfile preadv?2? pwritev?2? writev fsync ' +
    'fdatasync ftruncate statx fstat lseek unlink clock_gettime [gs]etrlimit posix_spawnp?';
  // Neither a verb of a table (`shim->interface->…`) nor a word of ours that ends so.
  const calls = new RegExp(`(?<![\\w>.])(::)?(${names.split(' ').join('|')})\\(`);
  expect(linesWith(shim, calls)).toEqual([]);
});

test('tidy: nothing is left to do, skipped or focused', () => {
  const marks = /\b(TO[D]O|FI[X]ME|XX[X]|HA[C]K)\b/;
  expect(linesWith(tree, marks)).toEqual([]);
  const focused = /\b(test|it|describe)\.(only|todo)\b|\b[xf](it|describe)\(/;
  expect(linesWith(filesIn(tree, 'test', 'ts'), focused)).toEqual([]);
  // What this machine lacks is skipped with its reason, in test/support, and nowhere else.
  const skipped = /\b(test|it|describe)\.skip\b/;
  expect(linesWith(filesIn(tree, 'test', 'test.ts'), skipped)).toEqual([]);
});

test('tidy: no path of a machine and no address of a registry', () => {
  const places =
    /(?<![\w.])\/(home|root|work|farm|Users)\/|registry\.[a-z]+\.(org|com)|"resolved":/;
  expect(linesWith(except(tree, 'test/project/tidy.test.ts'), places)).toEqual([]);
});

test('tidy: every file is used by another', () => {
  const roots =
    /\.test\.ts$|\.d\.ts$|^bench\/c\/load-\w+\.c$|^(src\/(index|jest|cli\/main)|assembly\/core)\.ts$|^jest\.config\.js$/;
  const files = [...code, ...tree.filter(({ path }) => /\.(gyp|json)$|^\.ci\//.test(path))];
  const unused = code.filter(({ path }) => {
    if (roots.test(path)) return false;
    const stem = (path.split('/').at(-1) as string).replace(/\.\w+$/, '');
    // In quotes, as a module or a program is named; or as a word of a command.
    const named = new RegExp(`['"\`/]${stem}(\\.\\w+)?(['"\`]| |$)`, 'm');
    return !files.some((other) => other.path !== path && named.test(other.text));
  });
  expect(unused.map(({ path }) => path)).toEqual([]);
});

test('tidy: the header of the shim says what the layout says', () => {
  const header = readText('build/generated/layout.h');
  const stated = [...header.matchAll(/^constexpr u?int32_t (\w+) = ([-\d]+)u?( - 1)?;$/gm)];
  const values = stated.map(([, name, value, less]) => [name, Number(value) - (less ? 1 : 0)]);
  expect(Object.fromEntries(values)).toEqual({ ...layout });
});
