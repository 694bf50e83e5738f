// The records of a program replay, without a core: what the trace says of them, and what calls do
// to them at once, because the rest of a turn's deliveries depends on it.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';

/** Does a delivery of this kind name handlers? Timers and operations have their own. */
function ofRecord(kind: number): boolean {
  return kind <= layout.DELIVER_CLOSE;
}

export class RecordImage {
  private readonly memory: ReactorMemory;
  private readonly source: Buffer;
  private readonly records: number;
  /** From addresses of the recording reactor's read arena to this one's. */
  private readonly shift: number;
  /** tx.queued before a write of this turn raised it: what the next turn begins with. */
  private readonly queued = new Map<number, number>();
  private readonly dead: number[] = [];
  /** Each record's handlers: where they are kept is this reactor's affair, not the recording's. */
  private readonly handlers = new Map<number, number>();
  /** Records that ever had an owner. */
  private readonly used = new Set<number>();
  /** The reactor ends at once: who is still being accepted is closed as soon as it is open. */
  private ending = false;

  constructor(memory: ReactorMemory, shift: number) {
    this.memory = memory;
    this.source = Buffer.from(memory.buffer);
    this.records = word(memory, layout.RECORDS_BASE);
    this.shift = shift;
  }

  // ── What came in ──

  /**
   * A turn begins: what was written in the last one has left, or an update says that it has not.
   */
  begin(turn: number, deliveries: Buffer, updates: Buffer): void {
    for (const [record, before] of this.queued) this.put(record, layout.TX_QUEUED, before);
    this.queued.clear();
    // Deliveries first: an update in the turn that opens a record is the new owner's.
    this.applyDeliveries(deliveries);
    this.applyUpdates(turn, updates);
  }

  /** A turn ends: who heard `close` is gone. */
  end(): void {
    for (const record of this.dead) this.setState(record, layout.STATE_FREE);
    this.dead.length = 0;
  }

  private applyUpdates(turn: number, updates: Buffer): void {
    for (let at = 0; at < updates.length; at += layout.UPDATE_SIZE) {
      const record = updates.readInt32LE(at + layout.UPDATE_RECORD);
      const source = this.at(record);
      const value = updates.readInt32LE(at + layout.UPDATE_VALUE);
      const error = updates.readInt32LE(at + layout.UPDATE_ERROR);
      const sequence = updates.readInt32LE(at + layout.UPDATE_SEQUENCE);
      const mark = updates[at + layout.UPDATE_EOF] as number;
      const exactness = updates[at + layout.UPDATE_EXACTNESS] as number;
      if (updates[at + layout.UPDATE_SIDE] === 0) {
        this.put(record, layout.RX_AVAILABLE, value);
        this.put(record, layout.RX_ERROR, error);
        this.put(record, layout.RX_SEQUENCE, sequence);
        this.source[source + layout.RX_EOF] = mark;
        this.source[source + layout.RX_EXACTNESS] = exactness;
        this.putTurn(record, layout.RX_TURN, turn);
      } else {
        this.put(record, layout.TX_SPACE, value);
        this.put(record, layout.TX_QUEUED, updates.readInt32LE(at + layout.UPDATE_QUEUED));
        this.put(record, layout.TX_ERROR, error);
        this.put(record, layout.TX_SEQUENCE, sequence);
        this.source[source + layout.TX_ENDED] = mark;
        this.source[source + layout.TX_EXACTNESS] = exactness;
        this.putTurn(record, layout.TX_TURN, turn);
      }
    }
  }

  private applyDeliveries(deliveries: Buffer): void {
    const base = word(this.memory, layout.DELIVERIES_BASE);
    deliveries.copy(this.source, base);
    this.memory.words[layout.DELIVERY_COUNT >> 2] = deliveries.length / layout.DELIVERY_SIZE;
    for (let at = base; at < base + deliveries.length; at += layout.DELIVERY_SIZE) {
      this.applyDelivery(at);
    }
  }

  private applyDelivery(at: number): void {
    const record = word(this.memory, at + layout.DELIVERY_RECORD);
    const address = word(this.memory, at + layout.DELIVERY_ADDRESS);
    if (address !== 0) {
      this.memory.words[(at + layout.DELIVERY_ADDRESS) >> 2] = address + this.shift;
    }
    this.deliver(at, record, address);
    if (!ofRecord(this.kindOf(at))) return;
    const handlers = this.handlers.get(record) ?? layout.NONE;
    this.memory.words[(at + layout.DELIVERY_HANDLERS) >> 2] = handlers;
  }

