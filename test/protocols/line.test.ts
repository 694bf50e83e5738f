// Lines: text that ends with LF or CR LF.
import { type LineOptions, line, pipeline } from '../../src/protocols';
import { examine, expectSame, play, type Script, type Subject } from '../../src/protocols/kit';
import { echo } from '../support/noting';

const lines =
  (options: LineOptions = {}): Subject =>
  (note) =>
    pipeline(line(options), echo(note));

/** Examines it, and answers what it did when everything came at once. */
async function conductOf(
  script: Script | string | Uint8Array,
  options: LineOptions = {},
  stride = 1,
) {
  return expectSame(await examine(lines(options), script as Script, { stride })).reference;
}

/** What it did when the end followed. */
async function ended(text: string, options: LineOptions = {}): Promise<readonly string[]> {
  const stop = { at: text.length, how: 'end', together: false } as const;
  return (await play(lines(options), text, { name: 'to the end', cuts: [], stop })).noted;
}

describe('line', () => {
  test('R2.33: both line ends, empty lines and text of several bytes, however they are cut', async () => {
    const { noted, said } = await conductOf('one\r\n\ntwo\n\r\nnaïve → 🎈\r\nsome\rmore\nrest');
    const expected = ['one', '', 'two', '', 'naïve → 🎈', 'some\rmore'];
    expect(noted).toEqual(['open', ...expected]);
    expect(said.toString()).toBe(expected.map((each) => `${each}\n`).join(''));
  });

  test('R2.33: a line that is too long is refused by name behind those before it, however it is cut', async () => {
    for (const end of ['\n', '\r\n', '', '\r', 'x']) {
      const { noted, closed, said } = await conductOf(`five5${end || '\n'}sixsix${end}`, {
        max: 5,
      });
      const first = end === 'x' || end === '\r' ? [] : ['five5'];
      expect(noted).toEqual(['open', ...first, 'ERR_CALANDRIA_BAD_MESSAGE', 'close']);
      expect([closed, said.toString()]).toEqual([true, first.map((each) => `${each}\n`).join('')]);
    }
    const { noted } = await conductOf('five5\nfive5\r\n5five\r', { max: 5 });
    expect(noted).toEqual(['open', 'five5', 'five5']);
  });

  test('R2.33: bytes and ISO 8859-1 pass through as they are', async () => {
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 10);
    const bytes = Buffer.concat([every, Buffer.from('\n')]);
    const asBytes = await conductOf(bytes, { encoding: 'bytes' }, 16);
    expect(asBytes.noted).toEqual(['open', Buffer.from(every).toString('hex')]);
    expect(asBytes.said.equals(bytes)).toBe(true);
    const asText = await conductOf(bytes, { encoding: 'latin1', end: '\r\n' }, 16);
    expect(asText.noted).toEqual(['open', Buffer.from(every).toString('latin1')]);
    expect(asText.said.equals(Buffer.concat([every, Buffer.from('\r\n')]))).toBe(true);
  });

  test('an unfinished line at the end is an error, or a line if that is asked for', async () => {
    const refused = ['open', 'one', 'ERR_CALANDRIA_BAD_MESSAGE', 'close'];
    expect(await ended('one\ntwo')).toEqual(refused);
    const delivered = ['open', 'one', 'two', 'end', 'close'];
    expect(await ended('one\ntwo', { unfinished: 'deliver' })).toEqual(delivered);
    expect(await ended('one\ntwo\r', { unfinished: 'deliver' })).toEqual(delivered);
    expect(await ended('one\n')).toEqual(['open', 'one', 'end', 'close']);
    await conductOf('one\r\ntwo', { unfinished: 'deliver' });
  });

  test('what is written is one line, or refused', async () => {
    const written: unknown[] = [];
    const subject: Subject = () =>
      pipeline(line(), {
        name: 'writer',
        open(link) {
          for (const text of ['a\nb', 'a\r', 5 as never, Buffer.from([10])]) {
            try {
              link.write(text);
            } catch (error) {
              written.push((error as { code?: string }).code);
            }
          }
          link.end('bye');
        },
      });
    const { said } = await play(subject, []);
    const refused = 'ERR_CALANDRIA_BAD_MESSAGE';
    expect(written).toEqual([refused, refused, 'ERR_INVALID_ARG_TYPE', refused]);
    expect(said.toString()).toBe('bye\n');
  });

  test('options that make no sense are refused by name', () => {
    const option = (code: string, text: RegExp) =>
      expect.objectContaining({ code, message: expect.stringMatching(text) });
    const bad = 'ERR_CALANDRIA_BAD_OPTION';
    expect(() => line({ encoding: 'utf16le' as never })).toThrow(
      option(bad, /encoding.*"utf16le"/),
    );
    expect(() => line({ end: '\r' as never })).toThrow(option(bad, /end/));
    expect(() => line({ unfinished: 'drop' as never })).toThrow(option(bad, /unfinished.*"drop"/));
    expect(() => line({ max: 0 })).toThrow(option('ERR_INVALID_ARG_TYPE', /max/));
    expect(() => line(null as never)).toThrow(option('ERR_INVALID_ARG_TYPE', /options/));
  });

  test('a long line that comes in single bytes arrives whole', async () => {
    const total = 20_000;
    const subject = lines({ max: total });
    const { noted } = await play(subject, `${'x'.repeat(total)}\n`, {
      name: 'one by one',
      cuts: 'every',
      eager: true,
    });
    expect(noted[1]?.length).toBe(total);
  });
});
