// A protocol: handlers over a connection, with a name. A layer of a pipeline is the same thing; one
// that serves the layer above it (a codec, a framing) is a stage, and has a few handlers more.
import { CalandriaError, shown } from '../errors';
import type { Address } from '../reactor/address';
import type { Connection } from '../reactor/connection';
import type { Link } from './link';

/** A handler may be async: a rejection is treated like a throw. */
export type Result = void | Promise<void>;

export type Bytes = Uint8Array | string;

/** What lies below a protocol: a connection, or its place in a pipeline. */
export interface Lower<Reply = Bytes> {
  /** The protocol's own. */
  data: unknown;
  readonly peer: Address;
  readonly closed: boolean;
  write(reply: Reply): boolean;
  read(amount: number): void;
  end(reply?: Reply): void;
  close(): void;
  destroy(): void;
  /** Internal: what runs for this protocol outside of its handlers threw. */
  threw(error: unknown): void;
}

/**
 * All handlers are optional. `connection` is the connection itself for a protocol alone, and a Link
 * for a layer of a pipeline; what a protocol keeps for one of them is its own affair (`data`, a
 * Map).
 */
export interface Protocol<On = Connection, Message = Uint8Array> {
  readonly name: string;
  open?(connection: On): Result;
  /** Bytes are valid until this turn ends. */
  data?(connection: On, message: Message): Result;
  /** What was queued when write() answered false has left. */
  drain?(connection: On): Result;
  /** The other side will send no more. Without this handler our side is ended too. */
  end?(connection: On): Result;
  /** After all data, before close. */
  error?(connection: On, error: Error): Result;
  /** The last call for this connection, exactly once. */
  close?(connection: On): Result;
}

/**
 * A layer with another one above it: `In` and `Out` are what it reads and writes below, `Message`
 * and `Reply` what it gives the layer above and takes from it. `open`, `data`, `drain` and `end`
 * pass upwards by themselves where the stage has no such handler; one that has it decides, and says
 * link.opened(), deliver(), drained(), ended(). `error` and `close` are always told to every layer.
 */
export interface Stage<In = Uint8Array, Out = Bytes, Message = Uint8Array, Reply = Bytes>
  extends Protocol<Link<Out, Message>, In> {
  /** The layer above writes. Answers as write() of a connection. Default: passes it down. */
  write?(link: Link<Out, Message>, reply: Reply): boolean;
  /** The layer above ended its side. Default: ends the one below. */
  finish?(link: Link<Out, Message>): void;
  /** deliver() answered false, and now the layer above wants more. */
  resume?(link: Link<Out, Message>): void;
}

/** The handlers of either, without the types of what they handle. */
export type Layer = Stage<unknown, unknown, unknown, unknown>;

const HANDLERS = ['open', 'data', 'drain', 'end', 'error', 'close'] as const;
const OF_STAGES = ['write', 'finish', 'resume'] as const;

/**
 * The value, if it is a protocol or a stage.
 * @throws ERR_CALANDRIA_BAD_PROTOCOL `where` (a file, an argument) has none, and why.
 */
export function checkProtocol<Value>(value: Value, where = 'the protocol'): Value {
  if (typeof value !== 'object' || value === null) {
    throw badProtocol(where, `${shown(value)} is not an object { name, open, data, … }`);
  }
  const found = value as { readonly [key: string]: unknown };
  const { name } = found;
  if (typeof name !== 'string' || name === '') {
    throw badProtocol(where, `its name has to be a text that is not empty, not ${shown(name)}`);
  }
  for (const key of [...HANDLERS, ...OF_STAGES]) {
    const handler = found[key];
    if (handler === undefined || typeof handler === 'function') continue;
    throw badProtocol(
      where,
      `${key} of ${shown(name)} has to be a function, not ${shown(handler)}`,
    );
  }
  return value;
}

export function badProtocol(where: string, what: string, cause?: unknown): CalandriaError {
  const options = cause === undefined ? {} : { cause };
  return new CalandriaError('ERR_CALANDRIA_BAD_PROTOCOL', `${where}: ${what}.`, options);
}

/** What the other side sent, or the layer above wrote, cannot be in this protocol. */
export function badMessage(name: string, what: string): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_BAD_MESSAGE', `${name}: ${what}.`);
}
