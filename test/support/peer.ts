// The other end: a node:net socket that collects what it gets, and can be waited for.
import { connect, type Socket } from 'node:net';

export class Peer {
  readonly socket: Socket;
  readonly connected: Promise<void>;
  /** Resolves when the server's end arrived, or the connection failed. */
  readonly ended: Promise<void>;
  readonly closed: Promise<void>;
  error: NodeJS.ErrnoException | undefined;
  private readonly chunks: Buffer[] = [];
  private length = 0;
  private waiting: { length: number; resolve: () => void }[] = [];

  constructor(where: number | string) {
    this.socket =
      typeof where === 'number'
        ? connect({ port: where, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
        : connect({ path: where, allowHalfOpen: true });
    this.connected = new Promise((resolve) => this.socket.once('connect', resolve));
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.ended = Promise.race([
      new Promise<void>((resolve) => this.socket.once('end', resolve)),
      this.closed,
    ]);
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('data', (chunk) => this.take(chunk));
  }

  private take(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.length += chunk.length;
    const waiting = this.waiting;
    this.waiting = [];
    for (const entry of waiting) {
      if (this.length >= entry.length) entry.resolve();
      else this.waiting.push(entry);
    }
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get receivedLength(): number {
    return this.length;
  }

  /** Resolves once at least `length` bytes were received, counted from the start. */
  arrived(length: number): Promise<void> {
    if (this.length >= length) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push({ length, resolve }));
  }

  /** The same, and resolves with all of them. */
  async receive(length: number): Promise<Buffer> {
    await this.arrived(length);
    return this.received;
  }

  /** Resolves when the kernel has the bytes. */
  write(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => {
      this.socket.write(bytes, () => resolve());
    });
  }

  end(): void {
    this.socket.end();
  }

  /** RST in place of FIN. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }
}

const dialled: Peer[] = [];

export async function dial(where: number | string): Promise<Peer> {
  const peer = new Peer(where);
  dialled.push(peer);
  await Promise.race([peer.connected, peer.closed]);
  return peer;
}

/** To be called by afterEach. */
export async function closePeers(): Promise<void> {
  await Promise.all(
    dialled.splice(0).map((peer) => {
      peer.destroy();
      return peer.closed;
    }),
  );
}
