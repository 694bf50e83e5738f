// What becomes of a connection that another protocol was agreed upon.
import type { Connection } from '../reactor/connection';

/** Handlers of the connection from then on; as those of a listener (docs/api.md). */
export interface Tunnel {
  data?(connection: Connection, bytes: Uint8Array): void | Promise<void>;
  drain?(connection: Connection): void | Promise<void>;
  end?(connection: Connection): void | Promise<void>;
  error?(connection: Connection, error: Error): void | Promise<void>;
  close?(connection: Connection): void | Promise<void>;
}

/** Runs something in a turn of its own, whose failure is told as that of any handler is. */
export type InTurn = (action: () => void | Promise<void>) => void;

/**
 * Hands a connection over. The handlers hear of it in the next turn, when whoever gave them is done
 * with it; what has come until then is kept: first the bytes, then the end.
 */
export class Handover {
  private readonly connection: Connection;
  private readonly tunnel: Tunnel;
  private early: Uint8Array | undefined;
  private ends: boolean;
  private waits = true;

  constructor(
    connection: Connection,
    tunnel: Tunnel,
    early: Uint8Array | undefined,
    ended: boolean,
    inTurn: InTurn,
  ) {
    this.connection = connection;
    this.tunnel = tunnel;
    this.early = early;
    this.ends = ended;
    inTurn(() => this.begin());
  }

  private async begin(): Promise<void> {
    const { connection, early } = this;
    this.waits = false;
    this.early = undefined;
    try {
      const heard = early && !connection.closed ? this.arrived(early) : undefined;
      if (this.ends && !connection.closed) await this.ended();
      await heard;
    } catch (error) {
      // As it is for every handler that throws.
      connection.destroy();
      throw error;
    }
  }

  arrived(bytes: Uint8Array): void | Promise<void> {
    if (!this.waits) return this.tunnel.data?.(this.connection, bytes);
    this.early = this.early ? Buffer.concat([this.early, bytes]) : Buffer.from(bytes);
  }

  drained(): void | Promise<void> {
    return this.tunnel.drain?.(this.connection);
  }

  ended(): void | Promise<void> {
    if (this.waits) this.ends = true;
    else if (this.tunnel.end) return this.tunnel.end(this.connection);
    else this.connection.end();
  }

  failed(error: Error): void | Promise<void> {
    return this.tunnel.error?.(this.connection, error);
  }

  closed(): void | Promise<void> {
    return this.tunnel.close?.(this.connection);
  }
}
