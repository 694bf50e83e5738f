// A host that answers each operation with any result that a kernel could give, and invents events.
import * as layout from '../../assembly/layout';
import type { Completed } from './completed';
import type { Answer, CoreHarness, Event } from './core-harness';
import type { Submission } from './core-views';
import type { FuzzDatagrams } from './fuzz-datagrams';
import type { FuzzFiles } from './fuzz-files';
import type { FuzzOptions } from './fuzz-options';
import { LentSegments } from './lent-segments';
import type { Seeded } from './seeded';

const { READY_IN, READY_OUT, READY_END, READY_ERROR, READY_URGENT } = layout;
// Linux's numbers.
const ENOENT = 2;
const EIO = 5;
const EBADF = 9;
const EINVAL = 22;
const EMFILE = 24;
const EADDRINUSE = 98;
const ENOTCONN = 107;
const ECONNABORTED = 103;
const ECONNREFUSED = 111;

export class FuzzHost {
  private readonly harness: CoreHarness;
  private readonly random: Seeded;
  private options: FuzzOptions;
  private readonly files: FuzzFiles;
  private readonly datagrams: FuzzDatagrams;
  private readonly lent: LentSegments | undefined;
  /** Bytes that were received into segments that the core lends. */
  ahead = 0;

  constructor(
    harness: CoreHarness,
    random: Seeded,
    options: FuzzOptions,
    files: FuzzFiles,
    datagrams: FuzzDatagrams,
  ) {
    this.files = files;
    this.datagrams = datagrams;
    this.harness = harness;
    this.random = random;
    this.options = options;
    const lends = (options.settings & layout.SETTING_LEND) !== 0;
    this.lent = lends ? new LentSegments(harness.memory) : undefined;
  }

  /** No more faults. */
  heal(): void {
    this.options = { ...this.options, wildEvent: 0 };
    this.files.heal();
  }

  answer(submission: Submission): Answer | undefined {
    if (this.datagrams.owns(submission)) return this.datagrams.answer(submission);
    const { random, options } = this;
    const failing = random.chance(options.failure);
    switch (submission.operation) {
      case 'open':
        if (failing) return -ENOENT;
        return random.chance(0.3) ? -layout.ERROR_IN_PROGRESS : 0;
      case 'operate':
      case 'announced':
      case 'collect':
      case 'sendFile':
        return this.files.answer(submission);
      case 'listen':
        return failing ? -EADDRINUSE : 0;
      case 'connect':
        if (failing) return -ECONNREFUSED;
        return random.chance(0.5) ? -layout.ERROR_IN_PROGRESS : 0;
      case 'connectStatus':
        if (failing) return -ECONNREFUSED;
        return random.chance(0.1) ? -layout.ERROR_IN_PROGRESS : 0;
      case 'accept':
        return this.answerAccept(failing);
      case 'receive':
        if (failing) return -random.pick([layout.ERROR_CONNECTION_RESET, EIO]);
        if (random.chance(options.ending)) return 0;
        if (random.chance(options.emptyRead)) return -layout.ERROR_AGAIN;
        return this.bring(submission, random.bytes(this.message(submission.length)));
      case 'send':
        if (failing) return -random.pick([layout.ERROR_BROKEN_PIPE, layout.ERROR_CONNECTION_RESET]);
        if (random.chance(options.blockedSend)) return random.pick([0, -layout.ERROR_AGAIN]);
        if (random.chance(options.shortSend)) return random.between(0, submission.length);
        return submission.length;
      case 'sample':
        return this.answerSample(failing);
      case 'shutdown':
        return failing ? -ENOTCONN : 0;
      case 'close':
        return failing ? -EIO : 0;
      default:
        return failing ? -EINVAL : 0;
    }
  }

  /** Where RECEIVE says, or where the host had received it ahead. */
  private bring(submission: Submission, bytes: Uint8Array): Answer {
    const { lent } = this;
    if (!lent || this.random.chance(0.3)) return bytes;
    return (room) => {
      const received = lent.receive(submission, bytes);
      if (received === undefined) return room.receive(submission, bytes);
      this.ahead += received;
      return received;
    };
  }

  private message(most: number): number {
    if (this.random.chance(0.1)) return most;
    return Math.max(1, Math.min(most, this.random.size(this.options.messageMost)));
  }

  private answerAccept(failing: boolean): number {
    const { random } = this;
    if (random.chance(0.2)) return -layout.ERROR_AGAIN;
    if (!failing) return 0;
    return -random.pick([
      layout.ERROR_TOO_MANY_FILES,
      layout.ERROR_FILE_TABLE,
      layout.ERROR_NO_MEMORY,
      layout.ERROR_NO_BUFFERS,
      ECONNABORTED,
      ECONNABORTED,
      EINVAL,
    ]);
  }

  private answerSample(failing: boolean): Answer {
    const { random } = this;
    if (failing) return { result: -random.pick([1, EBADF]), extra: layout.UNKNOWN };
    const extra = random.chance(0.3) ? layout.UNKNOWN : random.size(1 << 22);
    return { result: random.chance(0.4) ? 0 : random.size(5000), extra };
  }

