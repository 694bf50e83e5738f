// A host whose only peer is a script. Turns run by the drive of all hosts in JavaScript; time
// stands still until the script lets it pass.

import { driven } from '../../host/driven';
import type { Host, Seam } from '../../host/host';
import type { Opener } from '../../host/node-openers';
import type { Source } from '../../host/node-source';
import { SourceHost, type WantedSocket } from '../../host/source-host';
import { ScriptedListener, ScriptedStream } from './scripted-stream';

/** Rounds of Node's loop without a turn, after which nobody is taken to have anything to do. */
const CALM = 3;

export class ScriptedHost extends SourceHost {
  readonly name = 'scripted';
  /** The peer of this run. */
  peer = new ScriptedStream(this.report);
  turns = 0;
  protected readonly openers: Readonly<Record<number, Opener>> = {};
  private readonly turnsMax: number;
  private listener: ScriptedListener | undefined;
  private now = 1_000_000_000n;
  private deadline = 0n;
  /** A turn will come. */
  private turning = false;
  /** The reactor is over: no turn comes any more. */
  closed = false;
  private rested: () => void = () => {};

  constructor(turnsMax: number) {
    super();
    this.turnsMax = turnsMax;
  }

  /** What a reactor is given; `thrown` gets what handlers throw. */
  asHost(thrown: (error: unknown) => void): Host {
    const host = driven(this);
    return {
      ...host,
      thrown,
      wake: () => {
        this.turning = !this.closed;
        host.wake();
      },
    };
  }

  /** A run begins, with a peer of its own. */
  begin(): void {
    this.peer = new ScriptedStream(this.report);
    this.listener = undefined;
    this.turns = 0;
  }

  override open(seam: Seam, wake: () => void): void {
    super.open(seam, () => {
      this.turning = !this.closed;
      wake();
    });
  }

  protected clock(): bigint {
    return this.now;
  }

  override poll(): void {
    this.turns++;
    if (this.turns > this.turnsMax) this.rested();
    super.poll();
  }

  protected makeSocket({ dial }: WantedSocket): Source {
    if (dial) return this.peer;
    this.listener = new ScriptedListener(this.report);
    return this.listener;
  }

  /** No turn is wanted before the deadline. */
  arm(deadline: bigint): void {
    this.deadline = deadline;
    this.turning = false;
    this.rested();
  }

  hold(): void {}

  override close(): void {
    super.close();
    this.closed = true;
    this.turning = false;
    this.rested();
  }

  /** The peer dials. */
  dial(): void {
    this.listener?.dial(this.peer);
  }

  /** Until nobody has anything to do, promises and ticks included; false when that never comes. */
  async rest(): Promise<boolean> {
    for (let calm = 0; calm < CALM; calm++) {
      if (this.turning) {
        await new Promise<void>((resolve) => {
          this.rested = resolve;
        });
        calm = 0;
      }
      if (this.turns > this.turnsMax) return false;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return true;
  }

  /** Lets time pass, one deadline after the other. */
  async pass(milliseconds: number): Promise<boolean> {
    const end = this.now + BigInt(Math.round(milliseconds * 1e6));
    for (;;) {
      const due = this.deadline !== 0n && this.deadline <= end;
      this.now = due && this.deadline > this.now ? this.deadline : due ? this.now : end;
      this.wake();
      if (!(await this.rest())) return false;
      if (!due || this.closed) return true;
    }
  }
}
