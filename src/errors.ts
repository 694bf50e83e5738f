// Errors: every one has a stable `code`; system errors also have `errno` and `syscall` as in Node.
import { constants } from 'node:os';
import { inspect } from 'node:util';

export type CalandriaCode =
  | 'ERR_CALANDRIA_ANSWERED'
  | 'ERR_CALANDRIA_BAD_ADDRESS'
  | 'ERR_CALANDRIA_BAD_HEADER'
  | 'ERR_CALANDRIA_BAD_MESSAGE'
  | 'ERR_CALANDRIA_BAD_OPTION'
  | 'ERR_CALANDRIA_BAD_PROTOCOL'
  | 'ERR_CALANDRIA_BODY_LENGTH'
  | 'ERR_CALANDRIA_BODY_TOO_LARGE'
  | 'ERR_CALANDRIA_CLOSED'
  | 'ERR_CALANDRIA_CORE'
  | 'ERR_CALANDRIA_DIVERGED'
  | 'ERR_CALANDRIA_HOST'
  | 'ERR_CALANDRIA_LIMIT'
  | 'ERR_CALANDRIA_NO_HOST'
  | 'ERR_CALANDRIA_QUEUE_FULL'
  | 'ERR_CALANDRIA_RECORDING'
  | 'ERR_CALANDRIA_REFUSED'
  | 'ERR_CALANDRIA_STALE_BYTES'
  | 'ERR_CALANDRIA_TIMEOUT'
  | 'ERR_CALANDRIA_TRACE'
  | 'ERR_CALANDRIA_TRAPPED'
  | 'ERR_CALANDRIA_USAGE'
  | 'ERR_CALANDRIA_WORKER';

export class CalandriaError extends Error {
  override readonly name = 'CalandriaError';
  readonly code: CalandriaCode;

  constructor(code: CalandriaCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A value as an error shows it: any value, in one line. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : inspected(value);
}

function inspected(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity });
}

/** A wrong type, found before anything else is touched. Has Node's own code. */
export function typeError(name: string, expected: string, value: unknown): TypeError {
  const error = new TypeError(
    `${name} must be ${expected}, not ${inspected(value)} (${typeof value}).`,
  );
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
}

export interface SystemError extends Error {
  /** As in Node: ECONNRESET, EADDRINUSE, … */
  code: string;
  errno: number;
  syscall: string;
}

// On every host error numbers are Linux's (assembly/layout.ts), so that a trace means the same
// everywhere. Only those which socket calls return; the rest is shown as its number.
const NAMES: Record<number, string> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  4: 'EINTR',
  5: 'EIO',
  6: 'ENXIO',
  9: 'EBADF',
  10: 'ECHILD',
  11: 'EAGAIN',
  12: 'ENOMEM',
  13: 'EACCES',
  14: 'EFAULT',
  16: 'EBUSY',
  17: 'EEXIST',
  18: 'EXDEV',
  19: 'ENODEV',
  20: 'ENOTDIR',
  21: 'EISDIR',
  22: 'EINVAL',
  23: 'ENFILE',
  24: 'EMFILE',
  26: 'ETXTBSY',
  27: 'EFBIG',
  28: 'ENOSPC',
  29: 'ESPIPE',
  30: 'EROFS',
  32: 'EPIPE',
  36: 'ENAMETOOLONG',
  38: 'ENOSYS',
  40: 'ELOOP',
  44: 'ECHRNG',
  61: 'ENODATA',
  71: 'EPROTO',
  75: 'EOVERFLOW',
  88: 'ENOTSOCK',
  89: 'EDESTADDRREQ',
  90: 'EMSGSIZE',
  91: 'EPROTOTYPE',
  92: 'ENOPROTOOPT',
  93: 'EPROTONOSUPPORT',
  94: 'ESOCKTNOSUPPORT',
  95: 'EOPNOTSUPP',
  96: 'EPFNOSUPPORT',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
  100: 'ENETDOWN',
  101: 'ENETUNREACH',
  102: 'ENETRESET',
  103: 'ECONNABORTED',
  104: 'ECONNRESET',
  105: 'ENOBUFS',
  106: 'EISCONN',
  107: 'ENOTCONN',
  110: 'ETIMEDOUT',
  111: 'ECONNREFUSED',
  112: 'EHOSTDOWN',
  113: 'EHOSTUNREACH',
  114: 'EALREADY',
  115: 'EINPROGRESS',
  116: 'ESTALE',
  122: 'EDQUOT',
  125: 'ECANCELED',
};

const NUMBERS = new Map(Object.entries(NAMES).map(([number, name]) => [name, Number(number)]));

/** The name of a Linux error number. */
export function errorName(errno: number): string {
  return NAMES[errno] ?? `E${errno}`;
}

/** The Linux number of an error's name; EIO for one that sockets do not know. */
export function errorNumber(name: string): number {
  return NUMBERS.get(name) ?? 5;
}

/** What a number means here, where its name does not say so. */
const EXPLAINED: Record<number, string> = {
  38: 'this host has no such operation',
  44: 'select has no room for a descriptor so high',
  61: 'the file ended early',
};

/** The name of an error number, and what it means here. */
export function errorText(errno: number): string {
  const explained = EXPLAINED[errno];
  return explained === undefined ? errorName(errno) : `${errorName(errno)}: ${explained}`;
}

/** `subject` says what it was about: an address, a path. */
export function systemError(errno: number, syscall: string, subject: string): SystemError {
  const name = errorName(errno);
  const separator = errno in EXPLAINED ? ',' : ':';
  const error = new Error(`${errorText(errno)}${separator} ${syscall} ${subject}`);
  const local = (constants.errno as Record<string, number>)[name] ?? errno;
  return Object.assign(error, { code: name, errno: -local, syscall });
}
