// Length-prefixed messages: in front of each stands how many bytes it has.

import { CalandriaError, shown } from '../errors';
import { checkOptions } from '../reactor/arguments';
import { bytesOf, framing } from './framing';
import { type Bytes, badMessage, type Stage } from './protocol';

export type LengthBytes = 1 | 2 | 4 | 8;

export interface LengthPrefixedOptions {
  /** How many bytes the length has. Default 4. */
  readonly bytes?: LengthBytes;
  /** Which of them comes first: the highest ('big', the network's order) or the lowest. */
  readonly order?: 'big' | 'little';
  /** Most bytes of a message. Default 1 MiB, or what the length can say if that is less. */
  readonly max?: number;
}

const MAX = 1 << 20;
/** A message is one Uint8Array, and what waits for its end is one as well. */
const MAX_MOST = 2 ** 30;

/** The largest number that so many bytes can say, as far as JavaScript counts. */
function largest(bytes: LengthBytes): number {
  return Math.min(2 ** (8 * bytes) - 1, Number.MAX_SAFE_INTEGER);
}

function badOption(what: string): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_BAD_OPTION', what);
}

function checked(options: LengthPrefixedOptions): Required<LengthPrefixedOptions> {
  checkOptions('options', options);
  const { bytes = 4, order = 'big' } = options;
  if (![1, 2, 4, 8].includes(bytes)) throw badOption(`bytes is 1, 2, 4 or 8, not ${shown(bytes)}.`);
  if (order !== 'big' && order !== 'little') {
    throw badOption(`order is "big" or "little", not ${shown(order)}.`);
  }
  const most = Math.min(largest(bytes), MAX_MOST);
  const { max = Math.min(MAX, most) } = options;
  if (!Number.isInteger(max) || max < 0 || max > most) {
    throw badOption(
      `max is a whole number from 0 to ${most} with ${bytes} bytes, not ${shown(max)}.`,
    );
  }
  return { bytes, order, max };
}

/** A number from 0 of `bytes` bytes, the lowest first when `little`. */
function readLength(from: Uint8Array, start: number, bytes: LengthBytes, little: boolean): number {
  let length = 0;
  for (let place = 0; place < bytes; place++) {
    length = length * 256 + (from[start + (little ? bytes - 1 - place : place)] as number);
  }
  return length;
}

function writeLength(to: Uint8Array, length: number, bytes: LengthBytes, little: boolean): void {
  let left = length;
  for (let place = 0; place < bytes; place++) {
    to[little ? place : bytes - 1 - place] = left % 256;
    left = Math.floor(left / 256);
  }
}

/**
 * A stage: messages are bytes (valid until this turn ends; text is written as UTF-8). A length
 * above the bound is an error (ERR_CALANDRIA_BAD_MESSAGE) as soon as it is known; so is to write
 * one. No room is set aside for bytes that have not come.
 */
export function lengthPrefixed(
  options: LengthPrefixedOptions = {},
): Stage<Uint8Array, Bytes, Uint8Array, Bytes> {
  const { bytes, order, max } = checked(options);
  const little = order === 'little';
  const name = 'length-prefixed';
  const tooLong = (length: number) =>
    badMessage(name, `a message of ${length} bytes is longer than ${max}`);

  return framing({
    name,
    frameEnd(from, start) {
      if (from.length - start < bytes) return -1;
      const length = readLength(from, start, bytes, little);
      if (length > max) throw tooLong(length);
      const end = start + bytes + length;
      return end <= from.length ? end : -1;
    },
    decode: (frame) => frame.subarray(bytes),
    encode(message) {
      const content = bytesOf(message);
      if (content.length > max) throw tooLong(content.length);
      // Together: a frame is taken whole, or not at all.
      const frame = Buffer.allocUnsafe(bytes + content.length);
      writeLength(frame, content.length, bytes, little);
      frame.set(content, bytes);
      return frame;
    },
  });
}
