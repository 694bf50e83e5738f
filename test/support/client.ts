// A client of the conformance suite: a raw node:net socket over any transport that says what it
// got.
import { connect, type NetConnectOpts, type Socket } from 'node:net';

export type Place = { readonly path: string } | { readonly address: string; readonly port: number };

export class Client {
  readonly socket: Socket;
  /** The server's end arrived, or the connection broke. */
  readonly ended: Promise<void>;
  readonly closed: Promise<void>;
  error: NodeJS.ErrnoException | undefined;
  length = 0;
  private readonly chunks: Buffer[] = [];
  private waiting: { length: number; resolve(): void }[] = [];

  constructor(place: Place) {
    const where: NetConnectOpts =
      'path' in place ? { path: place.path } : { host: place.address, port: place.port };
    this.socket = connect({ ...where, allowHalfOpen: true, noDelay: true });
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.ended = new Promise((resolve) => {
      this.socket.once('end', () => resolve());
      this.socket.once('close', () => resolve());
    });
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('data', (chunk) => {
      this.chunks.push(chunk);
      this.length += chunk.length;
      const reached = this.waiting.filter(({ length }) => length <= this.length);
      this.waiting = this.waiting.filter(({ length }) => length > this.length);
      for (const { resolve } of reached) resolve();
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** Everything so far, once that is `length` bytes or more. */
  async receive(length: number): Promise<Buffer> {
    if (this.length < length) {
      await new Promise<void>((resolve) => this.waiting.push({ length, resolve }));
    }
    return this.received;
  }

  /** Resolves when the kernel has the bytes. */
  write(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => {
      this.socket.write(bytes, () => resolve());
    });
  }

  /** Sends the bytes and the end. */
  end(bytes: Uint8Array | string = ''): void {
    this.socket.end(bytes);
  }
}
