// The other end of a datagram: its peer record, taken out of the batch word by word. The text of
// its address is made when somebody asks for it, and an answer never needs it.
import * as layout from '../../assembly/layout';
import { CalandriaError, shown, typeError } from '../errors';
import {
  type Address,
  checkEndpoint,
  type Endpoint,
  ipVersion,
  readPeer,
  writePeer,
} from './address';

const scratch = new DataView(new ArrayBuffer(layout.PEER_SIZE));
const scratchBytes = new Uint8Array(scratch.buffer);

const PORT_SHIFT = 16;
const FAMILY_MASK = 0xffff;

export class DatagramPeer implements Address {
  /** Of a local socket that has one: its path, or `@name`. */
  readonly path: string | undefined;
  private readonly head: number;
  private readonly scope: number;
  private readonly first: number;
  private readonly second: number;
  private readonly third: number;
  private readonly fourth: number;
  private text: string | undefined;

  constructor(view: DataView, at: number, path: string | undefined) {
    this.path = path;
    this.head = view.getInt32(at, true);
    this.scope = view.getInt32(at + layout.PEER_SCOPE, true);
    this.first = view.getInt32(at + layout.PEER_BYTES, true);
    this.second = view.getInt32(at + layout.PEER_BYTES + 4, true);
    this.third = view.getInt32(at + layout.PEER_BYTES + 8, true);
    this.fourth = view.getInt32(at + layout.PEER_BYTES + 12, true);
  }

  get family(): Address['family'] {
    switch (this.head & FAMILY_MASK) {
      case layout.FAMILY_IPV4:
        return 'IPv4';
      case layout.FAMILY_IPV6:
        return 'IPv6';
      default:
        return 'local';
    }
  }

  get port(): number {
    return this.path === undefined && this.family !== 'local' ? this.head >>> PORT_SHIFT : 0;
  }

  get address(): string {
    if (this.text === undefined) {
      this.write(scratch, 0);
      const { address } = readPeer(scratchBytes, 0);
      // An address of one link only means nothing without its interface.
      this.text = this.scope === 0 ? address : `${address}%${this.scope}`;
    }
    return this.text;
  }

  /** Internal: bytes of its name in front of the message. */
  get nameLength(): number {
    return this.path === undefined ? 0 : this.head >>> PORT_SHIFT;
  }

  /** Internal: most bytes of a message to it: the network's limit, or the batch's. */
  get messageMost(): number {
    switch (this.head & FAMILY_MASK) {
      case layout.FAMILY_IPV4:
        return MOST_IPV4;
      case layout.FAMILY_IPV6:
        return MOST_IPV6;
      default:
        return layout.DATAGRAM_MAX - this.nameLength;
    }
  }

  /** Internal: is this the one whose record stands there? Those with a path are compared by it. */
  is(view: DataView, at: number): boolean {
    return (
      this.path === undefined &&
      view.getInt32(at, true) === this.head &&
      view.getInt32(at + layout.PEER_BYTES, true) === this.first &&
      view.getInt32(at + layout.PEER_BYTES + 4, true) === this.second &&
      view.getInt32(at + layout.PEER_BYTES + 8, true) === this.third &&
      view.getInt32(at + layout.PEER_BYTES + 12, true) === this.fourth &&
      view.getInt32(at + layout.PEER_SCOPE, true) === this.scope
    );
  }

  /** Internal: writes its record. */
  write(view: DataView, at: number): void {
    view.setInt32(at, this.head, true);
    view.setInt32(at + layout.PEER_SCOPE, this.scope, true);
    view.setInt32(at + layout.PEER_BYTES, this.first, true);
    view.setInt32(at + layout.PEER_BYTES + 4, this.second, true);
    view.setInt32(at + layout.PEER_BYTES + 8, this.third, true);
    view.setInt32(at + layout.PEER_BYTES + 12, this.fourth, true);
    view.setInt32(at + layout.PEER_BYTES + 16, 0, true);
    view.setInt32(at + layout.PEER_BYTES + 20, 0, true);
  }

  toString(): string {
    if (this.path !== undefined) return this.path;
    return this.family === 'IPv6'
      ? `[${this.address}]:${this.port}`
      : `${this.address}:${this.port}`;
  }
}

/** 65,535 less the heads of IP and UDP (RFC 768, RFC 791); IPv6 counts its own head apart. */
const MOST_IPV4 = 65507;
const MOST_IPV6 = 65527;

/** The record of a numeric address; a scope is a number, for only the system knows its names. */
export function putAddress(bytes: Uint8Array, at: number, address: string, port: number): void {
  const [plain = '', scope] = address.split('%', 2);
  writePeer(bytes, at, plain, port);
  if (scope === undefined) return;
  if (!/^\d{1,9}$/.test(scope)) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_ADDRESS',
      `The interface in ${JSON.stringify(address)} has to be given by its number.`,
    );
  }
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(
    at + layout.PEER_SCOPE,
    Number(scope),
    true,
  );
}

/** Where a program wants a datagram to go. */
export function peerOf(to: Endpoint): DatagramPeer {
  if (typeof to !== 'object' || to === null) {
    throw typeError('to', 'an object like { address, port } or { path }', to);
  }
  const { name, port, local } = checkEndpoint(to, true);
  if (local) {
    writePeer(scratchBytes, 0, '', Buffer.byteLength(name));
    return new DatagramPeer(scratch, 0, name);
  }
  putAddress(scratchBytes, 0, name, port);
  return new DatagramPeer(scratch, 0, undefined);
}

/** The kernel's numbers are of 31 bits (netdevice(7), ifr_ifindex). */
const INTERFACE_MAX = 2 ** 31 - 1;
const MULTICAST_IPV4 = /^2(2[4-9]|3\d)\./;
const MULTICAST_IPV6 = /^ff/i;

/**
 * What joining, leaving and sending to a group are told: the group's record (its scope: the
 * interface's number) and that of an interface's address.
 */
export function membershipBytes(group: string | undefined, through: unknown): Uint8Array {
  const bytes = new Uint8Array(2 * layout.PEER_SIZE);
  const view = new DataView(bytes.buffer);
  if (group !== undefined) {
    if (typeof group !== 'string') throw typeError('group', 'a string', group);
    const version = ipVersion(group);
    const known = version === 4 ? MULTICAST_IPV4 : MULTICAST_IPV6;
    if (version === 0 || !known.test(group)) {
      throw new CalandriaError(
        'ERR_CALANDRIA_BAD_ADDRESS',
        `${shown(group)} is not the numeric address of a multicast group.`,
      );
    }
    putAddress(bytes, 0, group, 0);
  }
  if (through === undefined) return bytes;
  if (
    typeof through === 'number' &&
    Number.isInteger(through) &&
    through > 0 &&
    through <= INTERFACE_MAX
  ) {
    view.setUint32(layout.PEER_SCOPE, through, true);
    return bytes;
  }
  if (typeof through !== 'string') {
    throw typeError('interface', 'an IPv4 address of it, or its number', through);
  }
  if (ipVersion(through) !== 4) {
    throw new CalandriaError(
      'ERR_CALANDRIA_BAD_ADDRESS',
      `An interface is given by an IPv4 address of it, or its number, not ${shown(through)}.`,
    );
  }
  writePeer(bytes, layout.PEER_SIZE, through, 0);
  return bytes;
}
