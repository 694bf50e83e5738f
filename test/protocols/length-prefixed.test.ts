// Length-prefixed messages.
import { type LengthPrefixedOptions, lengthPrefixed, pipeline } from '../../src/protocols';
import { examine, expectSame, play, type Script, type Subject } from '../../src/protocols/kit';
import { echo } from '../support/noting';

const messages =
  (options: LengthPrefixedOptions = {}): Subject =>
  (note) =>
    pipeline(lengthPrefixed(options), echo<Uint8Array>(note));

function prefixed(bytes: number, little: boolean, ...texts: string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const head = Buffer.alloc(8);
      head.writeBigUInt64BE(BigInt(Buffer.byteLength(text)));
      const length = head.subarray(8 - bytes);
      return [little ? length.reverse() : length, Buffer.from(text)];
    }),
  );
}

const hex = (text: string): string => Buffer.from(text).toString('hex');

describe('length-prefixed', () => {
  test('R2.33: every width in both orders, messages of no bytes among them, however they are cut', async () => {
    const texts = ['one', '', 'two words', '\0\0\0\x03'];
    for (const bytes of [1, 2, 4, 8] as const) {
      for (const order of ['big', 'little'] as const) {
        const script = prefixed(bytes, order === 'little', ...texts);
        const stops = order === 'big' && bytes === 4;
        const how = { draws: 8, ends: stops, resets: stops };
        const found = await examine(messages({ bytes, order }), script, how);
        const { noted, said } = expectSame(found).reference;
        expect(noted).toEqual(['open', ...texts.map(hex)]);
        expect(said.equals(script)).toBe(true);
      }
    }
  });

  test('R2.33: a length above the bound is refused by name as soon as it is known', async () => {
    for (const [bytes, head] of [
      [1, 'ff'],
      [2, '0006'],
      [4, 'ffffffff'],
      [8, '0000010000000000'],
      [8, 'ffffffffffffffff'],
    ] as const) {
      const script = Buffer.concat([prefixed(bytes, false, 'five5'), Buffer.from(head, 'hex')]);
      const found = await examine(messages({ bytes, max: 5 }), script, { draws: 8 });
      const { noted, closed } = expectSame(found).reference;
      const refused = 'ERR_CALANDRIA_BAD_MESSAGE';
      expect([noted, closed]).toEqual([['open', hex('five5'), refused, 'close'], true]);
    }
  });

  test('an end within a message, or within its length, is an error', async () => {
    for (const text of ['00', '00000005', '0000000561']) {
      const script: Script = [Buffer.from(text, 'hex'), { stop: 'end' }];
      const { noted } = await play(messages(), script);
      expect(noted).toEqual(['open', 'ERR_CALANDRIA_BAD_MESSAGE', 'close']);
    }
  });

  test('what is written is one message, or refused', async () => {
    const errors: unknown[] = [];
    const subject: Subject = () =>
      pipeline(lengthPrefixed({ bytes: 1, max: 5 }), {
        name: 'writer',
        open(link) {
          for (const message of ['sixsix', Buffer.alloc(6), 5 as never]) {
            try {
              link.write(message);
            } catch (error) {
              errors.push((error as { code?: string }).code);
            }
          }
          link.write('');
          link.end('fünf');
        },
      });
    const { said } = await play(subject, []);
    const refused = 'ERR_CALANDRIA_BAD_MESSAGE';
    expect(errors).toEqual([refused, refused, 'ERR_INVALID_ARG_TYPE']);
    expect(said.equals(prefixed(1, false, '', 'fünf'))).toBe(true);
  });

  test('a message that comes whole is handed on where it lies, and one in pieces only once copied', async () => {
    const seen: ArrayBufferLike[] = [];
    const subject: Subject = () =>
      pipeline(lengthPrefixed(), {
        name: 'looking',
        data: (_, bytes) => void seen.push(bytes.buffer),
      });
    const script = prefixed(4, false, 'one', 'two', 'three');
    await play(subject, script);
    const arena = seen[0];
    expect(seen).toEqual([arena, arena, arena]);
    seen.length = 0;
    await play(subject, script, { name: 'cut in the second', cuts: [9] });
    expect(new Set(seen).size).toBe(2);
  });

  test('bytes that were promised take no room before they come', async () => {
    const subject = messages({ bytes: 4, max: 2 ** 30 });
    const before = process.memoryUsage().arrayBuffers;
    const promising = Buffer.from('3fffffff00', 'hex');
    const { noted } = await play(subject, promising);
    expect(noted).toEqual(['open']);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
  });

  test('options that make no sense are refused by name', () => {
    const bad = (text: RegExp) =>
      expect.objectContaining({
        code: 'ERR_CALANDRIA_BAD_OPTION',
        message: expect.stringMatching(text),
      });
    expect(() => lengthPrefixed({ bytes: 3 as never })).toThrow(bad(/bytes.*3/));
    expect(() => lengthPrefixed({ order: 'middle' as never })).toThrow(bad(/order.*"middle"/));
    for (const max of [-1, 256, 0.5, '1' as never]) {
      expect(() => lengthPrefixed({ bytes: 1, max })).toThrow(bad(/max.*255/));
    }
    expect(() => lengthPrefixed(5 as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
  });
});