  private deliver(at: number, record: number, address: number): void {
    switch (this.kindOf(at)) {
      case layout.DELIVER_OPEN: {
        const listener = word(this.memory, at + layout.DELIVERY_LISTENER);
        const generation = word(this.memory, at + layout.DELIVERY_GENERATION);
        if (listener !== 0) {
          const handlers = this.handlers.get(listener - 1) ?? layout.NONE;
          this.make(record, generation, layout.KIND_CONNECTION, listener, handlers);
          if (this.ending) this.mark(record, layout.WORK_WANT_CLOSE | layout.WORK_ABANDONED);
        }
        this.setState(record, layout.STATE_OPEN);
        return this.copyPeer(record, address + this.shift);
      }
      case layout.DELIVER_LISTENING:
        this.setState(record, layout.STATE_OPEN);
        return this.copyPeer(record, address + this.shift);
      case layout.DELIVER_DATA:
        // Only that there was some matters: the subject of a later error.
        return this.put(record, layout.RECORD_BYTES_IN, 1);
      case layout.DELIVER_ERROR:
        // A listener lives on, and so does a source that says so.
        if (!this.isListener(record) && word(this.memory, at + layout.DELIVERY_LENGTH) === 0)
          this.setState(record, layout.STATE_FAILED);
        return;
      case layout.DELIVER_CLOSE:
        this.setState(record, layout.STATE_DEAD);
        this.dead.push(record);
        return;
      default:
    }
  }

  private copyPeer(record: number, from: number): void {
    const peer = this.peerAt(record);
    this.source.copy(this.source, peer, from, from + layout.PEER_SIZE);
  }

  // ── What calls do ──

  /** A record as the core makes it: updates only tell what changes from there. */
  make(record: number, generation: number, kind: number, listener: number, handlers: number): void {
    this.handlers.set(record, handlers);
    const source = this.at(record);
    const peer = this.peerAt(record);
    this.source.fill(0, source, source + layout.RECORD_SIZE);
    this.source.fill(0, peer, peer + layout.PEER_SIZE);
    this.used.add(record);
    this.put(record, layout.TX_SPACE, layout.UNKNOWN);
    this.put(record, layout.RECORD_GENERATION, generation);
    this.put(record, layout.RECORD_LISTENER, listener);
    this.source[source + layout.RECORD_KIND] = kind;
    this.setState(record, layout.STATE_OPENING);
  }

  /**
   * The core raises tx.queued at once, and lowers it when the bytes are gone: by the next turn, or
   * it says so.
   */
  queue(record: number, length: number): void {
    if (this.stateOf(record) >= layout.STATE_FAILED) return;
    const datagram = this.ofKind(record) === layout.KIND_DATAGRAM;
    if (!datagram && this.wordOf(record, layout.TX_ERROR) !== 0) return;
    this.remember(record);
    this.put(record, layout.TX_QUEUED, this.wordOf(record, layout.TX_QUEUED) + length);
  }

  private remember(record: number): void {
    if (this.queued.has(record)) return;
    this.queued.set(record, this.wordOf(record, layout.TX_QUEUED));
  }

  close(record: number): void {
    this.mark(record, layout.WORK_WANT_CLOSE);
    if (!this.isListener(record) && this.stateOf(record) === layout.STATE_OPEN) {
      this.setState(record, layout.STATE_CLOSING);
    }
  }

  abandon(record: number): void {
    const state = this.stateOf(record);
    if (state >= layout.STATE_CLOSED) return;
    this.mark(record, layout.WORK_WANT_CLOSE | layout.WORK_ABANDONED);
    if (this.isListener(record)) return;
    this.remember(record);
    this.put(record, layout.TX_QUEUED, 0);
    if (state === layout.STATE_OPEN || state === layout.STATE_CLOSING) {
      this.setState(record, layout.STATE_FAILED);
    }
  }

  stop(drain: boolean): void {
    if (!drain) this.ending = true;
    for (const record of this.used) {
      const state = this.stateOf(record);
      if (state === layout.STATE_FREE || state >= layout.STATE_CLOSED) continue;
      if (!drain) this.abandon(record);
      else if (this.ofKind(record) !== layout.KIND_CONNECTION || state < layout.STATE_OPEN)
        this.close(record);
    }
  }

  // ── Words ──

  private kindOf(delivery: number): number {
    return this.source[delivery + layout.DELIVERY_KIND] as number;
  }

  private at(record: number): number {
    return this.records + record * layout.RECORD_SIZE;
  }

  private peerAt(record: number): number {
    return word(this.memory, layout.PEERS_BASE) + record * layout.PEER_SIZE;
  }

  private put(record: number, offset: number, value: number): void {
    this.memory.words[(this.at(record) + offset) >> 2] = value;
  }

  private putTurn(record: number, offset: number, turn: number): void {
    this.put(record, offset, turn | 0);
    this.put(record, offset + 4, Math.floor(turn / 2 ** 32));
  }

  private mark(record: number, work: number): void {
    this.put(record, layout.RECORD_WORK, work | this.wordOf(record, layout.RECORD_WORK));
  }

  private wordOf(record: number, offset: number): number {
    return word(this.memory, this.at(record) + offset);
  }

  private stateOf(record: number): number {
    return this.source[this.at(record) + layout.RECORD_STATE] as number;
  }

  private setState(record: number, state: number): void {
    this.source[this.at(record) + layout.RECORD_STATE] = state;
  }

  private ofKind(record: number): number {
    return this.source[this.at(record) + layout.RECORD_KIND] as number;
  }

  private isListener(record: number): boolean {
    return this.ofKind(record) === layout.KIND_LISTENER;
  }
}
