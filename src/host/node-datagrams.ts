// A socket for datagrams on the node host. node:dgram reads by itself and cannot be told to wait:
// what nobody has taken is kept up to a bound, and what comes beyond it is lost, as in a kernel.
// Local sockets it does not know.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import * as layout from '../../assembly/layout';
import { errorNumber } from '../errors';
import { readPeer, writePeer } from '../reactor/address';
import type { OpenRequest } from './node-openers';
import { numberOf, Source, type Task } from './node-source';
import type { Outgoing } from './outgoing';
import { canReusePort } from './reuse-port';

/** Bytes of messages that may wait here. */
const HELD_MAX = 1 << 20;
/** Bytes with libuv from which on a send is answered "not now". */
const SENDING_MAX = 65536;
const NOT_SUPPORTED = errorNumber('EOPNOTSUPP');
const IPV4_ANY = '0.0.0.0';

interface Message {
  readonly bytes: Uint8Array;
  readonly from: RemoteInfo;
}

/** Addresses are numeric: nothing has to be looked up, and nothing waits for a thread. */
const lookup = (
  address: string,
  _options: unknown,
  found: (error: null, address: string, family: number) => void,
): void => found(null, address, address.includes(':') ? 6 : 4);

export class DatagramSource extends Source {
  private readonly socket: Socket;
  private readonly connected: boolean;
  private readonly messageMost: number;
  private readonly messages: Message[] = [];
  private held = 0;
  private bound = false;
  /** Datagrams, and their bytes, that libuv has and has not answered for. */
  private sending = 0;
  private sendingBytes = 0;
  private blocked = false;
  /** What the network said about single datagrams. */
  private readonly refusals: number[] = [];

  constructor({ bytes, argument, value, report }: OpenRequest) {
    super(report);
    const options = (argument >>> 16) & 0xff;
    const reusePort = (options & layout.SOCKET_REUSE_PORT) !== 0;
    if (options & layout.SOCKET_LOCAL || (reusePort && !canReusePort())) {
      throw Object.assign(new Error(), { code: 'EOPNOTSUPP' });
    }
    const [address = '', remote] = bytes.toString().split('\0');
    const wide = address.includes(':');
    this.connected = remote !== undefined;
    this.messageMost = value >>> 16;
    this.socket = createSocket({
      type: wide ? 'udp6' : 'udp4',
      reuseAddr: (options & layout.SOCKET_REUSE_ADDRESS) !== 0,
      ipv6Only: wide && (options & layout.SOCKET_IPV6_ONLY) !== 0,
      ...(reusePort ? { reusePort } : {}),
      lookup,
    });
    // Whether the process goes on is the reactor's decision (NodeHost.hold).
    this.socket.unref();
    this.socket.on('error', (error) => this.failed(error));
    this.socket.on('message', (message, from) => this.came(message, from));
    this.socket.bind({ address, port: argument & 0xffff, exclusive: true }, () => {
      if (this.closed) return this.finish();
      if (options & layout.SOCKET_BROADCAST) this.socket.setBroadcast(true);
      if (remote === undefined) return this.opened();
      this.socket.connect(value & 0xffff, remote, ((error?: Error) => {
        if (error) this.failed(error);
        else this.opened();
      }) as () => void);
    });
  }

  private opened(): void {
    if (this.closed) return this.finish();
    this.bound = true;
    this.raise(layout.READY_OUT);
  }

  private failed(error: unknown): void {
    if (this.bound) this.refused(error);
    else this.fail(error);
  }

  private refused(error: unknown): void {
    this.refusals.push(numberOf(error));
    this.raise(layout.READY_ERROR);
  }

