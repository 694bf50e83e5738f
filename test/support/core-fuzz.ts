// One run of the fuzz: a seed draws the options, then turns with faults, then turns without, in
// which all work must come to rest, then stop(), after which nothing may be left.
import * as layout from '../../assembly/layout';
import type { CoreBuild } from '../../src/core/core';
import { BytesChecker } from './checkers/bytes';
import type { Checker } from './checkers/checker';
import { LifecycleChecker } from './checkers/lifecycle';
import { MemoryChecker } from './checkers/memory';
import { OperationsChecker } from './checkers/operations';
import { checkRest } from './checkers/rest';
import { SubmissionsChecker } from './checkers/submissions';
import { TimersChecker } from './checkers/timers';
import { UpdatesChecker } from './checkers/updates';
import {
  type Answer,
  CoreHarness,
  type Event,
  type Step,
  type Stepped,
  type Turn,
} from './core-harness';
import type { Submission } from './core-views';
import { FuzzDatagrams } from './fuzz-datagrams';
import { FuzzFiles } from './fuzz-files';
import { FuzzHost } from './fuzz-host';
import { FuzzLeases } from './fuzz-leases';
import { drawOptions, type FuzzOptions, onRing } from './fuzz-options';
import { FuzzProgram } from './fuzz-program';
import { Seeded } from './seeded';

export interface FuzzResult {
  readonly options: FuzzOptions;
  readonly turns: number;
  readonly digest: bigint;
  readonly events: number;
  readonly updates: number;
  readonly operations: number;
  /** Bytes that were received into segments that the core lends. */
  readonly ahead: number;
  /** Datagrams that came, and that left. */
  readonly datagrams: number;
  readonly leases: number;
}

const RING_SALT = 0x52494e47;
const LEASES_SALT = 0x5eed;

class FuzzRun {
  private readonly random: Seeded;
  private readonly options: FuzzOptions;
  private readonly harness: CoreHarness;
  private readonly host: FuzzHost;
  private readonly program: FuzzProgram;
  private readonly checkers: readonly Checker[];
  private turns = 0;

  constructor(seed: number, build: CoreBuild) {
    this.random = new Seeded(seed);
    const drawn = drawOptions(this.random);
    // Drawn apart, so that the seeds that once found something still run as they did.
    const ring = new Seeded(seed + RING_SALT);
    this.options = ring.chance(0.25) ? onRing(drawn, ring) : drawn;
    const ofLeases = new Seeded(seed ^ LEASES_SALT);
    const limits = { ...this.options.limits, leases: ofLeases.pick([1, 3, 256]) };
    this.harness = new CoreHarness({ ...this.options, limits, seed: BigInt(seed), build });
    const operations = new OperationsChecker();
    const files = new FuzzFiles(this.harness, this.random, this.options, operations);
    const bytes = new BytesChecker();
    const datagrams = new FuzzDatagrams(this.harness, this.random, this.options, bytes);
    this.host = new FuzzHost(this.harness, this.random, this.options, files, datagrams);
    const lifecycle = new LifecycleChecker();
    const timers = new TimersChecker();
    const leases = new FuzzLeases(this.harness, ofLeases, seed % 4 === 1 || seed % 4 === 2);
    const watchers = { lifecycle, bytes, timers, files, datagrams, leases };
    this.program = new FuzzProgram(this.harness, this.random, this.options, watchers);
    this.checkers = [
      new MemoryChecker(),
      new SubmissionsChecker(),
      new UpdatesChecker(),
      lifecycle,
      bytes,
      timers,
      operations,
    ];
  }

  run(): FuzzResult {
    for (let turn = 0; turn < this.options.turns; turn++) this.faultyTurn();
    this.host.heal();
    this.program.calm();
    if (this.random.chance(0.7)) {
      this.rest('healed, it comes to rest', () => !this.host.draining);
      checkRest(this.harness);
    }
    this.leave();
    this.rest('stopped, it comes to an end', () => this.harness.word(layout.RECORDS_USED) === 0);
    for (const checker of this.checkers) checker.finish?.(this.harness);
    return {
      options: this.options,
      turns: this.turns,
      digest: this.harness.long(layout.DIGEST),
      events: this.harness.count(layout.COUNTER_EVENTS),
      updates: this.harness.count(layout.COUNTER_UPDATES),
      operations: this.harness.count(layout.COUNTER_OPERATIONS),
      ahead: this.host.ahead,
      datagrams:
        this.harness.count(layout.COUNTER_RECORDS_IN) +
        this.harness.count(layout.COUNTER_RECORDS_OUT),
      leases: this.harness.count(layout.COUNTER_LEASES),
    };
  }

