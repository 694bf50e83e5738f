// A process: a name for a record that hears of its end, and of one that was spawned here the
// streams to it. The record closes by itself when the end was told.
import * as layout from '../../assembly/layout';
import { typeError } from '../errors';
import { checkFunctions } from './arguments';
import { type Command, encodeCommand, STREAMS, streamsOf } from './command';
import type { Connection } from './connection';
import { checkHandlers, type Handlers, wantsOf } from './handlers';
import type { Opening } from './opening';
import type { Operations } from './operations';
import { signalName, signalNumber } from './signal-names';
import {
  handlerNames,
  type Result,
  Source,
  type SourceHandlers,
  type SourceOrigin,
  wantsOfSource,
} from './source';

export interface ProcessEnd {
  /** What it passed to exit(3); null when a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it, by name; else null. */
  readonly signal: string | null;
  /**
   * False: somebody else took the status, and the system keeps no copy; both are null then.
   */
  readonly known: boolean;
}

export interface ProcessHandlers extends SourceHandlers<Process> {
  /** It ended. Its streams may still bring what it wrote. */
  exit?(process: Process, end: ProcessEnd): Result;
}

export interface SpawnHandlers extends ProcessHandlers {
  /** Of the streams that are pipes; they are connections. */
  readonly streams?: Handlers;
}

const HANDLERS = handlerNames('exit');
/** How a process ended, in its record: 1 by itself, 2 and 3 by a signal, 0 unknown. */
const EXITED = 1;

export class Process extends Source<ProcessEnd> {
  readonly stdin: Connection | undefined;
  readonly stdout: Connection | undefined;
  readonly stderr: Connection | undefined;
  protected readonly doing = 'wait';
  protected readonly handlers: ProcessHandlers;
  private readonly operations: Operations;
  private number: number | undefined;

  /** Processes come from reactor.spawn() and reactor.watchProcess(). */
  constructor(
    origin: SourceOrigin,
    operations: Operations,
    handlers: ProcessHandlers,
    streams: readonly (Connection | undefined)[] = [],
  ) {
    super(origin);
    this.operations = operations;
    this.handlers = handlers;
    [this.stdin, this.stdout, this.stderr] = streams;
  }

  /** Its number, once it runs. */
  get pid(): number | undefined {
    return this.number;
  }

  /**
   * Sends it a signal, by name or by Linux's number (0: none, only to see whether it is there).
   * Rejects with ESRCH when it has ended, with ERR_CALANDRIA_CLOSED after `close`, and never
   * reaches another process of the same number.
   */
  async kill(signal: string | number = 'SIGTERM'): Promise<void> {
    const number = signal === 0 ? 0 : signalNumber(signal);
    if (this.number === undefined) await this.ready();
    return this.operations.ask(
      (core) => {
        const { record, generation } = this;
        const task = layout.TASK_CONTROL;
        return core.operate(record, generation, task, number, layout.CONTROL_KILL, 0, 0);
      },
      { syscall: 'kill', subject: this.subject },
      () => undefined,
    );
  }

  /** Internal. */
  arrived(batch: Uint8Array): Result {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    const how = view.getUint32(4, true);
    const status = view.getInt32(8, true);
    const end: ProcessEnd = {
      code: how === EXITED ? status : null,
      signal: how > EXITED ? signalName(status) : null,
      known: how !== 0,
    };
    this.tell(end);
    return this.handlers.exit?.(this, end);
  }

  protected override heardOpen(name: Uint8Array): Result {
    const view = new DataView(name.buffer, name.byteOffset, name.byteLength);
    this.number = view.getUint32(layout.PEER_SCOPE, true);
    return this.handlers.open?.(this);
  }
}

/** The number is this machine's affair: a replay has another one, and watches nothing. */
export function watchProcess(opening: Opening, pid: number, handlers: ProcessHandlers): Process {
  if (!Number.isInteger(pid) || pid < 1 || pid >= 2 ** 31) {
    throw typeError('pid', 'the number of a process', pid);
  }
  checkFunctions('handlers', handlers, HANDLERS);
  return opening.source(
    {
      kind: layout.KIND_PROCESS,
      subject: `process ${pid}`,
      argument: pid,
      wants: wantsOfSource(handlers),
    },
    (origin) => new Process(origin, opening.operations, handlers),
  );
}

/** One call makes the process's record and its streams', another names each of those. */
export function spawn(opening: Opening, command: Command, handlers: SpawnHandlers): Process {
  const encoded = encodeCommand(command);
  const bits = streamsOf(command);
  checkFunctions('handlers', handlers, HANDLERS);
  const ofStreams = checkHandlers(handlers.streams ?? {});
  opening.refuseWhenClosed();
  const { calls, deliverer } = opening;
  const subject = command.file;
  const set = deliverer.handlers.add(ofStreams, subject, 'spawn');
  const wants = wantsOf(ofStreams);
  const record = calls.make((core) => {
    const { address, length } = calls.name(encoded);
    return core.spawn(address, length, bits, set, wants, layout.NONE, wantsOfSource(handlers));
  });
  if (record < 0) {
    deliverer.handlers.release(set);
    throw opening.error(record);
  }
  const generation = calls.core.opened;
  const streams = STREAMS.map((name, which) => {
    if ((command[name] ?? 'pipe') !== 'pipe') return undefined;
    const stream = calls.make((core) => core.takenStream(which));
    deliverer.handlers.use(set);
    return deliverer.addConnection(stream, calls.core.opened);
  });
  // The set was added for one user; now there is one for each stream.
  deliverer.handlers.release(set);
  const make = (origin: SourceOrigin): Process =>
    new Process(origin, opening.operations, handlers, streams);
  return opening.made(record, subject, make, generation);
}
