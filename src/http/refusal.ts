// Why a request is not answered by the program. The connection is closed behind the refusal: where
// the next request begins is no longer certain.
import { reasonPhrase, statusLine } from './status';

export interface Refusal {
  readonly status: number;
  readonly reason: string;
}

export function refusal(status: number, reason: string): Refusal {
  return { status, reason };
}

/** The whole answer; `date` is the line of that field. Of HEAD, the head is all. */
export function refusalText({ status, reason }: Refusal, date: string, head: boolean): string {
  const text = `${status} ${reasonPhrase(status)}: ${reason}\n`;
  return (
    `${statusLine(status)}${date}Content-Type: text/plain; charset=utf-8\r\n` +
    `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${head ? '' : text}`
  );
}
