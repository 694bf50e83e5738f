// Whether anything is left to do: what keeps the process alive, less what the program unreferenced.
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../core/memory';
import type { Host } from '../host/host';

export class Hold {
  private readonly memory: ReactorMemory;
  private readonly host: Host;
  private readonly unreferenced = new Set<object>();
  private holding = false;
  private closing = false;

  constructor(memory: ReactorMemory, host: Host) {
    this.memory = memory;
    this.host = host;
  }

  /** Connections, listeners and timers, or a close that somebody waits for. */
  update(): void {
    const used = word(this.memory, layout.RECORDS_USED) + word(this.memory, layout.TIMERS_USED);
    const holding = used > this.unreferenced.size || this.closing;
    if (holding === this.holding) return;
    this.holding = holding;
    this.host.hold(holding);
  }

  /** A living connection, listener or timer counts, or does not. */
  reference(target: object, on: boolean): void {
    if (on) this.unreferenced.delete(target);
    else this.unreferenced.add(target);
  }

  /** Its record or timer is gone, and with it what it counted for. */
  forget(target: object): void {
    if (this.unreferenced.size > 0) this.unreferenced.delete(target);
  }

  close(): void {
    this.closing = true;
  }
}
