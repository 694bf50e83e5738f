// Core replay: the core runs again on the recorded input, with the recorded calls as its program.
// No handler runs. It is exact: every delivery, update, submission and result is compared.
import * as layout from '../../assembly/layout';
import { type CoreBuild, coreHash, instantiateCore, type WasmCore } from '../core/core';
import { createMemory, type ReactorMemory, STREAM_MARGIN, word } from '../core/memory';
import { type Call, splitCalls } from './calls';
import { compareCalls, type Divergence, type Report } from './divergence';
import { layoutHash, settingsOf } from './format';
import type { Trace, TurnBlock } from './trace';

export interface CoreReplayOptions {
  /** Run this build of the same core. Default 'release'; tests compare both. */
  readonly build?: CoreBuild;
}

/** Replays the core on a trace. Needs the core that recorded it, and says so when it is another. */
export function replayCore(trace: Trace, { build = 'release' }: CoreReplayOptions = {}): Report {
  const { header } = trace;
  if (header.coreHash !== coreHash() || header.layoutHash !== layoutHash()) {
    return {
      verdict: 'refused',
      turns: 0,
      reason:
        `the trace was recorded by another core (${header.coreHash.slice(0, 12)}, version ${header.version}; ` +
        `here ${coreHash().slice(0, 12)}); a core replay needs the same one`,
    };
  }
  const replay = new CoreReplay(trace, build);
  let turns = 0;
  for (const turn of trace.turns()) {
    const divergence = replay.turn(turn);
    if (divergence) return { verdict: 'diverged', turns, divergence };
    turns++;
  }
  return endOf(trace, turns);
}

/** The verdict when nothing differed. */
export function endOf(trace: Trace, turns: number): Report {
  if (trace.ending === 'complete') return { verdict: 'identical', turns };
  const where = trace.lastTurnEnded
    ? `after turn ${trace.lastTurn}`
    : `inside turn ${trace.lastTurn}`;
  return { verdict: 'ends early', turns, reason: `recording ended ${where}` };
}

class CoreReplay {
  private readonly memory: ReactorMemory;
  private readonly core: WasmCore;
  private readonly source: Buffer;
  /**
   * Only with full payload can the core log its calls again, digests of borrowed bytes included.
   */
  private readonly logs: boolean;

  constructor({ header }: Trace, build: CoreBuild) {
    this.logs = header.payload === 'full';
    const settings = settingsOf(header) & (this.logs ? -1 : ~layout.SETTING_TRACE);
    this.memory = createMemory(header.limits, { settings, seed: BigInt(header.seed) });
    this.core = instantiateCore(this.memory, build);
    this.source = Buffer.from(this.memory.buffer);
  }

  turn(turn: TurnBlock): Divergence | undefined {
    try {
      return (
        this.calls(turn.turn, turn.outside) ??
        this.input(turn) ??
        this.output(turn) ??
        (turn.ended ? (this.calls(turn.turn, turn.calls) ?? this.end(turn)) : undefined)
      );
    } catch (error) {
      // The core's asserts: input that no host can have produced.
      return {
        turn: turn.turn,
        what: 'the core refused the input',
        recorded: 'a turn that ran',
        replayed: (error as Error).message,
      };
    }
  }

