// Conditional requests and forms of a file: what a client has already, and what it can read.
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { codingsFor } from '../../src/http/files/codings';
import { parseHttpDate } from '../../src/http/files/http-date';
import { precondition, rangeApplies } from '../../src/http/files/preconditions';
import { forEachHost } from '../support/conformance';
import { freshFolder } from '../support/folder';
import { type Fields, plant, serveFiles } from '../support/http-files';

const MODIFIED = 'Sun, 06 Nov 1994 08:49:37 GMT';
const BEFORE = 'Sun, 06 Nov 1994 08:49:36 GMT';
const SECONDS = 784111777;

test('dates: the three forms of RFC 9110, and nothing else', () => {
  for (const text of [MODIFIED, 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994']) {
    expect([text, parseHttpDate(text)]).toEqual([text, SECONDS]);
  }
  for (const text of ['', '784111777', '1994-11-06T08:49:37Z', '06 Nov 1994', `${MODIFIED}+1`]) {
    expect([text, parseHttpDate(text)]).toEqual([text, Number.NaN]);
  }
});

test('conditions: the order of RFC 9110 section 13.2.2', () => {
  const validators = { etag: '"a"', modified: SECONDS };
  const cases: readonly [Fields, 0 | 304 | 412][] = [
    [{}, 0],
    [{ 'if-match': '"a"' }, 0],
    [{ 'if-match': '"b", "a"' }, 0],
    [{ 'if-match': '*' }, 0],
    [{ 'if-match': '"b"' }, 412],
    [{ 'if-match': 'W/"a"' }, 412],
    [{ 'if-match': 'a' }, 412],
    [{ 'if-match': '"x, \\"a"' }, 412],
    [{ 'if-none-match': '"a"' }, 304],
    [{ 'if-none-match': 'W/"a"' }, 304],
    [{ 'if-none-match': '"b" , W/"a"' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"b"' }, 0],
    [{ 'if-none-match': '"a' }, 0],
    [{ 'if-modified-since': MODIFIED }, 304],
    [{ 'if-modified-since': BEFORE }, 0],
    [{ 'if-modified-since': 'yesterday' }, 0],
    [{ 'if-unmodified-since': MODIFIED }, 0],
    [{ 'if-unmodified-since': BEFORE }, 412],
    [{ 'if-unmodified-since': 'yesterday' }, 0],
    // The tag decides, and the date beside it is not asked.
    [{ 'if-match': '"a"', 'if-unmodified-since': BEFORE }, 0],
    [{ 'if-none-match': '"b"', 'if-modified-since': MODIFIED }, 0],
    // What has to hold comes before what saves sending it.
    [{ 'if-match': '"b"', 'if-none-match': '"a"' }, 412],
    [{ 'if-match': '"a"', 'if-none-match': '"a"' }, 304],
    [{ 'if-unmodified-since': BEFORE, 'if-none-match': '"a"' }, 412],
  ];
  for (const [fields, status] of cases) {
    expect([fields, precondition((name) => fields[name], validators)]).toEqual([fields, status]);
  }
  const undated = { etag: '"a"', modified: undefined };
  const dates: Fields = { 'if-modified-since': MODIFIED, 'if-unmodified-since': BEFORE };
  expect(precondition((name) => dates[name], undated)).toBe(0);
});

test('If-Range: the very tag, or the very date when it is old enough', () => {
  const validators = { etag: '"a"', modified: SECONDS };
  const later = (SECONDS + 60) * 1000;
  const cases: readonly [string | undefined, number | undefined, boolean][] = [
    [undefined, later, true],
    ['"a"', undefined, true],
    ['W/"a"', later, false],
    ['"b"', later, false],
    [MODIFIED, later, true],
    [BEFORE, later, false],
    [MODIFIED, (SECONDS + 1) * 1000, false],
    [MODIFIED, undefined, false],
    ['nonsense', later, false],
  ];
  for (const [condition, now, applies] of cases) {
    expect([condition, now, rangeApplies(condition, validators, now)]).toEqual([
      condition,
      now,
      applies,
    ]);
  }
});

test('codings: by weight, then by our own order; none where none is wanted', () => {
  const cases: readonly [string | undefined, string[]][] = [
    [undefined, []],
    ['', []],
    ['gzip, deflate, br, zstd', ['br', 'zstd', 'gzip']],
    ['gzip;q=1.0, br;q=0.5', ['gzip', 'br']],
    ['br;q=0, gzip', ['gzip']],
    ['*', ['br', 'zstd', 'gzip']],
    ['*;q=0', []],
    ['gzip, *;q=0', ['gzip']],
    ['br;q=0.5, *;q=0.8', ['zstd', 'gzip', 'br']],
    ['identity', []],
    ['identity, gzip;q=0.5', []],
    ['identity;q=0.5, gzip', ['gzip']],
    ['identity;q=0, gzip;q=0.1', ['gzip']],
    ['x-gzip', ['gzip']],
    ['GZIP ; Q=0.7', ['gzip']],
    ['gzip;q=2', []],
    ['gzip;q=-1', []],
    ['gzip;q', []],
    [`gzip${', x'.repeat(200)}`, ['gzip']],
  ];
  for (const [value, codings] of cases) {
    expect([value, codingsFor(value)]).toEqual([value, codings]);
    expect([value, codingsFor(value)]).toEqual([value, codings]);
  }
});

const freshPath = freshFolder();

forEachHost(
  'conditions',
  (bench) => {
    test('R4.8: what the client has is not sent again', async () => {
      const root = freshPath();
      plant(root, { 'a.txt': 'content' });
      utimesSync(join(root, 'a.txt'), SECONDS, SECONDS + 0.5);
      const { ask } = await serveFiles(bench.reactor(), root, { cacheControl: 'max-age=60' });
      const { fields } = await ask('/a.txt');
      expect(fields['last-modified']).toBe(MODIFIED);
      for (const condition of [
        { 'If-None-Match': fields.etag as string },
        { 'If-Modified-Since': MODIFIED },
      ] as Fields[]) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await ask('/a.txt', condition, method);
          expect([answer.status, answer.body]).toEqual([304, '']);
          expect(answer.fields).toEqual({
            date: expect.any(String),
            etag: fields.etag,
            'last-modified': MODIFIED,
            'cache-control': 'max-age=60',
            vary: 'Accept-Encoding',
          });
        }
      }
      expect((await ask('/a.txt', { 'If-None-Match': '"other"' })).status).toBe(200);
      expect((await ask('/a.txt', { 'If-Modified-Since': BEFORE })).status).toBe(200);
      expect((await ask('/a.txt', { 'If-Match': '"other"' })).status).toBe(412);
      expect((await ask('/a.txt', { 'If-Unmodified-Since': BEFORE })).status).toBe(412);
      // Conditions are about what is there (section 13.2.1).
      expect((await ask('/b.txt', { 'If-None-Match': '*' })).status).toBe(404);
    });

    test('a tag changes with length and time; of a file from the future no date is told', async () => {
      const root = freshPath();
      plant(root, { a: 'one' });
      const { ask } = await serveFiles(bench.reactor(), root);
      const tags = new Set<string | undefined>();
      const times: readonly [string, number][] = [
        ['one', 1e9],
        ['two!', 1e9],
        ['one', 1e9 + 0.001],
        ['one', 4e9],
      ];
      for (const [text, seconds] of times) {
        plant(root, { a: text });
        utimesSync(join(root, 'a'), seconds, seconds);
        const { fields, body } = await ask('/a');
        expect(body).toBe(text);
        expect('last-modified' in fields).toBe(seconds < 4e9);
        tags.add(fields.etag);
      }
      expect(tags.size).toBe(times.length);
    });

    test('a form that lies beside a file is sent to who can read it, with a tag of its own', async () => {
      const root = freshPath();
      const gzip = gzipSync('plain');
      plant(root, {
        'a.txt': 'plain',
        'a.txt.gz': gzip,
        'a.txt.br': 'as brotli',
        'b.txt': 'alone',
        'c.txt.br': 'without a file',
        'd.txt': 'd',
        'd.txt.br/x': 'a folder',
        'e.png': 'png',
        'e.png.gz': 'not sent',
      });
      const { ask } = await serveFiles(bench.reactor(), root);
      const all = { 'Accept-Encoding': 'gzip, deflate, br, zstd' };
      const seen = new Set<string | undefined>();
      for (const [wanted, coding, body] of [
        ['gzip, deflate, br, zstd', 'br', 'as brotli'],
        ['gzip', 'gzip', gzip.toString('latin1')],
        ['zstd, gzip;q=0.5', 'gzip', gzip.toString('latin1')],
        ['zstd', undefined, 'plain'],
        ['br;q=0', undefined, 'plain'],
      ] as const) {
        const answer = await ask('/a.txt', { 'Accept-Encoding': wanted });
        expect([wanted, answer.status, answer.body]).toEqual([wanted, 200, body]);
        expect(answer.fields['content-encoding']).toBe(coding);
        expect(answer.fields['content-type']).toBe('text/plain; charset=utf-8');
        expect(answer.fields.vary).toBe('Accept-Encoding');
        seen.add(answer.fields.etag);
      }
      expect(seen.size).toBe(3);
      const { etag } = (await ask('/a.txt', all)).fields as { etag: string };
      expect((await ask('/a.txt', { ...all, 'If-None-Match': etag })).status).toBe(304);
      expect((await ask('/a.txt', { 'If-None-Match': etag })).status).toBe(200);
      for (const [target, status, body] of [
        ['/b.txt', 200, 'alone'],
        ['/c.txt', 404, '404 Not Found\n'],
        ['/d.txt', 200, 'd'],
        ['/a.txt.gz', 200, gzip.toString('latin1')],
      ] as const) {
        const answer = await ask(target, all);
        expect([target, answer.status, answer.body]).toEqual([target, status, body]);
        expect(answer.fields['content-encoding']).toBeUndefined();
      }
      const image = await ask('/e.png', all);
      expect([image.body, image.fields.vary]).toEqual(['png', undefined]);
      const off = await serveFiles(bench.reactor(), root, { precompressed: false });
      const plain = await off.ask('/a.txt', all);
      expect([plain.body, plain.fields.vary]).toEqual(['plain', undefined]);
    });
  },
  'one',
);
