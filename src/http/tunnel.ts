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
