// Messages of rtnetlink(7): links and addresses, as the kernel wrote them.
import * as layout from '../../assembly/layout';
import { readPeer } from './address';

export interface LinkChange {
  readonly index: number;
  readonly name: string;
  /** Switched on. */
  readonly up: boolean;
  /** Has a carrier: it could pass packets on. */
  readonly running: boolean;
  /** Bytes of the largest packet; 0 when the kernel did not say. */
  readonly mtu: number;
  /** The link is gone. */
  readonly removed: boolean;
}

export interface AddressChange {
  /** False: taken away. */
  readonly added: boolean;
  /** Of the link. */
  readonly index: number;
  readonly family: 'IPv4' | 'IPv6';
  readonly address: string;
  /** Bits of the network's part. */
  readonly prefix: number;
}

export type NetworkEvent =
  | ({ readonly kind: 'link' } & LinkChange)
  | ({ readonly kind: 'address' } & AddressChange)
  /** Messages were lost. */
  | { readonly kind: 'overrun' };

// <linux/netlink.h>, <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>, <linux/if.h>
const NLMSG_OVERRUN = 4;
const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const LINK_HEAD = 16;
const ADDRESS_HEAD = 8;
const ATTRIBUTE_HEAD = 4;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFF_UP = 0x1;
const IFF_RUNNING = 0x40;
const AF_INET = 2;
const AF_INET6 = 10;

/** By type; what is cut is left out. */
function attributesOf(message: DataView, from: number): Map<number, DataView> {
  const attributes = new Map<number, DataView>();
  for (let at = from; at + ATTRIBUTE_HEAD <= message.byteLength; ) {
    const length = message.getUint16(at, true);
    if (length < ATTRIBUTE_HEAD || at + length > message.byteLength) break;
    // The two highest bits are flags.
    const type = message.getUint16(at + 2, true) & 0x3fff;
    const start = message.byteOffset + at + ATTRIBUTE_HEAD;
    attributes.set(type, new DataView(message.buffer, start, length - ATTRIBUTE_HEAD));
    at += (length + 3) & ~3;
  }
  return attributes;
}

function textOf(bytes: DataView | undefined): string {
  if (!bytes) return '';
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  return text.replace(/\0.*$/s, '');
}

function readLink(message: DataView, removed: boolean): NetworkEvent | undefined {
  if (message.byteLength < LINK_HEAD) return undefined;
  const attributes = attributesOf(message, LINK_HEAD);
  const flags = message.getUint32(8, true);
  const mtu = attributes.get(IFLA_MTU);
  return {
    kind: 'link',
    index: message.getInt32(4, true),
    name: textOf(attributes.get(IFLA_IFNAME)),
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_RUNNING) !== 0,
    mtu: mtu && mtu.byteLength >= 4 ? mtu.getUint32(0, true) : 0,
    removed,
  };
}

function readAddress(message: DataView, added: boolean): NetworkEvent | undefined {
  if (message.byteLength < ADDRESS_HEAD) return undefined;
  const family = message.getUint8(0);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const size = family === AF_INET ? 4 : 16;
  const attributes = attributesOf(message, ADDRESS_HEAD);
  // Between two points IFA_ADDRESS is the other's.
  const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  if (!bytes || bytes.byteLength < size) return undefined;
  const peer = new Uint8Array(layout.PEER_SIZE);
  peer[layout.PEER_FAMILY] = family === AF_INET ? layout.FAMILY_IPV4 : layout.FAMILY_IPV6;
  peer.set(new Uint8Array(bytes.buffer, bytes.byteOffset, size), layout.PEER_BYTES);
  return {
    kind: 'address',
    added,
    index: message.getUint32(4, true),
    family: family === AF_INET ? 'IPv4' : 'IPv6',
    address: readPeer(peer, 0).address,
    prefix: message.getUint8(1),
  };
}

/** What a batch says; messages about anything else are passed over. */
export function readNetwork(batch: Uint8Array): NetworkEvent[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const events: NetworkEvent[] = [];
  for (let at = 0; at < batch.length; ) {
    const length = view.getUint32(at, true);
    const type = view.getUint16(at + 4, true);
    const start = batch.byteOffset + at + layout.NETWORK_HEAD;
    const message = new DataView(batch.buffer, start, length - layout.NETWORK_HEAD);
    const event =
      type === NLMSG_OVERRUN
        ? ({ kind: 'overrun' } as const)
        : type === RTM_NEWLINK || type === RTM_DELLINK
          ? readLink(message, type === RTM_DELLINK)
          : type === RTM_NEWADDR || type === RTM_DELADDR
            ? readAddress(message, type === RTM_NEWADDR)
            : undefined;
    if (event) events.push(event);
    at += (length + 3) & ~3;
  }
  return events;
}
