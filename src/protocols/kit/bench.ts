// A bench: the reactor that runs take place on, one after another. A fresh one for each would be
// simplest and takes most of the time, so it is kept as long as a run leaves nothing behind in it.
import * as layout from '../../../assembly/layout';
import type { Limits } from '../../core/limits';
import { long, type ReactorMemory, word } from '../../core/memory';
import { Reactor } from '../../reactor/reactor';
import { ScriptedHost } from './scripted-host';

export interface BenchOptions {
  /** Of reactor.random(). Default 1n. */
  readonly seed?: bigint;
  readonly limits?: Partial<Limits>;
  /** More turns than these in one run mean that the protocol comes to no rest. Default 200,000. */
  readonly turns?: number;
}

/** Few of everything: a run has one connection, and there are many runs. */
const FEW: Partial<Limits> = {
  connections: 16,
  operations: 64,
  events: 16,
  timers: 1024,
  queueBytesTotal: 1 << 20,
  readSegments: 2,
  writeSegments: 4,
  tasks: 16,
  tasksInFlight: 8,
  completions: 8,
};
const TURNS = 200_000;

interface Kept {
  readonly host: ScriptedHost;
  readonly reactor: Reactor;
  /** The generator's state when nothing was drawn. */
  readonly undrawn: readonly bigint[];
}

export class Bench {
  private readonly options: BenchOptions;
  private kept: Kept | undefined;
  private thrown: (error: unknown) => void = () => {};

  constructor(options: BenchOptions) {
    this.options = options;
  }

  /** Begins a run: a reactor that does nothing, and its host with a new peer. */
  begin(thrown: (error: unknown) => void): Kept {
    this.thrown = thrown;
    this.kept ??= this.make();
    this.kept.host.begin();
    return this.kept;
  }

  private make(): Kept {
    const { seed = 1n, limits = {}, turns = TURNS } = this.options;
    const host = new ScriptedHost(turns);
    const reactor = new Reactor({
      host: host.asHost((error) => this.thrown(error)),
      seed,
      debug: true,
      limits: { ...FEW, ...limits },
    });
    return { host, reactor, undrawn: randomState(host.memory) };
  }

  /** Ends a run. What drew a random number, or left a timer, would show in the next one. */
  async end(): Promise<void> {
    if (!this.kept) return;
    const { host, reactor, undrawn } = this.kept;
    const { memory, peer } = host;
    peer.reset();
    const rested = await host.rest();
    const idle = word(memory, layout.RECORDS_USED) === 0 && word(memory, layout.TIMERS_USED) === 0;
    const drawn = randomState(memory).some((each, place) => each !== undrawn[place]);
    if (rested && idle && !drawn && !host.closed) return;
    this.kept = undefined;
    await reactor.close();
  }

  async close(): Promise<void> {
    await this.kept?.reactor.close();
    this.kept = undefined;
  }
}

function randomState(memory: ReactorMemory): bigint[] {
  return [long(memory, layout.STATE_RANDOM_LOW), long(memory, layout.STATE_RANDOM_HIGH)];
}
