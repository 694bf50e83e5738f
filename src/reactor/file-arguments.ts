// What a program may say about files: open flags, and where in a buffer and in a file. Checked
// before the core hears of it; each error names the argument and shows the value.
import * as layout from '../../assembly/layout';
import { CalandriaError, shown, typeError } from '../errors';
import { checkFlags, checkOptions, checkWhole } from './arguments';
import { LENGTH_MAX } from './file-source';

export interface OpenFileOptions {
  /** Past the page cache (O_DIRECT), where the file system can. Default false. */
  readonly direct?: boolean;
}

const { FILE_APPEND, FILE_CREATE, FILE_EXCLUSIVE, FILE_READ_WRITE, FILE_SYNC } = layout;
const { FILE_TRUNCATE, FILE_WRITE } = layout;
const WRITES = FILE_WRITE | FILE_CREATE | FILE_TRUNCATE;
const WRITES_AND_READS = FILE_READ_WRITE | FILE_CREATE | FILE_TRUNCATE;
const APPENDS = FILE_WRITE | FILE_CREATE | FILE_APPEND;
const APPENDS_AND_READS = FILE_READ_WRITE | FILE_CREATE | FILE_APPEND;

/** As in node:fs ("File system flags"). */
const FLAGS: Readonly<Record<string, number>> = {
  r: 0,
  rs: FILE_SYNC,
  'r+': FILE_READ_WRITE,
  'rs+': FILE_READ_WRITE | FILE_SYNC,
  w: WRITES,
  wx: WRITES | FILE_EXCLUSIVE,
  'w+': WRITES_AND_READS,
  'wx+': WRITES_AND_READS | FILE_EXCLUSIVE,
  a: APPENDS,
  ax: APPENDS | FILE_EXCLUSIVE,
  as: APPENDS | FILE_SYNC,
  'a+': APPENDS_AND_READS,
  'ax+': APPENDS_AND_READS | FILE_EXCLUSIVE,
  'as+': APPENDS_AND_READS | FILE_SYNC,
};

export interface Opened {
  readonly path: string;
  /** FILE_ bits. */
  readonly flags: number;
  readonly mode: number;
}

function badOption(message: string): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_BAD_OPTION', message);
}

export function checkPath(path: unknown): string {
  if (typeof path !== 'string') throw typeError('path', 'a string', path);
  if (path === '' || path.includes('\0')) {
    throw badOption(`path is not empty and has no zero byte, unlike ${JSON.stringify(path)}.`);
  }
  if (Buffer.byteLength(path) > layout.WRITE_CHUNK) throw badOption('path is too long.');
  return path;
}

/** Names, with one slash between two of them; where they lead is for the system to say. */
export function checkBeneath(path: unknown): string {
  const checked = checkPath(path);
  const names = checked.split('/');
  if (!names.includes('') && !names.includes('.') && !names.includes('..')) return checked;
  throw badOption(
    `path leads on from a directory, without empty names, "." and "..", unlike ${shown(path)}.`,
  );
}

export function checkOpen(
  path: unknown,
  flags: unknown,
  mode: unknown,
  options: OpenFileOptions,
): Opened {
  const checked = checkPath(path);
  if (typeof flags !== 'string') throw typeError('flags', 'a string', flags);
  const bits = Object.hasOwn(FLAGS, flags) ? FLAGS[flags] : undefined;
  if (bits === undefined) {
    const known = Object.keys(FLAGS).join(', ');
    throw badOption(`flags is one of ${known}, not ${shown(flags)}.`);
  }
  if (typeof mode !== 'number') throw typeError('mode', 'a number', mode);
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
    throw badOption(`mode is a whole number from 0 to 0o7777, not ${mode}.`);
  }
  checkOptions('options', options);
  checkFlags(options, 'direct');
  return { path: checked, flags: bits | (options.direct ? layout.FILE_DIRECT : 0), mode };
}

/** Where in the file; null and undefined mean the current position. */
export function checkPosition(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const number = typeof value === 'bigint' ? Number(value) : value;
  return checkWhole('position', number, Number.MAX_SAFE_INTEGER);
}

/** Buffer takes what it does not know for UTF-8. */
export function checkEncoding(value: unknown): BufferEncoding {
  if (value === undefined || value === null) return 'utf8';
  if (typeof value !== 'string') throw typeError('encoding', 'a string', value);
  if (!Buffer.isEncoding(value)) {
    throw badOption(`encoding is one that Buffer knows, not ${shown(value)}.`);
  }
  return value;
}

/** The bytes of any view, as they lie. */
export function checkView(name: string, value: unknown): Uint8Array {
  if (!ArrayBuffer.isView(value)) throw typeError(name, 'a Buffer, typed array or DataView', value);
  return value instanceof Uint8Array
    ? value
    : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

/** The part of a view that is meant: no longer than one operation can be. */
export function checkRange(view: Uint8Array, offset: unknown, length: unknown): Uint8Array {
  const from = offset == null ? 0 : checkWhole('offset', offset, view.byteLength);
  const left = view.byteLength - from;
  const total = length == null ? left : checkWhole('length', length, left);
  const most = Math.min(total, LENGTH_MAX);
  if (from === 0 && most === view.byteLength) return view;
  return new Uint8Array(view.buffer, view.byteOffset + from, most);
}
