// One connection's instance of a Wasm module. Bytes that come are copied once, into its memory;
// those that it writes once, out of it. What it gives a layer above is a copy, too: its memory is
// its own, and may say something else a moment later.
import { type CalandriaCode, CalandriaError } from '../../errors';
import { closedError } from '../../reactor/calls';
import type { Connection } from '../../reactor/connection';
import { Link } from '../link';
import { type Bytes, badMessage } from '../protocol';
import * as abi from './abi';
import type { Instance, ProtocolModule, Room } from './module';

/** What a module speaks with: its place in a pipeline, or the connection itself. */
export type Below = Link<Bytes, Uint8Array> | Connection;

/** Hears why a module gave a connection up. */
export type Failed = (connection: Below, error: Error) => void;

export class Speaker {
  private readonly module: ProtocolModule;
  private readonly below: Below;
  private readonly failed: Failed | undefined;
  private instance: Instance | undefined;
  /** The layer above wants no more for now; what came since then, and whether the end did. */
  private waits = false;
  private kept: Uint8Array[] = [];
  private endWaits = false;
  /** Why the layer below took nothing. */
  private refusal: unknown;
  /** The module closed the connection: it gets no more bytes. */
  private closing = false;
  /** What something else threw while the module was calling it. */
  private thrown: { readonly error: unknown } | undefined;

  constructor(module: ProtocolModule, below: Below, failed: Failed | undefined) {
    this.module = module;
    this.below = below;
    this.failed = failed;
    try {
      this.instance = module.instantiate(this.imports());
    } catch (cause) {
      const { message } = cause as Error;
      if (cause instanceof RangeError) {
        this.giveUp('ERR_CALANDRIA_LIMIT', `no memory for one more connection: ${message}`, cause);
      } else this.giveUp('ERR_CALANDRIA_TRAPPED', `it cannot be started: ${message}`, cause);
    }
  }

  /** Bytes from below: as many calls as they need. */
  data(bytes: Uint8Array): void {
    const { below } = this;
    const size = this.instance?.dataRoom.size ?? 0;
    if (bytes.length > size && below instanceof Link && !below.onStream) {
      return below.fail(this.tooLong(bytes, size));
    }
    if (this.waits) this.kept.push(bytes.slice());
    else this.give(bytes);
  }

  private give(bytes: Uint8Array): void {
    let from = 0;
    do {
      if (!this.instance || this.closing) return;
      const { dataRoom } = this.instance;
      const piece = bytes.subarray(from, from + dataRoom.size);
      this.put(dataRoom, piece);
      this.call('data', piece.length);
      from += piece.length;
    } while (from < bytes.length && !this.waits);
    if (from < bytes.length) this.kept.unshift(bytes.slice(from));
  }

  /** The end from below; it waits behind what is kept. */
  end(): void {
    if (this.waits) this.endWaits = true;
    else this.call('end');
  }

  /** The layer above wants more: first what the module has, then what is kept here. */
  resume(): void {
    this.waits = false;
    this.call('resume');
    while (!this.waits && this.kept.length > 0) this.give(this.kept.shift() as Uint8Array);
    if (this.waits || !this.endWaits) return;
    this.endWaits = false;
    this.call('end');
  }

  /** A message from above. Answers as write() of a connection. */
  write(message: Uint8Array): boolean {
    const room = this.instance?.writeRoom;
    if (!room) throw closedError();
    if (message.length > room.size) throw this.tooLong(message, room.size);
    this.put(room, message);
    const result = this.call('write', message.length);
    if (result < 0) throw this.refusal ?? closedError();
    return result !== abi.WRITE_WAIT;
  }

  private tooLong({ length }: Uint8Array, size: number): Error {
    const what = `a message of ${length} bytes is longer than the ${size} that it has room for`;
    return badMessage(this.module.name, what);
  }

