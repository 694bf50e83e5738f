// A socket for datagrams: UDP, or a local one. Messages come and go whole, or not at all.
import { types } from 'node:util';
import * as layout from '../../assembly/layout';
import { CalandriaError, systemError, typeError } from '../errors';
import { type Address, type Endpoint, readPeer } from './address';
import { checkFlag } from './arguments';
import type { Datagram, DatagramHandlers, DatagramMarks } from './datagram-options';
import { DatagramPeer, membershipBytes, peerOf } from './datagram-peer';
import type { Operations } from './operations';
import { type Result, Source, type SourceOrigin } from './source';

const WHOLE: DatagramMarks = Object.freeze({ truncated: false });
const CUT: DatagramMarks = Object.freeze({ truncated: true });
const MESSAGE_SIZE = 90;

export class DatagramSocket extends Source<Datagram> implements Address {
  private readonly operations: Operations;
  protected readonly handlers: DatagramHandlers;
  private readonly remote: Endpoint | undefined;
  private readonly view: DataView;
  private readonly text: Buffer;
  private own: Address;
  private bound = false;
  /** The last sender: in a conversation also the next. */
  private sender: DatagramPeer | undefined;
  /** What a program named last, as it did, and what that means. */
  private named: { address: unknown; port: unknown; path: unknown; peer: DatagramPeer } | undefined;

  /** Sockets come from reactor.bindDatagram(). */
  constructor(
    origin: SourceOrigin,
    operations: Operations,
    handlers: DatagramHandlers,
    remote: Endpoint | undefined,
    path: string | undefined,
  ) {
    super(origin);
    this.operations = operations;
    this.handlers = handlers;
    this.remote = remote;
    this.view = new DataView(this.memory.buffer);
    this.text = Buffer.from(this.memory.buffer);
    this.own = { family: 'local', address: '', port: 0, ...(path === undefined ? {} : { path }) };
  }

  // Where it is bound, once it is: ready() resolves with the socket, which is its own address.
  get family(): Address['family'] {
    return this.own.family;
  }
  get address(): string {
    return this.own.address;
  }
  get port(): number {
    return this.own.port;
  }
  get path(): string | undefined {
    return this.own.path;
  }

  /**
   * Takes the whole message, and answers whether more are welcome now: false means wait for
   * `drain`. `to` may be left out when the socket has a `remote`.
   * @throws EMSGSIZE it is longer than any datagram; ERR_CALANDRIA_QUEUE_FULL nothing was taken;
   * ERR_CALANDRIA_CLOSED.
   */
  send(bytes: Uint8Array | string, to?: Endpoint): boolean {
    const text = typeof bytes === 'string';
    if (!text && !types.isUint8Array(bytes)) {
      throw typeError('bytes', 'a Uint8Array or a string', bytes);
    }
    const peer = this.destination(to);
    const length = text ? Buffer.byteLength(bytes) : bytes.length;
    if (length > (peer?.messageMost ?? layout.DATAGRAM_MAX)) throw this.tooLong(length, peer);
    const named = peer === undefined ? 0 : peer.nameLength;
    const size = layout.DATAGRAM_HEAD + ((named + length + 7) & ~7);
    const at = this.calls.reserve(size);
    const { view } = this;
    // The padding first, for what follows may overlap it.
    view.setFloat64(at + size - 8, 0);
    if (peer) peer.write(view, at);
    else this.memory.bytes.fill(0, at, at + layout.PEER_SIZE);
    view.setInt32(at + layout.DATAGRAM_LENGTH, named + length, true);
    view.setInt32(at + layout.DATAGRAM_FLAGS, 0, true);
    const start = at + layout.DATAGRAM_HEAD;
    if (named > 0) this.text.write(peer?.path as string, start);
    if (text) this.text.write(bytes, start + named);
    else this.memory.bytes.set(bytes, start + named);
    const result = this.calls.sendTo(this, at, size);
    if (result < 0) throw this.refusal(result, length);
    return result === layout.CALL_TAKEN;
  }

  private destination(to: Endpoint | undefined): DatagramPeer | undefined {
    if (this.remote) {
      // Whoever it heard from is its peer.
      if (to === undefined || to instanceof DatagramPeer) return undefined;
      throw new CalandriaError(
        'ERR_CALANDRIA_BAD_ADDRESS',
        'A socket with a `remote` sends there only; leave the destination out.',
      );
    }
    if (to instanceof DatagramPeer) return to;
    if (to === undefined) {
      throw new CalandriaError(
        'ERR_CALANDRIA_BAD_ADDRESS',
        'A message needs a destination, unless the socket was bound with a `remote`.',
      );
    }
    const { named } = this;
    const { address, port, path } = to ?? {};
    if (named && named.address === address && named.port === port && named.path === path) {
      return named.peer;
    }
    const peer = peerOf(to);
    this.named = { address, port, path, peer };
    return peer;
  }

  private tooLong(length: number, peer: DatagramPeer | undefined): Error {
    const most = peer?.messageMost ?? layout.DATAGRAM_MAX;
    const to = peer ? `to ${peer}` : 'to its remote';
    return systemError(
      MESSAGE_SIZE,
      'send',
      `${this.subject} ${to}: a datagram has ${most} bytes at the most, not ${length}`,
    );
  }