  /** Writes what the host wrote, after checking that the core asked for just this. */
  private input(turn: TurnBlock): Divergence | undefined {
    const { memory } = this;
    const base = word(memory, layout.SUBMISSIONS_BASE);
    const total = turn.completions.length / layout.SUBMISSION_SIZE;
    if (total !== word(memory, layout.SUBMISSION_COUNT)) {
      return differs(turn, 'operations', total, word(memory, layout.SUBMISSION_COUNT));
    }
    for (let place = 0; place < total; place++) {
      const at = place * layout.SUBMISSION_SIZE;
      const recorded = turn.completions.subarray(at, at + layout.SUBMISSION_RESULT);
      const replayed = this.source.subarray(base + at, base + at + layout.SUBMISSION_RESULT);
      if (!recorded.equals(replayed)) {
        return differs(
          turn,
          `operation ${place}`,
          recorded.toString('hex'),
          replayed.toString('hex'),
        );
      }
    }
    turn.completions.copy(this.source, base);
    turn.events.copy(this.source, word(memory, layout.EVENTS_BASE));
    for (const { address, whole, bytes } of turn.payload) {
      if (whole) bytes.copy(this.source, address);
    }
    memory.words[layout.SUBMISSION_DONE >> 2] = total;
    memory.words[layout.EVENT_COUNT >> 2] =
      turn.eventSize > 0 ? turn.events.length / turn.eventSize : 0;
    memory.words[layout.EVENT_FORMAT >> 2] = turn.eventFormat;
    memory.words[layout.EVENT_RECORD_SIZE >> 2] = turn.eventSize;
    memory.words[layout.WAIT_RESULT >> 2] = turn.waitResult;
    memory.longs[layout.NOW >> 3] = turn.now;
    return undefined;
  }

  private output(turn: TurnBlock): Divergence | undefined {
    this.core.turn();
    return (
      this.region(
        turn,
        'update',
        turn.updates,
        layout.UPDATES_BASE,
        layout.UPDATE_COUNT,
        layout.UPDATE_SIZE,
      ) ??
      this.region(
        turn,
        'delivery',
        turn.deliveries,
        layout.DELIVERIES_BASE,
        layout.DELIVERY_COUNT,
        layout.DELIVERY_SIZE,
      )
    );
  }

  private region(
    turn: TurnBlock,
    what: string,
    recorded: Buffer,
    base: number,
    count: number,
    size: number,
  ): Divergence | undefined {
    const from = word(this.memory, base);
    const replayed = this.source.subarray(from, from + word(this.memory, count) * size);
    if (recorded.equals(replayed)) return undefined;
    for (let at = 0; ; at += size) {
      const left = recorded.subarray(at, at + size);
      const right = replayed.subarray(at, at + size);
      if (left.equals(right)) continue;
      return differs(turn, `${what} ${at / size}`, left.toString('hex'), right.toString('hex'));
    }
  }

  /** Makes the recorded calls, and compares what the core answers and logs. */
  private calls(turn: number, stream: Buffer): Divergence | undefined {
    for (const recorded of splitCalls(stream)) {
      if (!recorded) {
        return {
          turn,
          what: 'the call stream is cut',
          recorded: 'a torn call',
          replayed: 'nothing',
        };
      }
      if (
        word(this.memory, layout.CALLS_LENGTH) >
        word(this.memory, layout.CALLS_SIZE_MAX) - STREAM_MARGIN
      ) {
        this.memory.words[layout.CALLS_LENGTH >> 2] = 0;
      }
      const from = word(this.memory, layout.CALLS_LENGTH);
      const result = this.make(recorded);
      const replayed = this.logs
        ? this.logged(from)
        : { ...recorded, result, raw: withResult(recorded, result) };
      const divergence = compareCalls(turn, recorded, replayed);
      if (divergence) return divergence;
    }
    this.memory.words[layout.CALLS_LENGTH >> 2] = 0;
    return undefined;
  }

  private logged(from: number): Call | undefined {
    const base = word(this.memory, layout.CALLS_BASE);
    const stream = this.source.subarray(base + from, base + word(this.memory, layout.CALLS_LENGTH));
    return splitCalls(stream).next().value ?? undefined;
  }

