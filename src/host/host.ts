// The seam. A host turns submissions into completions and raw event vectors; everything that can
// differ between two runs comes through it. host/README.md tells a host's author what each verb has
// to do.
import type { CoreFactory } from '../core/core';
import type { ReactorMemory } from '../core/memory';
import type { Ring } from '../inbox/ring';

/** What a host gets from its reactor. One turn is: ingest, deliver, (ticks and microtasks), end. */
export interface Seam {
  readonly memory: ReactorMemory;
  /** Describes the run, for a trace's header. */
  readonly description: RunDescription;
  /** The core takes in completions, events and the time that the host wrote into memory. */
  ingest(): void;
  /** Handlers run. */
  deliver(): void;
  /** The core fills the submission queue. */
  end(): void;
}

export interface RunDescription {
  readonly seed: bigint;
  readonly sampling: 'none' | 'turn';
  readonly program: ProgramDescription | null;
}

/** Names the program in a trace, so that a replay can find it. */
export interface ProgramDescription {
  readonly name: string;
  readonly parameters: Record<string, unknown>;
}

export interface Host {
  readonly name: string;
  /** SETTING_… bits that this host wants set in the core. */
  readonly settings?: number;
  /** Bytes of the reactor's memory that it wants for rings of its own. */
  readonly ringBytes?: number;
  /** A replay brings its own seed and core; any other host takes what it is given. */
  readonly seed?: bigint;
  readonly core?: CoreFactory;
  /** Begins: from now on turns may come. Throws when the machine refuses. */
  open(seam: Seam): void;
  /** A turn soon: somebody called from outside. */
  wake(): void;
  /** Whether the reactor has anything left to do, and so keeps the process alive. */
  hold(hold: boolean): void;
  /** Closes every descriptor. No turn comes after it. */
  close(): void;
  /**
   * Takes the ring of an inbox, to be opened by its id: whoever posts to it wakes this host. A host
   * without it (a replay) leaves the ring alone, and what is posted goes nowhere.
   */
  share?(id: number, ring: Ring): void;
  /** Gives the ring back; its record is closed. */
  unshare?(id: number): void;
  /** Empties the call stream, which is nearly full (only while SETTING_TRACE is set). */
  spill?(): void;
  /** Takes what a handler threw; without it, it is thrown from process.nextTick. */
  thrown?(error: unknown): void;
}