  private came(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.closed || this.held + bytes.length + layout.DATAGRAM_HEAD > HELD_MAX) return;
    this.messages.push({ bytes, from });
    this.held += bytes.length + layout.DATAGRAM_HEAD;
    this.raise(layout.READY_IN);
  }

  /** Of the next datagram. */
  get available(): number {
    const [first] = this.messages;
    return first ? Math.min(first.bytes.length, this.messageMost) : 0;
  }

  override get space(): number {
    return Math.max(0, SENDING_MAX - this.sendingBytes);
  }

  name(bytes: Uint8Array, at: number): void {
    const { address, port } = this.socket.address();
    writePeer(bytes, at, address, port);
  }

  status(): number {
    if (this.bound) return 0;
    return this.failure !== 0 ? -this.failure : -layout.ERROR_IN_PROGRESS;
  }

  override receive(target: Uint8Array, at: number, most: number, records: number): number {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return -refusal;
    let taken = 0;
    let count = 0;
    for (const message of this.messages) {
      if (records !== 0 && count === records) break;
      const fits = most - layout.DATAGRAM_HEAD - 7;
      const length = Math.min(message.bytes.length, this.messageMost, fits);
      const size = layout.DATAGRAM_HEAD + ((length + 7) & ~7);
      if (size > most - taken) break;
      this.put(message, length, target, at + taken);
      this.held -= message.bytes.length + layout.DATAGRAM_HEAD;
      taken += size;
      count++;
    }
    this.messages.splice(0, count);
    return taken > 0 ? taken : -layout.ERROR_AGAIN;
  }

  private put({ bytes, from }: Message, length: number, target: Uint8Array, at: number): void {
    const view = new DataView(target.buffer, target.byteOffset + at, layout.DATAGRAM_HEAD);
    writePeer(target, at, from.address, from.port);
    view.setUint32(layout.DATAGRAM_LENGTH, length, true);
    const flags = length < bytes.length ? layout.DATAGRAM_TRUNCATED : 0;
    view.setUint32(layout.DATAGRAM_FLAGS, flags, true);
    const start = at + layout.DATAGRAM_HEAD;
    target.set(length < bytes.length ? bytes.subarray(0, length) : bytes, start);
    target.fill(0, start + length, start + ((length + 7) & ~7));
  }

  /** Each is taken at once; what becomes of it node:dgram tells later, and receive() passes on. */
  override send(outgoing: Outgoing): number {
    let sent = 0;
    while (outgoing.left > 0) {
      if (this.sendingBytes >= SENDING_MAX) {
        this.blocked = true;
        return sent > 0 ? sent : -layout.ERROR_AGAIN;
      }
      const head = outgoing.copy(layout.DATAGRAM_HEAD);
      const length = head.readUInt32LE(layout.DATAGRAM_LENGTH);
      const bytes = outgoing.copy((length + 7) & ~7).subarray(0, length);
      this.sending++;
      this.sendingBytes += length;
      const done = (error: Error | null): void => this.sentOne(length, error);
      if (this.connected) this.socket.send(bytes, done);
      else {
        const { address, port } = readPeer(head, 0);
        this.socket.send(bytes, port, address, done);
      }
      sent += layout.DATAGRAM_HEAD + ((length + 7) & ~7);
    }
    return sent;
  }

  private sentOne(length: number, error: Error | null): void {
    this.sending--;
    this.sendingBytes -= length;
    if (this.closed) return this.finish();
    if (error) this.refused(error);
    if (this.blocked && this.sendingBytes < SENDING_MAX) {
      this.blocked = false;
      this.raise(layout.READY_OUT);
    }
  }

  /** Interfaces are known by their addresses only. */
  override operate({ offset, bytes }: Task): number {
    const control = Number(offset >> 32n);
    const value = Number(offset & 0xffffffffn);
    const { socket } = this;
    try {
      switch (control) {
        case layout.CONTROL_BROADCAST:
          socket.setBroadcast(value !== 0);
          return 0;
        case layout.CONTROL_MULTICAST_LOOP:
          socket.setMulticastLoopback(value !== 0);
          return 0;
        case layout.CONTROL_MULTICAST_HOPS:
          socket.setMulticastTTL(value);
          return 0;
        case layout.CONTROL_HOPS:
          socket.setTTL(value);
          return 0;
        default:
          return this.group(control, bytes);
      }
    } catch (error) {
      return -numberOf(error);
    }
  }

  private group(control: number, bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (view.getUint32(layout.PEER_SCOPE, true) !== 0) return -NOT_SUPPORTED;
    const { address } = readPeer(bytes, 0);
    const through = readPeer(bytes, layout.PEER_SIZE);
    const named = through.family === 'local' ? undefined : through.address;
    if (control === layout.CONTROL_JOIN) this.socket.addMembership(address, named);
    else if (control === layout.CONTROL_LEAVE) this.socket.dropMembership(address, named);
    else this.socket.setMulticastInterface(named ?? IPV4_ANY);
    return 0;
  }

  /** What send() took still leaves. */
  close(): void {
    this.closed = true;
    this.messages.length = 0;
    if (this.bound || this.failure !== 0) this.finish();
  }

  private finish(): void {
    if (this.sending === 0) this.socket.close();
  }
}