  /** Stopped when all is quiet, or in the middle of anything. */
  private leave(): void {
    const leave = (): void => this.program.leave();
    if (this.random.chance(0.5)) return leave();
    const answer = (submission: Submission): Answer | undefined => this.host.answer(submission);
    const inside = this.random.chance(0.5);
    this.step({ answer, [inside ? 'during' : 'outside']: leave });
  }

  private step(step: Step): Stepped {
    const turn = this.harness.begin(step);
    for (const checker of this.checkers) checker.turn?.(this.harness, turn);
    step.during?.(turn);
    const submissions = this.harness.end();
    for (const checker of this.checkers) checker.end?.(this.harness, submissions);
    this.turns++;
    return { ...turn, submissions };
  }

  private faultyTurn(): void {
    this.step({
      events: this.host.events(),
      answer: (submission) => this.host.answer(submission),
      after: this.random.chance(0.5) ? this.random.size(200_000_000) : 0,
      outside: () => this.program.outside(),
      during: (turn: Turn) => this.program.during(turn),
    });
  }

  /**
   * Turns until nothing is asked any more. Whenever it is quiet, each source is told that it can go
   * on: a blocked send or a connect in the background waits for that, and nothing else may be
   * waited for.
   */
  private rest(what: string, done: () => boolean): void {
    const { connections = 0, events = 1 } = this.options.limits;
    const rounds = 12 + Math.ceil((4 * connections) / events);
    for (let round = 0; round < rounds; round++) {
      this.quiet(what, this.host.everybody(round));
      if (round >= rounds / 2 && done()) return;
    }
    throw new Error(`${what}: it waits for something that never comes`);
  }

  /** Nobody was left in the lurch: another turn, for no reason, finds nothing to do. */
  private oversleep(what: string): void {
    const { deliveries, submissions } = this.step({ answer: this.host.peaceful });
    const told = deliveries.filter(({ kind }) => !/^(timer|idle|change)$/.test(kind));
    // What a send used up is sampled anew, but nobody waits for that.
    const asked = submissions.filter(({ operation }) => operation !== 'sample');
    if (told.length > 0 || asked.length > 0) {
      throw new Error(`${what}: it slept over ${JSON.stringify([...told, ...asked].slice(0, 3))}`);
    }
  }

  private quiet(what: string, about: readonly Event[]): void {
    const { connections = 0 } = this.options.limits;
    const most = 100 + 8 * connections;
    for (let turn = 0; turn < most; turn++) {
      const events = turn === 0 ? about : [];
      const step = { events, answer: this.host.peaceful, after: 20_000_000 };
      const { deliveries } = this.step(step);
      // The host may sleep now, since no send falls short; with timers about, it would not for
      // long.
      const told = deliveries.some(({ kind }) => !/^(timer|idle)$/.test(kind));
      if (!told && this.harness.word(layout.TURN_AGAIN) === 0) return this.oversleep(what);
    }
    const busy = this.harness.submissions().slice(0, 3);
    const seen = busy.map((submission) => ({ ...submission, ...this.harness.record(submission) }));
    throw new Error(`${what}: still busy after ${most} turns: ${JSON.stringify(seen)}`);
  }
}

/** Runs one seed; throws with the way to run it again. */
export function fuzzCore(seed: number, build: CoreBuild = 'debug'): FuzzResult {
  try {
    return new FuzzRun(seed, build).run();
  } catch (error) {
    const again = `node scripts/fuzz.mjs --runs 1 --seed ${seed}`;
    throw new Error(`seed ${seed}: ${(error as Error).message}\nagain: ${again}`, { cause: error });
  }
}
