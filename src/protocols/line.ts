// Lines: text that ends with LF or CR LF.

import { CalandriaError, shown } from '../errors';
import { checkCount, checkOptions } from '../reactor/arguments';
import { bytesOf, framing } from './framing';
import { type Bytes, badMessage, type Stage } from './protocol';

export type LineEncoding = 'utf8' | 'latin1' | 'bytes';

export interface LineOptions<Encoding extends LineEncoding = LineEncoding> {
  /**
   * What a line is: text in UTF-8 (bytes that are none become U+FFFD) or ISO 8859-1, or its bytes.
   * Default 'utf8'.
   */
  readonly encoding?: Encoding;
  /** Most bytes of a line, its end not counted. Default 65,536. */
  readonly max?: number;
  /** What ends a line that is written. Both are understood. Default '\n'. */
  readonly end?: '\n' | '\r\n';
  /** What becomes of a last line without an end: an error (the default), or a line. */
  readonly unfinished?: 'refuse' | 'deliver';
}

type LineOf<Encoding extends LineEncoding> = Encoding extends 'bytes' ? Uint8Array : string;

const LINE_MAX = 65_536;
const LF = 10;
const CR = 13;

function checkOneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (choices.includes(value as string)) return;
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_OPTION',
    `${name} is one of ${choices.map(shown).join(', ')}, not ${shown(value)}.`,
  );
}

/** The line without its end, which may be missing. */
function contentOf(line: Uint8Array): Uint8Array {
  let { length } = line;
  if (line[length - 1] === LF) length--;
  if (line[length - 1] === CR) length--;
  return line.subarray(0, length);
}

/**
 * A stage: each line is a message, and what is written is a line. One that is too long is an error
 * (ERR_CALANDRIA_BAD_MESSAGE) that the layer above hears before the connection is closed.
 */
export function line<Encoding extends LineEncoding = 'utf8'>(
  options: LineOptions<Encoding> = {},
): Stage<Uint8Array, Bytes, LineOf<Encoding>, Bytes> {
  checkOptions('options', options);
  const { encoding = 'utf8', max = LINE_MAX, end = '\n', unfinished = 'refuse' } = options;
  checkOneOf('encoding', encoding, ['utf8', 'latin1', 'bytes']);
  checkCount('max', max);
  checkOneOf('end', end, ['\n', '\r\n']);
  checkOneOf('unfinished', unfinished, ['refuse', 'deliver']);

  const text = encoding === 'latin1' ? 'latin1' : 'utf8';
  const ending = Buffer.from(end);
  const tooLong = () => badMessage('line', `a line has more than ${max} bytes`);

  function decode(frame: Uint8Array): LineOf<Encoding> {
    const content = contentOf(frame);
    if (content.length > max) throw tooLong();
    const { buffer, byteOffset, length } = content;
    const line =
      encoding === 'bytes' ? content : Buffer.from(buffer, byteOffset, length).toString(text);
    return line as LineOf<Encoding>;
  }

  return framing({
    name: 'line',
    frameEnd(bytes, start, scanned) {
      const found = bytes.indexOf(LF, start + scanned);
      if (found >= 0) return found + 1;
      // One byte more may wait: a CR, which is no part of the line if LF follows.
      const waiting = bytes.length - start - (bytes[bytes.length - 1] === CR ? 1 : 0);
      if (waiting > max) throw tooLong();
      return -1;
    },
    decode,
    encode(reply: Bytes) {
      const content = bytesOf(reply, text);
      if (content.includes(LF) || content[content.length - 1] === CR) {
        throw badMessage('line', 'what is written contains a line end');
      }
      return Buffer.concat([content, ending]);
    },
    ...(unfinished === 'deliver' ? { last: decode } : {}),
  });
}
