// A host in JavaScript over sources: answers each operation as host/sockets.cc does, by asking the
// source that stands for the record. What takes its own time is answered "in progress" or "not
// now". Who extends it says how sockets and other sources are opened, and what the time is.
import * as layout from '../../assembly/layout';
import { long, type ReactorMemory, word } from '../core/memory';
import { errorNumber } from '../errors';
import type { Ring } from '../inbox/ring';
import { Queue } from '../queue';
import { writePeer } from '../reactor/address';
import type { DrivenHost } from './driven';
import type { Seam } from './host';
import { Completions } from './node-completions';
import type { Opener } from './node-openers';
import { numberOf, type Source } from './node-source';
import { Outgoing } from './outgoing';
import { ReadRoom } from './read-room';

const BAD_DESCRIPTOR = -errorNumber('EBADF');
const NOT_SUPPORTED = -errorNumber('EOPNOTSUPP');
const UNKNOWN_OPERATION = -errorNumber('ENOSYS');

/** What LISTEN and CONNECT ask for. */
export interface WantedSocket {
  readonly dial: boolean;
  /** A numeric address, or of a local socket its path (SOCKET_LOCAL among the options). */
  readonly name: string;
  readonly port: number;
  /** SOCKET_ bits. */
  readonly options: number;
  /** With SOCKET_GIVEN the number of a descriptor. */
  readonly backlog: number;
}

export abstract class SourceHost implements DrivenHost {
  abstract readonly name: string;
  /** Whatever is no stream socket, by KIND_. */
  protected abstract readonly openers: Readonly<Record<number, Opener>>;
  memory!: ReactorMemory;
  protected wake: () => void = () => {};
  private room!: ReadRoom;
  private completions!: Completions;
  private readonly sources: (Source | undefined)[] = [];
  /** Sources with readiness that no turn took yet, in the order in which it came. */
  private ready = new Queue<Source>();
  /** Of inboxes, by the id that opens them. */
  protected readonly rings = new Map<number, Ring>();
  /** What OPEN made last. */
  private opened: Source | undefined;

  /** Nanoseconds of a clock that never goes back. */
  protected abstract clock(): bigint;
  /** A listener or a dialled connection, made with `report`; throws what the system refuses. */
  protected abstract makeSocket(wanted: WantedSocket): Source;
  abstract arm(deadline: bigint): void;
  abstract hold(hold: boolean): void;

  open(seam: Seam, wake: () => void): void {
    this.memory = seam.memory;
    this.wake = wake;
    this.room = new ReadRoom(seam.memory);
    this.completions = new Completions(seam.memory, wake);
    this.set(layout.EVENT_FORMAT, layout.FORMAT_PORTABLE);
    this.set(layout.EVENT_RECORD_SIZE, layout.PORTABLE_SIZE);
  }

  protected readonly report = (source: Source): void => {
    this.ready.push(source);
    this.wake();
  };

  poll(): void {
    const { memory } = this;
    this.count(layout.COUNTER_HOST_WAITS);
    memory.longs[layout.NOW >> 3] = this.clock();
    const most = word(memory, layout.EVENTS_MAX);
    let at = word(memory, layout.EVENTS_BASE);
    let events = 0;
    while (this.ready.length > 0 && events < most) {
      const source = this.ready.take();
      const bits = source.take();
      if (bits === 0) continue;
      this.set(at, source.record);
      this.set(at + 4, source.generation);
      this.set(at + 8, bits);
      this.set(at + 12, source.available);
      at += layout.PORTABLE_SIZE;
      events++;
    }
    if (events < most && this.completions.take()) {
      this.set(at, layout.RECORD_COMPLETIONS);
      this.set(at + 4, 0);
      this.set(at + 8, layout.READY_IN);
      this.set(at + 12, layout.UNKNOWN);
      events++;
    }
    if (this.ready.length > 0) this.wake();
    this.set(layout.EVENT_COUNT, events);
    this.set(layout.WAIT_RESULT, events);
  }

  submit(): boolean {
    const { memory, room } = this;
    const total = word(memory, layout.SUBMISSION_COUNT);
    let entry = word(memory, layout.SUBMISSIONS_BASE);
    let before = 0;
    let fellShort = false;
    room.open();
    for (let place = 0; place < total; place++) {
      const linked = (memory.bytes[entry + layout.SUBMISSION_FLAGS] as number) & 1;
      const operation = memory.bytes[entry + layout.SUBMISSION_OPERATION] as number;
      before = linked && before < 0 ? -layout.ERROR_CANCELED : this.execute(operation, entry);
      this.set(entry + layout.SUBMISSION_RESULT, before);
      if (operation === layout.OPERATION_SEND) {
        fellShort ||= before !== word(memory, entry + layout.SUBMISSION_LENGTH);
      }
      entry += layout.SUBMISSION_SIZE;
    }
    this.set(layout.SUBMISSION_DONE, total);
    return fellShort;
  }

