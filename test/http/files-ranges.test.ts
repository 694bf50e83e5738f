// Parts of a file: one, several, none of it, and more than anybody needs.

import { parseRanges } from '../../src/http/files/ranges';
import { forEachHost, pattern } from '../support/conformance';
import { freshFolder } from '../support/folder';
import { plant, serveFiles } from '../support/http-files';

/** In short: "0-4", "" for none that can be met, "whole" for a field that is ignored. */
function ranges(value: string, size: number): string {
  const found = parseRanges(value, size);
  return found ? found.map(({ start, end }) => `${start}-${end - 1}`).join(' ') : 'whole';
}

test('ranges: what is asked for, of 100 bytes', () => {
  const cases: Readonly<Record<string, string>> = {
    'bytes=0-0': '0-0',
    'bytes=0-': '0-99',
    'bytes=10-19': '10-19',
    'bytes=90-1000': '90-99',
    'bytes=99-99999999999999999999999': '99-99',
    'bytes=-1': '99-99',
    'bytes=-1000': '0-99',
    ' Bytes=5-6 ': '5-6',
    'bytes= 5-6 , 8-9': '5-6 8-9',
    'bytes=8-9,5-6': '8-9 5-6',
    'bytes=,5-6,,': '5-6',
    'bytes=5-6,200-': '5-6',
    'bytes=100-': '',
    'bytes=-0': '',
    'bytes=100-200,300-': '',
    'bytes=99999999999999999999999-': '',
    'bytes=': 'whole',
    'bytes=,': 'whole',
    'bytes=-': 'whole',
    'bytes=a-b': 'whole',
    'bytes=5': 'whole',
    'bytes=6-5': 'whole',
    'bytes=5-6,x': 'whole',
    'bytes=+5-6': 'whole',
    'bytes=0x5-6': 'whole',
    'bytes 5-6': 'whole',
    'lines=5-6': 'whole',
    '': 'whole',
    // Two may overlap; more is nobody who reads. Nor is what comes to the whole.
    'bytes=0-10,5-20': '0-10 5-20',
    'bytes=0-10,5-20,15-30': '0-10 5-20 15-30',
    'bytes=0-10,5-20,15-30,25-40': 'whole',
    'bytes=0-,0-': 'whole',
    'bytes=0-49,50-99': 'whole',
  };
  for (const [value, found] of Object.entries(cases)) {
    expect([value, ranges(value, 100)]).toEqual([value, found]);
  }
  const many = (count: number): string =>
    `bytes=${Array.from({ length: count }, (_, place) => `${3 * place}-${3 * place}`).join(',')}`;
  expect(ranges(many(32), 100).split(' ')).toHaveLength(32);
  expect(ranges(many(33), 100)).toBe('whole');
  expect(ranges(`bytes=${'0-0,'.repeat(5000)}`, 100)).toBe('whole');
  expect(ranges('bytes=0-0', 0)).toBe('');
  expect(ranges('bytes=-5', 0)).toBe('');
});

const freshPath = freshFolder();

forEachHost(
  'ranges',
  (bench) => {
    test.each([
      ['read', 1000],
      ['sent', 300_000],
    ])('R4.8: parts of a file that is %s', async (_, size) => {
      const root = freshPath();
      const bytes = pattern(size);
      plant(root, { 'a.bin': bytes });
      const { ask } = await serveFiles(bench.reactor(), root);
      const part = (start: number, end: number): string =>
        bytes.subarray(start, end).toString('latin1');

      const one = await ask('/a.bin', { Range: 'bytes=100-199' });
      expect([one.status, one.fields['content-range']]).toEqual([206, `bytes 100-199/${size}`]);
      expect([one.body === part(100, 200), one.fields['content-length']]).toEqual([true, '100']);
      expect(one.fields.etag).toBe((await ask('/a.bin')).fields.etag);
      const last = await ask('/a.bin', { Range: 'bytes=-700' });
      expect(last.body === part(size - 700, size)).toBe(true);

      const all = await ask('/a.bin', { Range: 'bytes=0-9,0-' });
      expect([all.status, all.body.length]).toEqual([200, size]);
      const two = await ask('/a.bin', { Range: 'bytes=0-9,500-599' });
      const [, boundary] = /^multipart\/byteranges; boundary=(\S+)$/.exec(
        two.fields['content-type'] as string,
      ) as RegExpExecArray;
      expect(two.body).toBe(
        `--${boundary}\r\nContent-Type: application/octet-stream\r\n` +
          `Content-Range: bytes 0-9/${size}\r\n\r\n${part(0, 10)}\r\n` +
          `--${boundary}\r\nContent-Type: application/octet-stream\r\n` +
          `Content-Range: bytes 500-599/${size}\r\n\r\n${part(500, 600)}\r\n--${boundary}--\r\n`,
      );
      expect([two.status, two.fields['content-length']]).toEqual([206, String(two.body.length)]);
      expect(two.fields['content-range']).toBeUndefined();

      const none = await ask('/a.bin', { Range: `bytes=${size}-` });
      expect([none.status, none.fields['content-range']]).toEqual([416, `bytes */${size}`]);
      const head = await ask('/a.bin', { Range: 'bytes=0-9' }, 'HEAD');
      expect([head.status, head.fields['content-length']]).toEqual([200, String(size)]);
    });

    test('a range of another version is answered with the whole of this one', async () => {
      const root = freshPath();
      plant(root, { a: '0123456789' });
      const { ask } = await serveFiles(bench.reactor(), root);
      const { fields } = await ask('/a');
      const range = { Range: 'bytes=2-3' };
      expect((await ask('/a', { ...range, 'If-Range': fields.etag as string })).body).toBe('23');
      const other = await ask('/a', { ...range, 'If-Range': '"other"' });
      expect([other.status, other.body]).toEqual([200, '0123456789']);
      // A condition that fails comes first, and 304 before 206.
      const known = { 'If-None-Match': fields.etag as string };
      expect((await ask('/a', { ...range, ...known })).status).toBe(304);
      expect((await ask('/a', { ...range, 'If-Match': '"other"' })).status).toBe(412);
    });
  },
  'one',
);
