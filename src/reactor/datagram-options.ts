// What a socket for datagrams is bound with.
import * as layout from '../../assembly/layout';
import { typeError } from '../errors';
import { type Address, checkEndpoint, type Endpoint } from './address';
import { checkFlags, checkOptions, checkSignal } from './arguments';
import { DatagramSocket } from './datagram-socket';
import type { Opening } from './opening';
import type { Result } from './source';

export interface DatagramOptions extends Endpoint {
  /** The only peer: messages go there, and none of others come in. */
  readonly remote?: Endpoint;
  /** Several sockets share the port, and the kernel deals the messages out (SO_REUSEPORT). */
  readonly reusePort?: boolean;
  /** Several sockets hear the same group at one port (SO_REUSEADDR). */
  readonly reuseAddress?: boolean;
  readonly broadcast?: boolean;
  /** On an IPv6 address: do not take IPv4 too. */
  readonly ipv6Only?: boolean;
  /** Longer messages are cut and marked. Default 65,535: none is. */
  readonly messageBytes?: number;
  /** Closes the socket when aborted. */
  readonly signal?: AbortSignal;
}

export interface DatagramMarks {
  /** The message was longer than `messageBytes`; the rest of it is lost. */
  readonly truncated: boolean;
}

export interface DatagramHandlers {
  /** It is bound. */
  listening?(socket: DatagramSocket): Result;
  /** A message. Its bytes lie in the read arena and are valid until this turn ends. */
  message?(socket: DatagramSocket, bytes: Uint8Array, from: Address, marks: DatagramMarks): Result;
  /** What was queued when send() answered false has left. */
  drain?(socket: DatagramSocket): Result;
  /** rx or tx of the record changed. At most once a turn. */
  change?(socket: DatagramSocket): Result;
  /** About one message (the socket lives on), or the last before `close`. */
  error?(socket: DatagramSocket, error: Error): Result;
  /** The last call, exactly once. */
  close?(socket: DatagramSocket): Result;
}

/** What `for await` brings; the bytes are a copy. */
export interface Datagram extends DatagramMarks {
  readonly bytes: Uint8Array;
  readonly from: Address;
}

const NAMES: readonly (keyof DatagramHandlers)[] = [
  'listening',
  'message',
  'drain',
  'change',
  'error',
  'close',
];

function checkDatagramHandlers(handlers: DatagramHandlers): DatagramHandlers {
  checkOptions('handlers', handlers);
  for (const name of NAMES) {
    const value: unknown = handlers[name];
    if (value !== undefined && typeof value !== 'function') {
      throw typeError(`handlers.${name}`, 'a function', value);
    }
  }
  return handlers;
}

/** A checked endpoint of our own; a socket with a peer takes any address of that peer's family. */
function ownEndpoint(
  { address, port = 0, path }: Endpoint,
  remote: Endpoint | undefined,
): { name: string; port: number; local: boolean } {
  if (path !== undefined) return checkEndpoint({ path }, false);
  if (address === undefined && remote?.path !== undefined) {
    return { name: '', port: 0, local: true };
  }
  if (address !== undefined || remote === undefined) {
    return checkEndpoint(address === undefined ? { port } : { address, port }, false);
  }
  const wide = typeof remote.address === 'string' && remote.address.includes(':');
  return checkEndpoint({ address: wide ? '::' : '0.0.0.0', port }, false);
}

/** reactor.bindDatagram() */
export function bindDatagram(
  opening: Opening,
  options: DatagramOptions,
  handlers: DatagramHandlers,
): DatagramSocket {
  checkOptions('options', options);
  const { remote, messageBytes = layout.DATAGRAM_MAX, signal } = options;
  const peer = remote === undefined ? undefined : checkEndpoint(remote, true);
  const own = ownEndpoint(options, remote);
  const checked = checkDatagramHandlers(handlers);
  checkFlags(options, 'reusePort', 'reuseAddress', 'broadcast', 'ipv6Only');
  checkSignal(signal);
  if (!Number.isInteger(messageBytes) || messageBytes < 1 || messageBytes > layout.DATAGRAM_MAX) {
    throw typeError(
      'messageBytes',
      `a whole number from 1 to ${layout.DATAGRAM_MAX}`,
      messageBytes,
    );
  }
  const bits =
    (options.reusePort ? layout.SOCKET_REUSE_PORT : 0) |
    (options.reuseAddress ? layout.SOCKET_REUSE_ADDRESS : 0) |
    (options.broadcast ? layout.SOCKET_BROADCAST : 0) |
    (options.ipv6Only ? layout.SOCKET_IPV6_ONLY : 0) |
    (own.local ? layout.SOCKET_LOCAL : 0);
  const socket = opening.source(
    {
      kind: layout.KIND_DATAGRAM,
      subject: own.local ? own.name : `${own.name}:${own.port}`,
      name: peer ? `${own.name}\0${peer.name}` : own.name,
      argument: own.port | (bits << 16),
      value: (peer?.port ?? 0) | (messageBytes << 16),
      wants: checked.change ? layout.WANTS_CHANGE : 0,
    },
    (origin) => new DatagramSocket(origin, opening.operations, checked, remote, options.path),
  );
  opening.calls.aborts.watch(socket, signal, () => socket.close());
  return socket;
}
