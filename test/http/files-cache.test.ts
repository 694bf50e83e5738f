// What a server of files keeps: answered without the file system, and never older than the request.
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type FilesOptions, files } from '../../src/http';
import { createReactor, type Reactor } from '../../src/index';
import { forEachHost, pattern } from '../support/conformance';
import { freshFolder } from '../support/folder';
import { closeHttp } from '../support/http';
import { plant, type ServedFiles, serveFiles } from '../support/http-files';

const freshPath = freshFolder();
afterEach(closeHttp);

/** Hosts that do not tell of changes in time. */
const LATE = new Set(['node', 'uring']);

/** Longer than what is kept in memory: these are kept open. */
const LONG = 100_000;

const TREE = {
  'index.html': 'index',
  'a.txt': 'one',
  'long.bin': pattern(LONG),
  'b/c/d.txt': 'deep',
  'b/c/long.bin': pattern(LONG, 2),
};

interface Stage extends ServedFiles {
  readonly root: string;
}

async function stage(reactor: Reactor, options: FilesOptions = {}): Promise<Stage> {
  const root = freshPath();
  plant(root, TREE);
  return { root, ...(await serveFiles(reactor, root, options)) };
}

/** Status and body of what is asked for twice: the second time it is kept, if it can be. */
async function asked({ ask }: Stage, target: string, fields = {}): Promise<string> {
  const first = await ask(target, fields);
  const { status, body } = await ask(target, fields);
  expect([status, body]).toEqual([first.status, first.body]);
  return status === 200 ? body : String(status);
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** What is done to the tree, and what a request that is sent behind it is answered with. */
const CHANGES: readonly {
  readonly what: string;
  readonly target: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** Some need something to be there before. */
  readonly before?: (root: string) => void;
  readonly change: (root: string) => void;
  readonly answer: string;
}[] = [
  {
    what: 'rewritten with as many bytes',
    target: '/a.txt',
    change: (root) => writeFileSync(join(root, 'a.txt'), 'two'),
    answer: 'two',
  },
  {
    what: 'written to behind another name of it',
    target: '/a.txt',
    before: (root) => linkSync(join(root, 'a.txt'), `${root}-other`),
    change: (root) => writeFileSync(`${root}-other`, 'two'),
    answer: 'two',
  },
  {
    what: 'replaced',
    target: '/a.txt',
    change(root) {
      writeFileSync(join(root, 'new'), 'new');
      renameSync(join(root, 'new'), join(root, 'a.txt'));
    },
    answer: 'new',
  },
  {
    what: 'cut off',
    target: '/a.txt',
    change: (root) => truncateSync(join(root, 'a.txt'), 1),
    answer: 'o',
  },
  {
    what: 'deleted',
    target: '/a.txt',
    change: (root) => unlinkSync(join(root, 'a.txt')),
    answer: '404',
  },
  {
    what: 'replaced, a long one',
    target: '/long.bin',
    change(root) {
      writeFileSync(join(root, 'new'), pattern(LONG, 3));
      renameSync(join(root, 'new'), join(root, 'long.bin'));
    },
    answer: latin(pattern(LONG, 3)),
  },
  {
    what: 'cut off, a long one',
    target: '/long.bin',
    change: (root) => truncateSync(join(root, 'long.bin'), LONG - 1),
    answer: latin(pattern(LONG).subarray(0, -1)),
  },
  {
    what: 'deleted, a long one',
    target: '/long.bin',
    change: (root) => unlinkSync(join(root, 'long.bin')),
    answer: '404',
  },
  {
    what: 'moved away with a folder above it',
    target: '/b/c/d.txt',
    change: (root) => renameSync(join(root, 'b'), join(root, 'z')),
    answer: '404',
  },
  {
    what: 'in a folder that takes the place of one above it',
    target: '/b/c/long.bin',
    before: (root) => plant(root, { 'y/c/long.bin': 'short' }),
    change(root) {
      renameSync(join(root, 'b'), join(root, 'z'));
      renameSync(join(root, 'y'), join(root, 'b'));
    },
    answer: 'short',
  },
  {
    what: 'behind a link that takes the place of a folder',
    target: '/b/c/d.txt',
    before: (root) => plant(root, { 'y/d.txt': 'linked' }),
    change(root) {
      rmSync(join(root, 'b/c'), { recursive: true });
      symlinkSync('../y', join(root, 'b/c'));
    },
    answer: 'linked',
  },
  {
    what: 'the index of a folder',
    target: '/',
    change: (root) => writeFileSync(join(root, 'index.html'), '<p>'),
    answer: '<p>',
  },
  {
    what: 'given a compressed form',
    target: '/a.txt',
    fields: { 'Accept-Encoding': 'gzip' },
    change: (root) => writeFileSync(join(root, 'a.txt.gz'), 'compressed'),
    answer: 'compressed',
  },
  {
    what: 'deprived of a compressed form',
    target: '/a.txt',
    fields: { 'Accept-Encoding': 'gzip' },
    before: (root) => writeFileSync(join(root, 'a.txt.gz'), 'compressed'),
    change: (root) => unlinkSync(join(root, 'a.txt.gz')),
    answer: 'one',
  },
];

forEachHost(
  'a cache of files',
  (bench) => {
    test.each(CHANGES)('is never older than the request: $what', async (given) => {
      const { target, fields, before, change, answer } = given;
      const served = await stage(bench.reactor());
      before?.(served.root);
      await asked(served, target, fields);
      change(served.root);
      expect(await asked(served, target, fields)).toBe(answer);
    });

    test('tells the time and the permissions that a file has by now', async () => {
      const served = await stage(bench.reactor());
      const path = join(served.root, 'a.txt');
      await asked(served, '/a.txt');
      utimesSync(path, 1e9, 1e9);
      const { fields } = await served.ask('/a.txt');
      expect(fields['last-modified']).toBe('Sun, 09 Sep 2001 01:46:40 GMT');
      chmodSync(path, 0);
      const expected = process.getuid?.() === 0 ? 200 : 404;
      expect((await served.ask('/a.txt')).status).toBe(expected);
    });
  },
  'one',
);

/** What this process holds open there: the root itself, too. */
function openBeneath(root: string): string[] {
  const paths = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(join('/proc/self/fd', fd));
    } catch {
      return '';
    }
  });
  return paths.filter((path) => path.startsWith(root));
}

