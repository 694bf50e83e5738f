// A socket of node:dgram: the other end, which knows nothing of this package.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

const open: DatagramClient[] = [];

export class DatagramClient {
  readonly socket: Socket;
  readonly received: Buffer[] = [];
  readonly senders: RemoteInfo[] = [];
  private waiting: { readonly count: number; resolve(messages: Buffer[]): void }[] = [];

  constructor(type: 'udp4' | 'udp6') {
    this.socket = createSocket({ type, reuseAddr: true });
    this.socket.on('message', (message, from) => {
      this.received.push(message);
      this.senders.push(from);
      for (const { count, resolve } of this.waiting) {
        if (this.received.length >= count) resolve(this.received);
      }
      this.waiting = this.waiting.filter(({ count }) => this.received.length < count);
    });
    open.push(this);
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Resolves with all messages once so many have come. */
  got(count: number): Promise<Buffer[]> {
    if (this.received.length >= count) return Promise.resolve(this.received);
    return new Promise((resolve) => this.waiting.push({ count, resolve }));
  }

  send(message: Uint8Array | string, port: number, address: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const sent = (error: Error | null): void => (error ? reject(error) : resolve());
      this.socket.send(message, port, address, sent);
    });
  }
}

export async function datagramClient(address = '127.0.0.1', port = 0): Promise<DatagramClient> {
  const client = new DatagramClient(address.includes(':') ? 'udp6' : 'udp4');
  client.socket.bind(port, address);
  await once(client.socket, 'listening');
  return client;
}

/** To be called by afterEach. */
export async function closeDatagramClients(): Promise<void> {
  await Promise.all(
    open.splice(0).map(({ socket }) => new Promise<void>((resolve) => socket.close(resolve))),
  );
}

/** A port at which nobody listens. */
export async function nobodysPort(): Promise<number> {
  const client = await datagramClient();
  const { port } = client;
  open.splice(open.indexOf(client), 1);
  await new Promise<void>((resolve) => client.socket.close(resolve));
  return port;
}
