// What a program hears that answers wrongly, and what says no more than that the client is gone.
import { CalandriaError } from '../errors';

/** How a connection fails while a file is sent over it; everything else is the file's fault. */
const GONE = new Set(['EPIPE', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'ECANCELED']);

export function sequence(message: string): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_ANSWERED', `${message}.`);
}

export function wrongLength(message: string): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_BODY_LENGTH', `${message}.`);
}

export function tellsOfGone(error: unknown): boolean {
  return GONE.has((error as { code: string }).code);
}