  private execute(operation: number, entry: number): number {
    const { memory } = this;
    if (operation === layout.OPERATION_LISTEN || operation === layout.OPERATION_CONNECT) {
      return this.openSocket(entry, operation === layout.OPERATION_CONNECT);
    }
    if (operation === layout.OPERATION_OPEN) return this.openOther(entry);
    if (operation === layout.OPERATION_TAKE) return this.take(entry);
    if (operation === layout.OPERATION_ANNOUNCED) return this.completions.announced();
    if (operation === layout.OPERATION_COLLECT) return this.collect(entry);
    const record = word(memory, entry + layout.SUBMISSION_RECORD);
    const source = this.sources[record];
    if (source?.generation !== word(memory, entry + layout.SUBMISSION_GENERATION)) {
      return operation === layout.OPERATION_CLOSE ? 0 : BAD_DESCRIPTOR;
    }
    if (operation === layout.OPERATION_ACCEPT) return this.accept(entry, source);
    if (operation === layout.OPERATION_RECEIVE) return this.receive(entry, source);
    if (operation === layout.OPERATION_SEND) {
      this.count(layout.COUNTER_HOST_SENDS);
      return source.send(new Outgoing(memory, entry));
    }
    this.count(layout.COUNTER_HOST_OTHERS);
    switch (operation) {
      case layout.OPERATION_CLOSE:
        this.sources[record] = undefined;
        source.close(word(memory, entry + layout.SUBMISSION_ARGUMENT) !== 0);
        return 0;
      case layout.OPERATION_CONNECT_STATUS:
        return this.answerStatus(entry, source);
      case layout.OPERATION_SHUTDOWN:
        return source.shutDown();
      case layout.OPERATION_SAMPLE:
        this.set(entry + layout.SUBMISSION_EXTRA, source.space);
        return source.available;
      case layout.OPERATION_OPTION:
        return source.setOption(
          word(memory, entry + layout.SUBMISSION_ARGUMENT),
          word(memory, entry + layout.SUBMISSION_LENGTH),
        );
      case layout.OPERATION_OPERATE:
        return this.operate(entry, source);
      default:
        return UNKNOWN_OPERATION;
    }
  }

  private operate(entry: number, source: Source): number {
    const { memory } = this;
    const operation = word(memory, entry + layout.SUBMISSION_ARGUMENT);
    const task = word(memory, layout.OPERATIONS_BASE) + operation * layout.TASK_SIZE;
    const address = word(memory, entry + layout.SUBMISSION_ADDRESS);
    const length = word(memory, entry + layout.SUBMISSION_LENGTH);
    return source.operate({
      kind: memory.bytes[entry + layout.SUBMISSION_DETAIL] as number,
      operation,
      generation: word(memory, task + layout.TASK_GENERATION),
      offset: long(memory, task + layout.TASK_OFFSET),
      bytes: new Uint8Array(memory.buffer, address, address === 0 ? 0 : length),
      length,
    });
  }

  /** OPEN: whatever has an opener for its kind. */
  private openOther(entry: number): number {
    const { memory } = this;
    const opener = this.openers[memory.bytes[entry + layout.SUBMISSION_DETAIL] as number];
    if (!opener) return NOT_SUPPORTED;
    const address = word(memory, entry + layout.SUBMISSION_ADDRESS);
    const length = word(memory, entry + layout.SUBMISSION_LENGTH);
    const record = word(memory, entry + layout.SUBMISSION_RECORD);
    const generation = word(memory, entry + layout.SUBMISSION_GENERATION);
    // For the streams of a process too: what was spawned cannot be undone for want of room.
    if (!this.room.ensure(4 * layout.PEER_SIZE)) return -layout.ERROR_CANCELED;
    try {
      const source = opener({
        bytes: Buffer.from(memory.buffer, address, length),
        argument: word(memory, entry + layout.SUBMISSION_ARGUMENT),
        value: word(memory, entry + layout.SUBMISSION_EXTRA),
        ring: (id) => this.rings.get(id),
        source: (record, generation) => {
          const source = this.sources[record];
          return source && source.generation >>> 0 === generation ? source : undefined;
        },
        finish: this.completions.finish,
        report: this.report,
      });
      this.keep(source, record, generation);
      this.opened = source;
      return source.opensAtOnce ? this.answerStatus(entry, source) : -layout.ERROR_IN_PROGRESS;
    } catch (error) {
      return -numberOf(error);
    }
  }

