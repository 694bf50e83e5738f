// Adopting: a descriptor that something else opened becomes a connection.
import * as layout from '../../assembly/layout';
import { typeError } from '../errors';
import { checkOptions, checkSignal } from './arguments';
import type { Connection } from './connection';
import { checkHandlers, type Handlers } from './handlers';
import type { Opening } from './opening';
import { type Trigger, triggerBit } from './triggers';

export interface AdoptOptions {
  /** How `change` is repeated. Default 'edge'. */
  readonly trigger?: Trigger;
  /** Destroys the connection when aborted. */
  readonly signal?: AbortSignal;
}

/** The number is this process's affair: a replay has another one, and opens nothing by it. */
export function adopt(
  opening: Opening,
  fd: number,
  options: AdoptOptions,
  handlers: Handlers,
): Connection {
  if (!Number.isInteger(fd) || fd < 0 || fd >= 2 ** 31) {
    throw typeError('fd', 'a descriptor, a whole number from 0', fd);
  }
  checkOptions('options', options);
  checkSignal(options.signal);
  if (options.trigger !== undefined) triggerBit(options.trigger);
  const wanted = { kind: layout.KIND_CONNECTION, subject: `descriptor ${fd}`, argument: fd };
  const connection = opening.connection(wanted, checkHandlers(handlers), 'adopt');
  if (options.trigger) connection.setTrigger(options.trigger);
  opening.calls.aborts.watch(connection, options.signal, () => connection.destroy());
  return connection;
}
