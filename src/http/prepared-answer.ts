// An answer that is sent often: head and body in one piece of memory, made anew with each Date.
import type { HeaderBlock } from './header-text';
import { bodiless, RESET_CONTENT, statusLine } from './status';

/** UTF-16 units of a text that is kept in case it is the next answer, too. */
const REPEATED_MAX = 4096;

/** What was answered last with a block of fields. */
export interface LastAnswer {
  readonly status: number;
  readonly text: string;
  prepared: PreparedAnswer | undefined;
}

/**
 * Whoever makes a block of fields once gives the same answer often: one that is the last one again
 * is prepared. Undefined: it is another, or not to be prepared.
 */
export function repeatedAnswer(
  status: number,
  block: HeaderBlock,
  text: string,
): PreparedAnswer | undefined {
  const { last } = block;
  if (last?.status === status && last.text === text) {
    last.prepared ??= new PreparedAnswer(status, block, Buffer.from(text));
    return last.prepared;
  }
  const usual = block.own.size === 0 && !bodiless(status) && status !== RESET_CONTENT;
  const kept = usual && text.length <= REPEATED_MAX;
  block.last = kept ? { status, text, prepared: undefined } : undefined;
  return undefined;
}

export class PreparedAnswer {
  readonly status: number;
  readonly block: HeaderBlock;
  private date: string | undefined;
  private bytes: Uint8Array;
  private bodyStart = 0;

  /** The block has no fields of the server's own. */
  constructor(status: number, block: HeaderBlock, body: Uint8Array) {
    this.status = status;
    this.block = block;
    this.bytes = body;
  }

  get length(): number {
    return this.bytes.length - this.bodyStart;
  }

  get body(): Uint8Array {
    return this.bodyStart === 0 ? this.bytes : this.bytes.subarray(this.bodyStart);
  }

  /** All of it, to a client that need not be told what becomes of the connection. */
  whole(date: string): Uint8Array {
    if (date === this.date) return this.bytes;
    const { status, block, body } = this;
    const lines = `${statusLine(status)}${date}${block.text}`;
    const head = Buffer.from(`${lines}Content-Length: ${body.length}\r\n\r\n`, 'latin1');
    // Another piece each time: the one before may still be waiting for a client.
    const bytes = Buffer.allocUnsafeSlow(head.length + body.length);
    head.copy(bytes);
    bytes.set(body, head.length);
    this.bytes = bytes;
    this.bodyStart = head.length;
    this.date = date;
    return bytes;
  }
}
