// Files over HTTP, on every host: what is there, what is not, and that nothing else gets out.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LEADS_TO, plantTree, type Tree } from '../support/beneath';
import { forEachHost, pattern } from '../support/conformance';
import { freshFolder } from '../support/folder';
import { type Answer, plant, serveFiles } from '../support/http-files';

const freshPath = freshFolder();
const trees: Tree[] = [];
afterEach(() => {
  for (const tree of trees.splice(0)) tree.close();
});

async function plantLinks(): Promise<string> {
  const path = freshPath();
  mkdirSync(path);
  const tree = await plantTree(path);
  trees.push(tree);
  return tree.root;
}

function short({ status, body }: Answer): string {
  return `${status} ${body.trim()}`;
}

forEachHost(
  'files over HTTP',
  (bench) => {
    test('R4.8: a file is sent with its type, its length and its validators', async () => {
      const root = freshPath();
      plant(root, {
        'a.html': '<p>ä',
        'ünd so.txt': 'x',
        'no-type': 'y',
        html: 'z',
        'a.svg': '<svg/>',
      });
      const { ask } = await serveFiles(bench.reactor(), root);
      const { status, fields, body } = await ask('/a.html');
      expect([status, Buffer.from(body, 'latin1').toString()]).toEqual([200, '<p>ä']);
      expect(fields).toEqual({
        date: expect.stringMatching(/ GMT$/),
        etag: expect.stringMatching(/^"5-[0-9a-f]+"$/),
        'last-modified': expect.stringMatching(/ GMT$/),
        vary: 'Accept-Encoding',
        'x-content-type-options': 'nosniff',
        'content-type': 'text/html; charset=utf-8',
        'accept-ranges': 'bytes',
        'content-length': '5',
      });
      const types = ['/%C3%BCnd%20so.txt', '/no-type', '/html', '/a.svg'].map(async (target) => {
        const answer = await ask(target);
        return [answer.status, answer.fields['content-type']];
      });
      expect(await Promise.all(types)).toEqual([
        [200, 'text/plain; charset=utf-8'],
        [200, 'application/octet-stream'],
        [200, 'application/octet-stream'],
        [200, 'image/svg+xml'],
      ]);
    });

    test('R4.8: short, long and empty files arrive whole; HEAD says the same and sends nothing', async () => {
      const root = freshPath();
      const lengths = [0, 1, 1024, 16 << 10, (16 << 10) + 1, 100_000, 1_000_000];
      plant(root, Object.fromEntries(lengths.map((length) => [`${length}.bin`, pattern(length)])));
      const { ask } = await serveFiles(bench.reactor(), root);
      for (const length of lengths) {
        const whole = await ask(`/${length}.bin`);
        expect([whole.status, whole.fields['content-length']]).toEqual([200, String(length)]);
        expect(whole.body === pattern(length).toString('latin1')).toBe(true);
        const head = await ask(`/${length}.bin`, {}, 'HEAD');
        expect({ ...head, fields: { ...head.fields, date: '' } }).toEqual({
          ...whole,
          fields: { ...whole.fields, date: '' },
          body: '',
        });
      }
    });

    test('a folder is its index, under its own address', async () => {
      const root = freshPath();
      plant(root, {
        'index.html': 'top',
        'sub/index.html': 'below',
        'sub/other.txt': 'other',
        'empty/x/y': '',
        'strange/index.html/z': '',
        'a b/index.html': 'spaced',
      });
      const { ask } = await serveFiles(bench.reactor(), root);
      expect(short(await ask('/'))).toBe('200 top');
      expect(short(await ask('/?a=b'))).toBe('200 top');
      expect(short(await ask('/sub/'))).toBe('200 below');
      for (const [target, location] of [
        ['/sub', '/sub/'],
        ['/sub?q=1&r=/x?', '/sub/?q=1&r=/x?'],
        ['/a%20b', '/a%20b/'],
        ['/%73ub', '/sub/'],
        ['http://elsewhere/sub', '/sub/'],
      ] as const) {
        const { status, fields } = await ask(target);
        expect([target, status, fields.location]).toEqual([target, 308, location]);
      }
      for (const target of [
        '/empty/',
        '/strange/',
        '/sub/other.txt/',
        '/sub/index.html/',
        '//sub',
        '//sub/',
        '/sub//',
        '/sub//other.txt',
      ]) {
        expect([target, short(await ask(target))]).toEqual([target, '404 404 Not Found']);
      }
    });

    test('an index by another name, or none', async () => {
      const root = freshPath();
      plant(root, { 'index.html': 'usual', 'home.txt': 'home', 'sub/x': '' });
      const named = await serveFiles(bench.reactor(), root, { index: 'home.txt' });
      expect(short(await named.ask('/'))).toBe('200 home');
      const none = await serveFiles(bench.reactor(), root, { index: false });
      expect(short(await none.ask('/'))).toBe('404 404 Not Found');
      expect((await none.ask('/sub')).status).toBe(308);
    });

    test('R4.8: no spelling of a path leads out, and none that is malformed is taken', async () => {
      const root = freshPath();
      plant(join(root, '..'), { secret: 'secret' });
      plant(root, { 'a/b': 'b', '%2e%2e': 'a strange name', 'x\\y': 'backslash' });
      const { ask } = await serveFiles(bench.reactor(), root);
      const answers: Readonly<Record<string, string>> = {
        '/../secret': '403',
        '/a/../../secret': '403',
        '/%2e%2e/secret': '403',
        '/%2E%2e/secret': '403',
        '/.%2e/secret': '403',
        '/a/%2e%2e/%2e%2e/secret': '403',
        '/..': '403',
        '/.': '403',
        '/a/./b': '403',
        '/%2e%2e%2fsecret': '400',
        '/..%2fsecret': '400',
        '/a%2fb': '400',
        '/a%2Fb': '400',
        '/..%5csecret': '400',
        '/x%5cy': '400',
        '/x\\y': '400',
        '/..\\secret': '400',
        '/%c0%ae%c0%ae/secret': '400',
        '/%e0%80%ae%e0%80%ae/secret': '400',
        '/..%c0%afsecret': '400',
        '/%c1%9csecret': '400',
        '/%ff': '400',
        '/%': '400',
        '/%4': '400',
        '/%zz': '400',
        '/%u002e%u002e/secret': '400',
        '/a%00': '400',
        '/a/b%00.html': '400',
        '/a%0d%0aX: y': '400',
        '/a%0d%0aX:%20y': '400',
        '/a%7f': '400',
        '/a%c2%85': '400',
        '/a\u00e4': '400',
        'a/b': '400',
        'ftp://h/a/b': '400',
        'http:a/b': '400',
        'http://h/../secret': '403',
        'http://h//secret': '404',
        '/%252e%252e/secret': '404',
        '/%252e%252e': '200',
        'http://h/a/b': '200',
        'HTTPS://h:1/a/b?q': '200',
        'http://user@h/a/b': '400',
        '/a/b': '200',
        '/%61/%62': '200',
        [`/${'x'.repeat(255)}`]: '404',
        [`/${'x'.repeat(256)}`]: '404',
        [`/${'x/'.repeat(3000)}`]: '404',
      };
      for (const [target, status] of Object.entries(answers)) {
        const answer = await ask(target);
        expect([target, String(answer.status)]).toEqual([target, status]);
        expect(answer.body).not.toContain('secret');
        expect(answer.body).not.toContain(root);
      }
    });

    test('R4.8: what is hidden is not there, unless it is to be shown; /.well-known/ is', async () => {
      const root = freshPath();
      plant(root, {
        '.env': 'e',
        '.git/config': 'g',
        'a/.b': 'b',
        '.well-known/x': 'w',
        'a/.well-known/x': 'n',
      });
      const usual = await serveFiles(bench.reactor(), root);
      const targets = [
        '/.env',
        '/%2eenv',
        '/.git/config',
        '/a/.b',
        '/.well-known/x',
        '/a/.well-known/x',
      ];
      const ask = async (served: typeof usual): Promise<string[]> =>
        Promise.all(targets.map(async (target) => short(await served.ask(target))));
      const missing = '404 404 Not Found';
      expect(await ask(usual)).toEqual([missing, missing, missing, missing, '200 w', missing]);
      const all = await serveFiles(bench.reactor(), root, { hidden: true });
      expect(await ask(all)).toEqual(['200 e', '200 e', '200 g', '200 b', '200 w', '200 n']);
      expect((await all.ask('/..')).status).toBe(403);
    });

    test('R4.8: links lead to what is beneath; devices, pipes and sockets are not there', async () => {
      const root = await plantLinks();
      const { ask } = await serveFiles(bench.reactor(), root);
      for (const [path, what] of Object.entries(LEADS_TO)) {
        const [text = ''] = what.split(', linked');
        const { status, body } = await ask(`/${path}`);
        const allowed = what.includes('EXDEV or file')
          ? ['200 file', '404 404 Not Found']
          : [
              /^[A-Z]/.test(text)
                ? '404 404 Not Found'
                : text === 'a folder'
                  ? '308 308 Permanent Redirect'
                  : `200 ${text}`,
            ];
        expect(allowed).toContain(`${status} ${body.trim()}`);
      }
    });

    test('only GET, HEAD and OPTIONS are understood', async () => {
      const root = freshPath();
      plant(root, { a: 'a' });
      const { ask } = await serveFiles(bench.reactor(), root);
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
        const { status, fields } = await ask('/a', { 'Content-Length': '0' }, method);
        expect([status, fields.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
      }
      for (const target of ['/a', '*', '/not-there']) {
        const { status, fields } = await ask(target, {}, 'OPTIONS');
        expect([status, fields.allow]).toEqual([204, 'GET, HEAD, OPTIONS']);
      }
    });

    test('what is not there can be answered by another', async () => {
      const root = freshPath();
      plant(root, { a: 'a' });
      const { ask } = await serveFiles(bench.reactor(), root, {
        otherwise: (exchange) => exchange.answer(200, {}, `app ${exchange.target}`),
        cacheControl: (path) => (path === 'a' ? 'no-cache' : undefined),
        contentType: () => 'text/x-mine',
      });
      expect(short(await ask('/some/where'))).toBe('200 app /some/where');
      const { fields } = await ask('/a');
      expect([fields['cache-control'], fields['content-type']]).toEqual([
        'no-cache',
        'text/x-mine',
      ]);
      expect((await ask('/..')).status).toBe(403);
    });
  },
  'one',
);
