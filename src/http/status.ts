// Status codes and their reason phrases: Node's table, which follows the IANA registry.
import { STATUS_CODES } from 'node:http';

const lines: (string | undefined)[] = [];

/** The status line of an answer, with its line end. RFC 9112 section 4. */
export function statusLine(status: number): string {
  const known = lines[status];
  if (known !== undefined) return known;
  const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  lines[status] = line;
  return line;
}

/** The reason phrase, or "Unknown". */
export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}

/** Its answer has a body of no bytes, and says so (RFC 9110 section 15.3.6). */
export const RESET_CONTENT = 205;

/** Answers with this status have no body, whatever is given (RFC 9110 sections 6.4.1 and 15). */
export function bodiless(status: number): boolean {
  return status === 204 || status === 304 || (status >= 100 && status < 200);
}