forEachHost(
  'what is kept',
  (bench) => {
    if (LATE.has(bench.host)) {
      test('is nothing where changes are not told in time, and it says why', async () => {
        const served = await stage(bench.reactor());
        expect(await asked(served, '/a.txt')).toBe('one');
        expect(served.handler.cached).toBeUndefined();
        expect(served.handler.uncached).toMatchObject({ code: 'EOPNOTSUPP' });
      });
      return;
    }

    function kept({ handler }: Stage): readonly (number | undefined)[] {
      const { cached } = handler;
      return [cached?.entries, cached?.bytes, cached?.files, cached?.hits];
    }

    test('R4.8: is answered without asking for the file again', async () => {
      const reactor = bench.reactor();
      const served = await stage(reactor);
      for (const target of ['/a.txt', '/long.bin', '/']) await served.ask(target);
      expect(kept(served)).toEqual([2, 8, 1, 0]);
      const before = reactor.counters.operations;
      const small = await served.ask('/a.txt');
      const none = await served.ask('/', { 'If-None-Match': '*' });
      const head = await served.ask('/long.bin', {}, 'HEAD');
      const part = await served.ask('/long.bin', { Range: 'bytes=99998-' });
      expect([small.body, none.status, head.fields['content-length'], part.body]).toEqual([
        'one',
        304,
        String(LONG),
        latin(pattern(LONG).subarray(99_998)),
      ]);
      // The one that is left is the sendfile.
      expect(reactor.counters.operations - before).toBe(1);
      expect(kept(served)).toEqual([2, 8, 1, 4]);
    });

    test('is bounded, and what is used stays', async () => {
      const served = await stage(bench.reactor(), { cache: { entries: 2, bytes: 12, files: 1 } });
      await asked(served, '/a.txt');
      await served.ask('/');
      await served.ask('/b/c/d.txt');
      expect(kept(served)).toEqual([2, 7, 0, 1]);
      await served.ask('/a.txt');
      expect(kept(served)).toEqual([2, 7, 0, 2]);
      await asked(served, '/long.bin');
      await asked(served, '/b/c/long.bin');
      expect(kept(served)[2]).toBe(1);
      plant(served.root, { 'wide.txt': 'thirteen byte' });
      expect(await asked(served, '/wide.txt')).toBe('thirteen byte');
      expect(kept(served).slice(0, 2)).toEqual([2, 7]);
    });

    test('is what has one spelling, leads through no link, and lies not too deep', async () => {
      const served = await stage(bench.reactor());
      symlinkSync('a.txt', join(served.root, 'link.txt'));
      const deep = 'x/'.repeat(33);
      mkdirSync(join(served.root, deep), { recursive: true });
      plant(served.root, { [`${deep}e.txt`]: 'deep' });
      for (const target of ['/%61.txt', '/a.txt?1', '/link.txt', `/${deep}e.txt`, '/b', '/none']) {
        await served.ask(target);
      }
      expect(kept(served)).toEqual([0, 0, 0, 0]);
      expect(await asked(served, '/link.txt')).toBe('one');
    });

    test('has each compressed form for those who take it', async () => {
      const served = await stage(bench.reactor());
      plant(served.root, { 'a.txt.gz': 'gz', 'a.txt.br': 'br' });
      for (const codings of ['gzip', 'br, gzip', 'gzip, br', 'gzip;q=0.5, br', '']) {
        await served.ask('/a.txt', { 'Accept-Encoding': codings });
      }
      expect(kept(served)).toEqual([3, 7, 0, 2]);
      writeFileSync(join(served.root, 'a.txt.br'), 'other');
      await served.ask('/none');
      expect(kept(served).slice(0, 2)).toEqual([2, 5]);
    });

    test('is looked at again after a time, and not at all when it is not wanted', async () => {
      const now = await stage(bench.reactor(), { cache: { milliseconds: 0 } });
      await asked(now, '/a.txt');
      expect(kept(now)).toEqual([1, 3, 0, 0]);
      const off = await stage(bench.reactor(), { cache: false });
      await asked(off, '/a.txt');
      expect([off.handler.cached, off.handler.uncached]).toEqual([undefined, undefined]);
      const none = await stage(bench.reactor(), { cache: { entries: 0, files: 0 } });
      await asked(none, '/long.bin');
      expect(await asked(none, '/a.txt')).toBe('one');
      expect(kept(none)).toEqual([0, 0, 0, 0]);
    });

    test('is given up when it is not served any more', async () => {
      const served = await stage(bench.reactor());
      await asked(served, '/a.txt');
      await asked(served, '/long.bin');
      expect(openBeneath(served.root)).toHaveLength(2);
      await served.handler.close();
      expect(served.handler.cached).toBeUndefined();
      expect(openBeneath(served.root)).toEqual([]);
    });
  },
  'one',
);

test.each([
  [{ cache: 1 }, 'ERR_INVALID_ARG_TYPE', /cache/],
  [{ cache: { bytes: -1 } }, 'ERR_CALANDRIA_BAD_OPTION', /cache\.bytes .*-1/],
  [{ cache: { entries: 1.5 } }, 'ERR_CALANDRIA_BAD_OPTION', /cache\.entries .*1\.5/],
  [{ cache: { files: '1' } }, 'ERR_INVALID_ARG_TYPE', /cache\.files/],
  [{ cache: { milliseconds: 1e12 } }, 'ERR_CALANDRIA_BAD_OPTION', /cache\.milliseconds/],
])('%j is refused', async (options, code, message) => {
  const reactor = createReactor();
  try {
    expect(() => files(reactor, '.', options as never)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  } finally {
    await reactor.close();
  }
});
