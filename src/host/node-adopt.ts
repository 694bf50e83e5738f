// Adopted descriptors of the node host: whatever node:net can wrap. libuv makes them non-blocking,
// and with them everybody who shares the open file; only a native host leaves the flags alone.
import { fstatSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty, ReadStream } from 'node:tty';
import * as layout from '../../assembly/layout';
import type { OpenRequest } from './node-openers';
import type { Source } from './node-source';
import { HIGH_WATER, Stream } from './node-stream';

const ACCESS = 3;
const WRITE_ONLY = 1;
const READ_ONLY = 0;

function refuse(code: string): never {
  throw Object.assign(new Error(), { code });
}

/** O_ACCMODE of fcntl(2), where the system shows it; else both ways. */
function accessOf(fd: number): number {
  try {
    const [, flags = ''] =
      /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
    return Number.parseInt(flags, 8) & ACCESS;
  } catch {
    return 2;
  }
}

function wrap(fd: number): { socket: Socket; writeOnly: boolean } {
  const status = fstatSync(fd);
  if (status.isDirectory()) refuse('EISDIR');
  // As epoll(7): no readiness is ever reported for one, and node:net wraps none.
  if (status.isFile()) refuse('EPERM');
  const access = accessOf(fd);
  const readable = access !== WRITE_ONLY;
  const writable = access !== READ_ONLY;
  const how = { readable, writable, allowHalfOpen: true, highWaterMark: HIGH_WATER };
  try {
    const socket = isatty(fd) ? new ReadStream(fd, how) : new Socket({ fd, ...how });
    return { socket, writeOnly: !readable };
  } catch (error) {
    // Datagram sockets, and what libuv has no handle for.
    const known = (error as NodeJS.ErrnoException).code !== 'ERR_INVALID_FD_TYPE';
    if (known) throw error;
    return refuse(status.isSocket() ? 'EPROTOTYPE' : 'EOPNOTSUPP');
  }
}

/** A stream that may go one way only. */
export class PipeStream extends Stream {
  private readonly writeOnly: boolean;

  constructor(socket: Socket, writeOnly: boolean, report: (source: Source) => void) {
    super(socket, report);
    this.writeOnly = writeOnly;
    // Node destroys the pipe to a child that has ended, and says so by nothing else.
    if (writeOnly) socket.on('close', () => this.gone(socket.writableLength > 0));
    else this.start();
  }

  /** Its readers are gone. Bytes that were taken and not passed on are lost. */
  private gone(short: boolean): void {
    if (this.failure !== 0) return;
    if (short) this.fail({ code: 'EPIPE' });
    else this.end();
  }

  override shutDown(): number {
    super.shutDown();
    return this.writeOnly ? layout.SHUT_DOWN_ALL : 0;
  }
}

export class AdoptedSource extends PipeStream {
  constructor({ argument, report }: OpenRequest) {
    const { socket, writeOnly } = wrap(argument);
    super(socket, writeOnly, report);
    this.raise(layout.READY_OUT);
  }
}