  /** Faults are over: everything works, nothing new arrives. */
  readonly peaceful = (submission: Submission): Answer | undefined => {
    if (/^(operate|announced|collect|sendFile)$/.test(submission.operation)) {
      return this.files.answer(submission);
    }
    if (submission.operation !== 'receive') return undefined;
    // A peer that sees our end sends its own.
    return this.lingering(submission.record) ? 0 : undefined;
  };

  /** Somebody waits for the peer's end. */
  get draining(): boolean {
    return this.live().some(({ record }) => this.lingering(record));
  }

  private lingering(record: number): boolean {
    const { work } = this.harness.record({ record, generation: 0 });
    return (work & layout.WORK_LINGERING) !== 0;
  }

  private live(): Event[] {
    const events: Event[] = [];
    for (let record = 0; record < this.harness.word(layout.RECORDS_TOUCHED); record++) {
      const { state, generation } = this.harness.record({ record, generation: 0 });
      // Before its descriptor is there, no record has an event.
      if (state >= layout.STATE_CONNECTING && state <= layout.STATE_CLOSING) {
        const ending = this.lingering(record) ? READY_IN | READY_END : 0;
        events.push({ record, generation, ready: READY_OUT | ending });
      }
    }
    return events;
  }

  /** A writable event for each record, as many as the vector holds, another part each round. */
  everybody(round: number): Event[] {
    const most = this.harness.memory.limits.events;
    const live = this.live();
    const from = live.length <= most ? 0 : (round * most) % live.length;
    const news = this.files.news();
    return [...news, ...live.slice(from), ...live.slice(0, from)].slice(0, most);
  }

  events(): Event[] {
    const { random, options } = this;
    const most = this.harness.memory.limits.events;
    const events: Event[] = this.files.news();
    this.lent?.next();
    for (const event of this.live()) {
      while (events.length < most && random.chance(options.eventRate)) {
        events.push(this.dress(event));
      }
    }
    while (events.length < most && random.chance(options.wildEvent)) events.push(this.wild());
    return events;
  }

  private dress({ record, generation }: Event): Event {
    const { random, options } = this;
    let ready = 0;
    if (random.chance(0.7)) ready |= READY_IN;
    if (random.chance(0.6)) ready |= READY_OUT;
    if (random.chance(options.ending)) ready |= READY_END;
    if (random.chance(options.failure)) ready |= READY_ERROR;
    if (random.chance(0.05)) ready |= READY_URGENT;
    const available = random.chance(0.5) ? layout.UNKNOWN : random.size(100_000);
    const event = { record, generation, ready, available };
    if (options.format !== 'ring' || random.chance(0.4)) return event;
    return { ...event, completed: this.completed(record) };
  }

  /** What a ring says of a source beside its readiness. */
  private completed(record: number): Completed {
    const { random, options } = this;
    const { RING_RECEIVE, RING_ACCEPT, RING_ROOM, RING_WAKE } = layout;
    if (random.chance(0.1)) return { kind: RING_WAKE, result: -random.size(100) };
    if (random.chance(0.1)) return { kind: RING_ROOM, result: random.bits() & 0x201f };
    const { kind } = this.harness.record({ record, generation: 0 });
    const listens = kind === layout.KIND_LISTENER;
    const errors = [layout.ERROR_CANCELED, listens ? EMFILE : layout.ERROR_NO_BUFFERS];
    const failed = random.chance(0.2) ? random.pick(errors) : 0;
    const reset = !listens && random.chance(options.failure) ? layout.ERROR_CONNECTION_RESET : 0;
    const ended = random.chance(options.ending);
    const result = -failed || -reset || (ended ? 0 : random.between(1, 70_000));
    const flags = random.bits() & 0xffff001f;
    return { kind: listens ? RING_ACCEPT : RING_RECEIVE, result, flags };
  }

  /** What no honest kernel reports, and a stale one might. */
  private wild(): Event {
    const { random } = this;
    const records = this.harness.memory.limits.connections;
    const record = random.pick([
      random.between(0, records - 1),
      records,
      layout.RECORD_WAKE,
      layout.NONE,
      random.bits() | 0,
    ]);
    const known = record >= 0 && record < records;
    const { generation } = known
      ? this.harness.record({ record, generation: 0 })
      : { generation: 0 };
    const earlier = (generation - random.between(1, 3)) >>> 0;
    const event = {
      record,
      generation: random.pick([earlier, random.bits()]),
      ready: random.bits() & 31,
      available: random.bits() | 0,
    };
    if (this.options.format !== 'ring') return event;
    // Operations that are done are the host's own, and it knows how many.
    const kinds = [
      ...[layout.RING_READINESS, layout.RING_ROOM, layout.RING_RECEIVE, layout.RING_ACCEPT],
      ...[layout.RING_WAKE, layout.RING_ANSWER],
    ];
    const completed = { kind: random.pick(kinds), result: random.bits(), flags: random.bits() };
    return { ...event, completed };
  }
}
