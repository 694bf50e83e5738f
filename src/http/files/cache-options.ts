// What a server of files may keep, and how much of it.
import { typeError } from '../../errors';
import { checkWhole } from '../../reactor/arguments';

export interface FileCacheOptions {
  /** Bytes of short files that are kept in memory. Default 16 MiB. */
  readonly bytes?: number;
  /** Short files that are kept in memory. Default 2,048. */
  readonly entries?: number;
  /** Longer files that are kept open. Default 256; a sixteenth of limits.connections at most. */
  readonly files?: number;
  /** After this time something is looked at again, although no change was told. Default 10,000. */
  readonly milliseconds?: number;
}

export type FileCacheSettings = Required<FileCacheOptions>;

const BYTES_MAX = 2 ** 40;
const COUNT_MAX = 1 << 20;
const MILLISECONDS_MAX = 86_400_000;

/** Undefined: nothing is to be kept. */
export function completeCacheOptions(
  given: FileCacheOptions | boolean = true,
): FileCacheSettings | undefined {
  if (given === false) return undefined;
  const options = given === true ? {} : given;
  if (typeof options !== 'object' || options === null) {
    throw typeError('cache', 'an object, true or false', given);
  }
  return {
    bytes: checkWhole('cache.bytes', options.bytes ?? 16 << 20, BYTES_MAX),
    entries: checkWhole('cache.entries', options.entries ?? 2048, COUNT_MAX),
    files: checkWhole('cache.files', options.files ?? 256, COUNT_MAX),
    milliseconds: checkWhole(
      'cache.milliseconds',
      options.milliseconds ?? 10_000,
      MILLISECONDS_MAX,
    ),
  };
}
