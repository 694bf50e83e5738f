// Child processes of the node host: node:child_process. Others cannot be watched: Node has no way
// to hear of them.
import { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import * as layout from '../../assembly/layout';
import { errorNumber } from '../errors';
import { signalName, signalNumber } from '../reactor/signal-names';
import { PipeStream } from './node-adopt';
import type { OpenRequest } from './node-openers';
import { numberOf, Source, type Task } from './node-source';

const STDIO: Readonly<Record<number, string>> = {
  [layout.STREAM_IGNORE]: 'ignore',
  [layout.STREAM_INHERIT]: 'inherit',
  [layout.STREAM_PIPE]: 'pipe',
};

/** What ChildProcess.spawn() takes, which the types do not know. It answers libuv's error or 0. */
interface Spawning {
  spawn(options: {
    file: string;
    args: string[];
    envPairs: string[];
    cwd: string | undefined;
    stdio: string[];
  }): number;
}

function start({ bytes, argument }: OpenRequest): ChildProcess {
  const [total = '0', others = '-', file = '', folder = '', ...texts] = bytes
    .toString()
    .slice(0, -1)
    .split('\0');
  const args = texts.slice(0, Number(total));
  const ours = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
  const child = new ChildProcess();
  // What is wrong is told by the answer of this call; the event comes too late.
  child.on('error', () => {});
  const result = (child as unknown as Spawning).spawn({
    file,
    args,
    envPairs: others === '-' ? ours : texts.slice(Number(total)),
    cwd: folder === '' ? undefined : folder,
    stdio: [0, 1, 2].map(
      (which) => STDIO[(argument >> (which * layout.STREAM_SHIFT)) & layout.STREAM_MASK] ?? '',
    ),
  });
  if (result === 0) return child;
  // Out of descriptors Node has closed them itself, and there are none.
  for (const stream of (child.stdio as typeof child.stdio | undefined) ?? []) stream?.destroy();
  throw Object.assign(new Error(), { code: getSystemErrorName(result) });
}

export class ProcessSource extends Source {
  override readonly opensAtOnce = true;
  private readonly child: ChildProcess;
  private readonly pid: number;
  private over = false;
  /** How it ended, until it was received: CLD_ and the status (assembly/layout.ts). */
  private end: { how: number; status: number } | undefined;

  constructor(request: OpenRequest) {
    super(request.report);
    if (request.bytes.length === 0) throw Object.assign(new Error(), { code: 'EOPNOTSUPP' });
    this.child = start(request);
    this.pid = this.child.pid as number;
    this.child.unref();
    this.child.on('exit', (code, signal) => {
      this.over = true;
      this.end =
        signal === null ? { how: 1, status: code ?? 0 } : { how: 2, status: signalNumber(signal) };
      this.raise(layout.READY_IN);
    });
  }

  /** TAKE. */
  override stream(which: number): PipeStream | undefined {
    const socket = this.child.stdio[which] as Socket | null | undefined;
    return socket ? new PipeStream(socket, which === 0, this.report) : undefined;
  }

  get available(): number {
    return this.end ? 1 : 0;
  }

  status(): number {
    return 0;
  }

  name(bytes: Uint8Array, at: number): void {
    bytes.fill(0, at, at + layout.PEER_SIZE);
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, layout.PEER_SIZE);
    view.setUint16(layout.PEER_FAMILY, layout.FAMILY_PROCESS, true);
    view.setUint32(layout.PEER_SCOPE, this.pid, true);
  }

  override receive(target: Uint8Array, at: number): number {
    if (!this.end) return -layout.ERROR_AGAIN;
    const view = new DataView(target.buffer, target.byteOffset + at, layout.PROCESS_RECORD);
    view.setUint32(0, this.pid, true);
    view.setUint32(4, this.end.how, true);
    view.setInt32(8, this.end.status, true);
    view.setUint32(12, 0, true);
    this.end = undefined;
    return layout.PROCESS_RECORD;
  }

  override operate({ offset }: Task): number {
    const number = Number(offset & 0xffffffffn);
    if (Number(offset >> 32n) !== layout.CONTROL_KILL) return -errorNumber('EOPNOTSUPP');
    // Its number may be another process's by now.
    if (this.over) return -errorNumber('ESRCH');
    try {
      process.kill(this.pid, number === 0 ? 0 : signalName(number));
      return 0;
    } catch (error) {
      return -numberOf(error);
    }
  }

  /** The process goes on. */
  close(): void {
    this.closed = true;
  }
}
