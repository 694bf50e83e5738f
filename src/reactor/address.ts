// Addresses: what the program asks for, and what a peer record of the layout says.
import { isIP } from 'node:net';
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';
import { CalandriaError, typeError } from '../errors';

export interface Address {
  readonly family: 'IPv4' | 'IPv6' | 'local';
  /** A numeric address; empty for local sockets, whose peers have no names. */
  readonly address: string;
  /** 0 for local sockets. */
  readonly port: number;
  /** Of a local socket for datagrams that has one. */
  readonly path?: string | undefined;
}

/**
 * Where to listen or connect: an address and port, or a path (`@name`: Linux's abstract namespace).
 */
export interface Endpoint {
  /** A numeric IPv4 or IPv6 address, or "localhost". Default 127.0.0.1. */
  readonly address?: string;
  /** 0 lets the system choose when listening. */
  readonly port?: number;
  readonly path?: string;
}

export interface CheckedEndpoint {
  readonly name: string;
  readonly port: number;
  readonly local: boolean;
}

const PATH_MAX = 107;

/** Checks types and forms before anything native is touched. */
export function checkEndpoint(endpoint: Endpoint, dial: boolean): CheckedEndpoint {
  if (typeof endpoint !== 'object' || endpoint === null) {
    throw typeError('the endpoint', 'an object like { port: 8000 }', endpoint);
  }
  const { address = '127.0.0.1', port, path } = endpoint;
  if (path !== undefined) return checkPath(path);
  if (typeof address !== 'string') throw typeError('address', 'a string', address);
  if (typeof port !== 'number') throw typeError('port', 'a number', port);
  if (!Number.isInteger(port) || port < (dial ? 1 : 0) || port > 65535) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_ADDRESS',
      `port must be a whole number from ${dial ? 1 : 0} to 65535, not ${port}.`,
    );
  }
  const name = address === 'localhost' ? '127.0.0.1' : address;
  if (isIP(name) === 0) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_ADDRESS',
      `${JSON.stringify(address)} is not a numeric address; look names up first, with lookup() of calandria/outside.`,
    );
  }
  return { name, port, local: false };
}

function checkPath(path: unknown): CheckedEndpoint {
  if (typeof path !== 'string') throw typeError('path', 'a string', path);
  const size = Buffer.byteLength(path);
  if (size === 0 || size > PATH_MAX || path.includes('\0')) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_ADDRESS',
      `The path of a local socket has 1 to ${PATH_MAX} bytes and no NUL, not ${JSON.stringify(path)}.`,
    );
  }
  return { name: path, port: 0, local: true };
}

/** 4 or 6 for a numeric address, else 0. */
export const ipVersion = isIP;

/** The peer record of a record: a view, valid while the record's owner is. */
export function peerRecord(memory: ReactorMemory, record: number): Uint8Array {
  const at = word(memory, layout.PEERS_BASE) + record * layout.PEER_SIZE;
  return new Uint8Array(memory.buffer, at, layout.PEER_SIZE);
}

/** Reads a peer record: family, port, scope, bytes (assembly/layout.ts). */
export function readPeer(bytes: Uint8Array, at: number): Address {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, layout.PEER_SIZE);
  const port = view.getUint16(layout.PEER_PORT, true);
  switch (view.getUint16(layout.PEER_FAMILY, true)) {
    case layout.FAMILY_IPV4: {
      const parts = [0, 1, 2, 3].map((place) => view.getUint8(layout.PEER_BYTES + place));
      return { family: 'IPv4', address: parts.join('.'), port };
    }
    case layout.FAMILY_IPV6:
      return { family: 'IPv6', address: formatIpv6(view), port };
    default:
      return { family: 'local', address: '', port: 0 };
  }
}

/** Writes a peer record; the inverse of readPeer for hosts in JavaScript. */
export function writePeer(bytes: Uint8Array, at: number, address: string, port: number): void {
  bytes.fill(0, at, at + layout.PEER_SIZE);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, layout.PEER_SIZE);
  const family = isIP(address);
  const families = [layout.FAMILY_LOCAL, layout.FAMILY_IPV4, layout.FAMILY_IPV6];
  view.setUint16(
    layout.PEER_FAMILY,
    families[family === 0 ? 0 : family / 2 - 1] ?? layout.FAMILY_LOCAL,
    true,
  );
  view.setUint16(layout.PEER_PORT, port, true);
  if (family === 4) {
    for (const [place, part] of address.split('.').entries()) {
      view.setUint8(layout.PEER_BYTES + place, Number(part));
    }
  } else if (family === 6) {
    for (const [place, group] of expandIpv6(address).entries()) {
      view.setUint16(layout.PEER_BYTES + 2 * place, group);
    }
  }
}

function expandIpv6(address: string): number[] {
  // The dotted tail of a mapped address is two groups.
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address.replace(/%.*$/, ''));
  const plain = dotted
    ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}`
    : address.replace(/%.*$/, '');
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function hex(high = '0', low = '0'): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}

/** RFC 5952: the longest run of zero groups (two or more, the first of equals) becomes "::". */
function formatIpv6(view: DataView): string {
  const groups = Array.from({ length: 8 }, (_, place) =>
    view.getUint16(layout.PEER_BYTES + 2 * place),
  );
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const text = groups.map((group) => group.toString(16));
  if (best.start < 0) return text.join(':');
  const head = text.slice(0, best.start).join(':');
  const tail = text.slice(best.start + best.length).join(':');
  return `${head}::${tail}`;
}
