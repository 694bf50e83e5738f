// What a server of files may be told.
import { CalandriaError, shown, typeError } from '../../errors';
import { checkFlags, checkOptions } from '../../reactor/arguments';
import type { ExchangeHandler } from '../http-protocol';
import {
  completeCacheOptions,
  type FileCacheOptions,
  type FileCacheSettings,
} from './cache-options';

export interface FilesOptions {
  /** The file that stands for its folder; false: none does. Default 'index.html'. */
  readonly index?: string | false;
  /** Serve names that begin with a dot. Default false: only /.well-known/ is. */
  readonly hidden?: boolean;
  /** Look for file.br, file.zst and file.gz beside a file. Default true. */
  readonly precompressed?: boolean;
  /** The Cache-Control field: one for all, or by the path from the root. Default: none. */
  readonly cacheControl?: string | ((path: string) => string | undefined);
  /** The media type by the path from the root; undefined: the one that its name has. */
  readonly contentType?: (path: string) => string | undefined;
  /** Answers what would be a 404. */
  readonly otherwise?: ExchangeHandler;
  /** What is kept in memory and open. Default true, where this host tells of changes in time. */
  readonly cache?: FileCacheOptions | boolean;
}

export interface FilesSettings {
  readonly index: string | false;
  readonly hidden: boolean;
  readonly precompressed: boolean;
  readonly cacheControl: (path: string) => string | undefined;
  readonly contentType: (path: string) => string | undefined;
  readonly otherwise: ExchangeHandler | undefined;
  readonly cache: FileCacheSettings | undefined;
}

const none = (): undefined => undefined;

function checkIndex(index: unknown): string | false {
  if (index === false) return false;
  if (typeof index !== 'string') throw typeError('index', 'a name or false', index);
  if (index !== '' && index !== '.' && index !== '..' && !/[/\\\0]/.test(index)) return index;
  throw new CalandriaError(
    'ERR_CALANDRIA_BAD_OPTION',
    `index is the name of a file, without a folder, not ${shown(index)}.`,
  );
}

function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function')
    throw typeError(name, 'a function', value);
}

/** @throws ERR_INVALID_ARG_TYPE, ERR_CALANDRIA_BAD_OPTION; each names the option. */
export function completeFilesOptions(given: FilesOptions): FilesSettings {
  checkOptions('options', given);
  checkFlags(given, 'hidden', 'precompressed');
  checkFunction('contentType', given.contentType);
  checkFunction('otherwise', given.otherwise);
  const { cacheControl } = given;
  if (typeof cacheControl !== 'string') checkFunction('cacheControl', cacheControl);
  return {
    index: checkIndex(given.index ?? 'index.html'),
    hidden: given.hidden ?? false,
    precompressed: given.precompressed ?? true,
    cacheControl: typeof cacheControl === 'string' ? () => cacheControl : (cacheControl ?? none),
    contentType: given.contentType ?? none,
    otherwise: given.otherwise,
    cache: completeCacheOptions(given.cache),
  };
}