  private make(call: Call): number {
    const { core } = this;
    const { record, generation, argument, value, length } = call;
    switch (call.operation) {
      case layout.CALL_LISTEN:
      case layout.CALL_CONNECT: {
        const dial = call.operation === layout.CALL_CONNECT ? 1 : 0;
        const address = core.reserve(length);
        call.tail.copy(this.source, address, 0, length);
        const options = argument >>> 16;
        return core.open(
          dial,
          address,
          length,
          argument & 0xffff,
          options,
          value,
          record,
          generation,
        );
      }
      case layout.CALL_WRITE: {
        if (call.address !== 0)
          return core.write(record, generation, call.address, length, argument);
        const address = core.reserve(length);
        if (call.mode === layout.MODE_BYTES) call.tail.copy(this.source, address, 0, length);
        return core.write(record, generation, address, length, argument);
      }
      case layout.CALL_OPEN: {
        const address = core.reserve(length);
        call.tail.copy(this.source, address, 0, length);
        const kind = generation >>> 16;
        const wants = generation & 0xffff;
        return core.openSource(kind, address, length, argument, value, record, wants);
      }
      case layout.CALL_SPAWN: {
        const address = core.reserve(length);
        call.tail.copy(this.source, address, 0, length);
        const wants = generation & 0xffff;
        const theirs = generation >>> 16;
        return core.spawn(address, length, argument, value, theirs, record, wants);
      }
      case layout.CALL_TAKEN_STREAM:
        return core.takenStream(record);
      case layout.CALL_SEND_TO: {
        const address = core.reserve(length);
        call.tail.copy(this.source, address, 0, length);
        return core.sendTo(record, generation, address, length);
      }
      case layout.CALL_OPERATE: {
        const address = call.mode === layout.MODE_NONE ? 0 : core.reserve(length);
        if (call.mode === layout.MODE_BYTES) call.tail.copy(this.source, address, 0, length);
        return core.operate(record, generation, call.detail, argument, value, address, length);
      }
      case layout.CALL_SEND_FILE: {
        const address = core.reserve(length);
        call.tail.copy(this.source, address, 0, length);
        return core.sendFile(record, generation, argument, value, address, call.detail);
      }
      case layout.CALL_READ:
        return core.read(record, generation, argument);
      case layout.CALL_END:
        return core.finish(record, generation);
      case layout.CALL_CLOSE:
        return core.close(record, generation);
      case layout.CALL_DESTROY:
        return core.destroy(record, generation);
      case layout.CALL_SAMPLE:
        return core.sample(record, generation);
      case layout.CALL_OPTION:
        return core.option(record, generation, argument, value);
      case layout.CALL_TIMER_START:
        return core.timerStart(generation, argument, record);
      case layout.CALL_IDLE_START:
        return core.idleStart(generation, argument, record);
      case layout.CALL_TIMER_CANCEL:
        return core.timerCancel(record, generation);
      case layout.CALL_RANDOM:
        return core.random();
      case layout.CALL_THROWN:
        return core.thrown(record, generation);
      case layout.CALL_STOP:
        return core.stop(argument, value);
      case layout.CALL_TRIGGER:
        return core.trigger(record, generation, argument);
      case layout.CALL_ENABLE:
        return core.enable(record, generation);
      case layout.CALL_LEASE:
        return core.lease(call.address, argument);
      case layout.CALL_UNLEASE:
        return core.unlease(record);
      default:
        throw new Error(`there is no call ${call.operation}`);
    }
  }

  private end(turn: TurnBlock): Divergence | undefined {
    this.core.end();
    const digest = this.memory.longs[layout.DIGEST >> 3] as bigint;
    if (digest === turn.digest) return undefined;
    return differs(
      turn,
      "the digest of the core's work",
      turn.digest.toString(16),
      digest.toString(16),
    );
  }
}

function withResult(call: Call, result: number): Buffer {
  const raw = Buffer.from(call.raw);
  raw.writeInt32LE(result, layout.CALL_RESULT);
  return raw;
}

function differs(turn: TurnBlock, what: string, recorded: unknown, replayed: unknown): Divergence {
  return {
    turn: turn.turn,
    what: `${what} differs`,
    recorded: String(recorded),
    replayed: String(replayed),
  };
}
