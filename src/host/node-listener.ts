// A listener of the node host. node:net accepts by itself; what it accepted waits here, unread.
import { createServer, type ListenOptions, type Server } from 'node:net';
import * as layout from '../../assembly/layout';
import { writePeer } from '../reactor/address';
import { Source } from './node-source';
import { HIGH_WATER, Stream } from './node-stream';

export interface ListenerOptions {
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
  /** Connections beyond these are reset: nobody could ever accept so many. */
  readonly waitingMax: number;
}

export class ListenerSource extends Source {
  private readonly server: Server;
  private readonly waiting: Stream[] = [];
  private bound = false;

  constructor(
    where: ListenOptions | { readonly fd: number },
    { noDelay, keepAlive, waitingMax }: ListenerOptions,
    report: (source: Source) => void,
  ) {
    super(report);
    this.server = createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay,
      keepAlive,
      highWaterMark: HIGH_WATER,
    });
    this.server.on('connection', (socket) => {
      if (this.closed || this.waiting.length >= waitingMax) {
        socket.destroy();
        return;
      }
      this.waiting.push(new Stream(socket, report));
      this.raise(layout.READY_IN);
    });
    this.server.on('listening', () => {
      this.bound = true;
      // Closed while node:net was still binding.
      if (this.closed) this.server.close();
      else this.raise(layout.READY_OUT);
    });
    this.server.on('error', (error) => this.fail(error));
    this.server.unref();
    this.server.listen(where);
  }

  get available(): number {
    return this.waiting.length;
  }

  name(bytes: Uint8Array, at: number): void {
    const name = this.server.address();
    const { address, port } =
      typeof name === 'object' && name !== null ? name : { address: '', port: 0 };
    writePeer(bytes, at, address, port);
  }

  status(): number {
    if (this.bound) return 0;
    return this.failure !== 0 ? -this.failure : -layout.ERROR_IN_PROGRESS;
  }

  /** As accept(2): a connection, or a negative error number. */
  override accept(): Stream | number {
    const stream = this.waiting.shift();
    if (stream) return stream;
    // Like EMFILE: about accepting in general, and so answered once.
    const { failure } = this;
    this.failure = 0;
    return failure !== 0 ? -failure : -layout.ERROR_AGAIN;
  }

  close(reset: boolean): void {
    this.closed = true;
    if (this.bound) this.server.close();
    for (const stream of this.waiting.splice(0)) stream.close(reset);
  }
}
