// Answers without a file: why, in a word that every client knows, and nothing about this machine.
import type { Exchange } from '../exchange';
import { reasonPhrase } from '../status';

export function refuse(
  exchange: Exchange,
  status: number,
  fields: Readonly<Record<string, string>> = {},
): void {
  const text = `${status} ${reasonPhrase(status)}\n`;
  exchange.answer(
    status,
    {
      'Content-Type': 'text/plain; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      ...fields,
    },
    text,
  );
}

/**
 * Nothing is said of what is there and may not be served: links that lead out, devices, files that
 * this process may not read.
 */
const NOT_FOUND = new Set([
  'ENOENT',
  'ENOTDIR',
  'ENAMETOOLONG',
  'EXDEV',
  'ENXIO',
  'ELOOP',
  'EACCES',
  'EPERM',
  'EISDIR',
]);

/** What passes by itself: too little of something, or a file that others were moving. */
const LATER = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
  'ESTALE',
  'ERR_CALANDRIA_LIMIT',
  'ERR_CALANDRIA_QUEUE_FULL',
]);

/** The status for what the file system said; undefined: it is for the program to hear. */
export function statusOfError(error: unknown): 404 | 503 | undefined {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (NOT_FOUND.has(code)) return 404;
  return LATER.has(code) ? 503 : undefined;
}
