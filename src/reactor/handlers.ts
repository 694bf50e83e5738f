// Handlers: plain functions, shared by all connections of a listener, the connection always first.
import * as layout from '../../assembly/layout';
import { checkFunctions } from './arguments';
import type { Connection } from './connection';
import type { Listener } from './listener';

/** A handler may be async: a rejection is treated like a throw. */
type Result = void | Promise<void>;

export interface Handlers {
  /** Accepted, or connected. */
  open?(connection: Connection): Result;
  /** Bytes that arrived. They lie in the read arena and are valid until this turn ends. */
  data?(connection: Connection, bytes: Uint8Array): Result;
  /** rx or tx of the record changed. At most once a turn. */
  change?(connection: Connection): Result;
  /** What was queued when write() answered false has left. */
  drain?(connection: Connection): Result;
  /** The peer sent its last byte. The write side stays open; without this handler it is ended. */
  end?(connection: Connection): Result;
  /** After all data, before close. */
  error?(connection: Connection, error: Error): Result;
  /** The last call for this connection, exactly once. */
  close?(connection: Connection): Result;
  /** The listener is bound and listens. */
  listening?(listener: Listener): Result;
  /** `rx` of the listener's record changed: who waits. At most once a turn. */
  listenerChange?(listener: Listener): Result;
  /** The listener failed, or has to pause (EMFILE). */
  listenerError?(listener: Listener, error: Error): Result;
}

const NAMES: readonly (keyof Handlers)[] = [
  'open',
  'data',
  'change',
  'drain',
  'end',
  'error',
  'close',
  'listening',
  'listenerChange',
  'listenerError',
];

export function checkHandlers(handlers: Handlers): Handlers {
  checkFunctions('handlers', handlers, NAMES);
  return handlers;
}

/** WANTS_… bits: what the core may leave out for these handlers. */
export function wantsOf(handlers: Handlers): number {
  return (
    (handlers.change ? layout.WANTS_CHANGE : 0) |
    (handlers.end ? layout.WANTS_END : 0) |
    (handlers.listenerChange ? layout.WANTS_LISTENER_CHANGE : 0)
  );
}