  private refusal(result: number, length: number): CalandriaError {
    switch (result) {
      case layout.CALL_QUEUE_FULL:
        return new CalandriaError(
          'ERR_CALANDRIA_QUEUE_FULL',
          `${length} bytes do not fit the socket's queue of ${this.memory.limits.queueBytes}` +
            ' (limits.queueBytes); nothing was taken. Stop when send() answers false and go on at' +
            ' `drain`.',
        );
      case layout.CALL_TOTAL_FULL:
        return new CalandriaError(
          'ERR_CALANDRIA_QUEUE_FULL',
          `${length} bytes do not fit what all sources may hold unsent` +
            ' (limits.queueBytesTotal); nothing was taken.',
        );
      default:
        return new CalandriaError('ERR_CALANDRIA_CLOSED', 'The socket is closed.');
    }
  }

  // ── Options: each resolves when the system has it ──

  /** Hears what is sent to the group. `through`: an IPv4 address of an interface, or its number. */
  addMembership(group: string, through?: string | number): Promise<void> {
    return this.membership(layout.CONTROL_JOIN, group, through);
  }

  dropMembership(group: string, through?: string | number): Promise<void> {
    return this.membership(layout.CONTROL_LEAVE, group, through);
  }

  /** What is sent to groups leaves through this interface. */
  setMulticastInterface(through: string | number): Promise<void> {
    return this.membership(layout.CONTROL_MULTICAST_INTERFACE, undefined, through);
  }

  setBroadcast(on = true): Promise<void> {
    return this.flag(layout.CONTROL_BROADCAST, on);
  }

  /** Whether what is sent to groups is heard on this machine too. */
  setMulticastLoopback(on = true): Promise<void> {
    return this.flag(layout.CONTROL_MULTICAST_LOOP, on);
  }

  /** Hops that a message to a group may make, 0 to 255. */
  setMulticastTtl(hops: number): Promise<void> {
    return this.hops(layout.CONTROL_MULTICAST_HOPS, hops, 0);
  }

  /** Hops that a message may make, 1 to 255. */
  setTtl(hops: number): Promise<void> {
    return this.hops(layout.CONTROL_HOPS, hops, 1);
  }

  private async flag(control: number, on: boolean): Promise<void> {
    checkFlag('on', on);
    return this.control(control, on ? 1 : 0);
  }

  private async hops(control: number, hops: number, least: number): Promise<void> {
    if (!Number.isInteger(hops) || hops < least || hops > 255) {
      throw typeError('hops', `a whole number from ${least} to 255`, hops);
    }
    return this.control(control, hops);
  }

  private async membership(
    control: number,
    group: string | undefined,
    through: string | number | undefined,
  ): Promise<void> {
    const bytes = membershipBytes(group, through);
    if (!this.bound) await this.ready();
    if (this.family === 'IPv6') bytes[layout.PEER_FAMILY] = layout.FAMILY_IPV6;
    return this.control(control, 0, bytes);
  }

  private async control(control: number, value: number, bytes?: Uint8Array): Promise<void> {
    if (!this.bound) await this.ready();
    return this.operations.ask(
      (core) => {
        const { address, length } = bytes ? this.calls.place(bytes) : { address: 0, length: 0 };
        const { record, generation } = this;
        const task = layout.TASK_CONTROL;
        return core.operate(record, generation, task, value, control, address, length);
      },
      { syscall: 'setsockopt', subject: this.subject },
      () => undefined,
    );
  }

  // ── Internal ──

  override arrived(batch: Uint8Array): Result {
    const { view, handlers } = this;
    const end = batch.byteOffset + batch.length;
    let waiting: Promise<void>[] | undefined;
    for (let at = batch.byteOffset; at < end && this.listening; ) {
      const length = view.getUint32(at + layout.DATAGRAM_LENGTH, true);
      const from = this.senderAt(at);
      const named = from.nameLength;
      const start = at + layout.DATAGRAM_HEAD + named;
      const bytes = new Uint8Array(this.memory.buffer, start, length - named);
      const flags = view.getUint32(at + layout.DATAGRAM_FLAGS, true);
      const marks = flags & layout.DATAGRAM_TRUNCATED ? CUT : WHOLE;
      if (this.iterated) this.tell({ bytes: bytes.slice(), from, truncated: marks.truncated });
      const result = handlers.message?.(this, bytes, from, marks);
      if (result !== undefined) {
        waiting ??= [];
        waiting.push(result);
      }
      at += layout.DATAGRAM_HEAD + ((length + 7) & ~7);
    }
    return waiting && Promise.all(waiting).then(() => {});
  }

  private senderAt(at: number): DatagramPeer {
    const { view, sender } = this;
    if (sender?.is(view, at)) return sender;
    const local = view.getUint16(at, true) === layout.FAMILY_LOCAL;
    const named = local ? view.getUint16(at + layout.PEER_PORT, true) : 0;
    const start = at + layout.DATAGRAM_HEAD;
    const path = named > 0 ? this.text.toString('utf8', start, start + named) : undefined;
    this.sender = new DatagramPeer(view, at, path);
    return this.sender;
  }

  override drained(): Result {
    return this.handlers.drain?.(this);
  }

  override changed(): Result {
    return this.handlers.change?.(this);
  }

  protected get doing(): string {
    return this.tx.error === 0 ? 'recv' : 'send';
  }

  protected override heardOpen(name: Uint8Array): Result {
    const { path } = this.own;
    const own = readPeer(name, 0);
    this.own = path === undefined ? own : { ...own, path };
    this.bound = true;
    return this.handlers.listening?.(this);
  }

  protected override heardError(error: Error, told: boolean): Result {
    if (this.handlers.error) return this.handlers.error(this, error);
    // As of a listener: nobody else would hear that it could not be bound.
    if (!told && !this.bound) throw error;
  }
}
