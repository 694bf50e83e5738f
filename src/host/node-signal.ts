// Signals of the node host: process.on(), which counts one call for each signal that libuv saw.
import { isMainThread } from 'node:worker_threads';
import * as layout from '../../assembly/layout';
import { errorNumber } from '../errors';
import type { OpenRequest } from './node-openers';
import { Source } from './node-source';

export class SignalSource extends Source {
  private readonly signal: NodeJS.Signals;
  private readonly number: number;
  /** Arrived since the last receive. */
  private waiting = 0;
  private readonly heard = (): void => {
    this.waiting++;
    this.raise(layout.READY_IN);
  };

  constructor({ bytes, argument, report }: OpenRequest) {
    super(report);
    this.signal = bytes.toString() as NodeJS.Signals;
    this.number = argument;
    // process.on() of a worker never hears of one.
    if (!isMainThread) throw Object.assign(new Error(), { code: 'EOPNOTSUPP' });
    if (!this.signal.startsWith('SIG') || this.signal.startsWith('SIGRT')) {
      throw Object.assign(new Error(), { code: 'EINVAL' });
    }
    process.on(this.signal, this.heard);
    this.raise(layout.READY_OUT);
  }

  get available(): number {
    return this.waiting;
  }

  status(): number {
    return 0;
  }

  name(bytes: Uint8Array, at: number): void {
    bytes.fill(0, at, at + layout.PEER_SIZE);
    bytes[at] = layout.FAMILY_NONE;
  }

  override receive(target: Uint8Array, at: number): number {
    if (this.waiting === 0) return -errorNumber('EAGAIN');
    const view = new DataView(target.buffer, target.byteOffset + at, layout.SIGNAL_RECORD);
    view.setUint32(0, this.number, true);
    view.setUint32(4, this.waiting, true);
    view.setBigUint64(8, 0n, true);
    this.waiting = 0;
    return layout.SIGNAL_RECORD;
  }

  close(): void {
    this.closed = true;
    process.off(this.signal, this.heard);
  }
}