  /** TAKE: a stream of the process that was spawned just before. */
  private take(entry: number): number {
    const which = word(this.memory, entry + layout.SUBMISSION_ARGUMENT);
    const stream = this.opened?.stream(which);
    if (!stream) return BAD_DESCRIPTOR;
    const record = word(this.memory, entry + layout.SUBMISSION_RECORD);
    this.keep(stream, record, word(this.memory, entry + layout.SUBMISSION_GENERATION));
    return this.answerStatus(entry, stream);
  }

  /** LISTEN and CONNECT. */
  private openSocket(entry: number, dial: boolean): number {
    const { memory } = this;
    const address = word(memory, entry + layout.SUBMISSION_ADDRESS);
    const length = word(memory, entry + layout.SUBMISSION_LENGTH);
    const argument = word(memory, entry + layout.SUBMISSION_ARGUMENT);
    const wanted: WantedSocket = {
      dial,
      name: Buffer.from(memory.buffer, address, length).toString(),
      port: argument & 0xffff,
      options: argument >>> 16,
      backlog: word(memory, entry + layout.SUBMISSION_EXTRA),
    };
    if (!this.room.ensure(layout.PEER_SIZE)) return -layout.ERROR_CANCELED;
    try {
      const source = this.makeSocket(wanted);
      this.keep(
        source,
        word(memory, entry + layout.SUBMISSION_RECORD),
        word(memory, entry + layout.SUBMISSION_GENERATION),
      );
      return source.opensAtOnce ? this.answerStatus(entry, source) : -layout.ERROR_IN_PROGRESS;
    } catch (error) {
      return -numberOf(error);
    }
  }

  private keep(source: Source, record: number, generation: number): void {
    this.sources[record] = source;
    source.keep(record, generation);
  }

  private answerStatus(entry: number, source: Source): number {
    if (!this.room.ensure(layout.PEER_SIZE)) return -layout.ERROR_CANCELED;
    const status = source.status();
    if (status >= 0) this.answerName(entry, (bytes, at) => source.name(bytes, at));
    return status;
  }

  /** Puts a name record among the bytes that arrived, and its address into the entry. */
  private answerName(entry: number, write: (bytes: Uint8Array, at: number) => void): void {
    write(this.memory.bytes, this.room.cursor);
    this.set(entry + layout.SUBMISSION_EXTRA, this.room.cursor);
    this.room.cursor += layout.PEER_SIZE;
  }

  private accept(entry: number, source: Source): number {
    // Canceled, not "no buffers": the listener has nothing to step back from, it goes on next turn.
    if (!this.room.ensure(layout.PEER_SIZE)) return -layout.ERROR_CANCELED;
    this.count(layout.COUNTER_HOST_ACCEPTS);
    const stream = source.accept();
    if (typeof stream === 'number') return stream;
    const child = word(this.memory, entry + layout.SUBMISSION_ADDRESS);
    this.keep(stream, child, word(this.memory, entry + layout.SUBMISSION_LENGTH));
    stream.start();
    const { address, port } = stream.remote;
    this.answerName(entry, (bytes, at) => writePeer(bytes, at, address, port));
    return 0;
  }

  private receive(entry: number, source: Source): number {
    const { memory, room } = this;
    if (!room.ensure(word(memory, entry + layout.SUBMISSION_ARGUMENT))) {
      return -layout.ERROR_NO_BUFFERS;
    }
    const want = word(memory, entry + layout.SUBMISSION_LENGTH) >>> 0;
    this.count(layout.COUNTER_HOST_RECEIVES);
    const most = Math.min(want, room.limit - room.cursor);
    const records = word(memory, entry + layout.SUBMISSION_EXTRA);
    const result = source.receive(memory.bytes, room.cursor, most, records);
    if (result > 0) {
      this.set(entry + layout.SUBMISSION_EXTRA, room.cursor);
      room.cursor += result;
    }
    return result;
  }

  private collect(entry: number): number {
    const { room } = this;
    const most = word(this.memory, entry + layout.SUBMISSION_LENGTH);
    const length = this.completions.collect(room, most);
    if (length === 0) return 0;
    this.set(entry + layout.SUBMISSION_EXTRA, room.cursor);
    room.cursor += length;
    return length;
  }

  unshare(id: number): void {
    this.rings.get(id)?.close();
    this.rings.delete(id);
  }

  close(): void {
    for (const source of this.sources.splice(0)) source?.close(false);
    for (const id of [...this.rings.keys()]) this.unshare(id);
    this.ready = new Queue();
  }

  private set(address: number, value: number): void {
    this.memory.words[address >> 2] = value;
  }

  private count(counter: number): void {
    const { longs } = this.memory;
    longs[counter >> 3] = (longs[counter >> 3] as bigint) + 1n;
  }
}
