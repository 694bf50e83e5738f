// An answer that is sent often: head and body in one piece of memory, made anew with each Date.
import type { HeaderBlock } from './header-text';
import { statusLine } from './status';

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