  private put({ address }: Room, bytes: Uint8Array): void {
    this.instance?.bytes.set(bytes, address);
  }

  /** Calls an export; a trap is the end of this connection, and of nothing else. */
  call(name: abi.EventExport | 'data' | 'write', length = 0): number {
    const called = this.instance?.exports[name];
    if (!called) return 0;
    try {
      return called(length);
    } catch (cause) {
      const { thrown } = this;
      if (thrown) {
        this.instance = undefined;
        throw thrown.error;
      }
      const what = `the module trapped in ${name}(): ${(cause as Error).message}`;
      this.giveUp('ERR_CALANDRIA_TRAPPED', what, cause);
      return 0;
    }
  }

  private giveUp(code: CalandriaCode, what: string, cause: unknown): void {
    this.instance = undefined;
    const error = new CalandriaError(code, `${this.module.where}: ${what}`, { cause });
    const { below, failed } = this;
    const heard = below instanceof Link && below.isBelowAnother;
    if (failed) failed(below, error);
    else if (!heard) process.emitWarning(error);
    if (below instanceof Link) below.fail(error);
    // Not a clean end: the peer must not take it for all there was to say.
    else below.reset();
  }

  // ── What the module calls ──

  private imports(): abi.ModuleImports {
    const { below } = this;
    /** An error of somebody else passes through the module, and is no trap. */
    const calling =
      <Values extends number[], Answer>(act: (...values: Values) => Answer) =>
      (...values: Values): Answer => {
        try {
          return act(...values);
        } catch (error) {
          if (!(error instanceof Misuse)) this.thrown = { error };
          throw error;
        }
      };
    return {
      write: calling((address, length) => this.writeBelow(this.view(address, length))),
      read: calling((messages) => below.read(messages < 0 ? Number.POSITIVE_INFINITY : messages)),
      end: calling(() => below.end()),
      close: calling(() => this.close('close')),
      destroy: calling(() => this.close('destroy')),
      deliver: calling((address, length) => {
        this.waits = !this.link.deliver(this.view(address, length).slice());
        return this.waits ? 0 : 1;
      }),
      opened: calling(() => this.link.opened()),
      drained: calling(() => this.link.drained()),
      ended: calling(() => this.link.ended()),
      fail: calling((address, length) => {
        const why = Buffer.from(this.view(address, length)).toString();
        const error = badMessage(this.module.name, why);
        this.failed?.(below, error);
        this.closing = true;
        if (below instanceof Link) below.fail(error);
        else below.close();
      }),
    };
  }

  private close(how: 'close' | 'destroy'): void {
    this.closing = true;
    this.below[how]();
  }

  private get link(): Link<Bytes, Uint8Array> {
    if (this.below instanceof Link) return this.below;
    throw new Misuse('there is no layer above it');
  }

  private view(address: number, length: number): Uint8Array {
    const from = address >>> 0;
    const size = length >>> 0;
    const { bytes } = this.instance as Instance;
    if (from + size <= bytes.length) return bytes.subarray(from, from + size);
    throw new Misuse(`${size} bytes at ${from} do not lie in its memory`);
  }

  private writeBelow(bytes: Uint8Array): number {
    try {
      return this.below.write(bytes) ? abi.WRITE_TAKEN : abi.WRITE_WAIT;
    } catch (error) {
      const result = WRITE_ERRORS[(error as { code?: string }).code ?? ''];
      if (result === undefined) throw error;
      this.refusal = error;
      return result;
    }
  }
}

const WRITE_ERRORS: Readonly<Record<string, number>> = {
  ERR_CALANDRIA_QUEUE_FULL: abi.WRITE_FULL,
  ERR_CALANDRIA_CLOSED: abi.WRITE_CLOSED,
  ERR_CALANDRIA_BAD_MESSAGE: abi.WRITE_REFUSED,
};

/** The module asked for what cannot be: its own fault, as a trap is. */
class Misuse extends Error {}
