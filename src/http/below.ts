// What carries requests and answers: a connection, or the place of the protocol in a pipeline.
import { Link } from '../protocols/link';
import type { Lower } from '../protocols/protocol';
import type { Connection } from '../reactor/connection';

/** The verbs that HTTP needs of it. */
export type Below = Pick<
  Connection,
  'write' | 'read' | 'end' | 'close' | 'destroy' | 'reset' | 'closed' | 'tx'
>;

/** A layer below sees everything that goes out, so nothing goes past it. */
class OnLink implements Below {
  private readonly link: Link<string | Uint8Array>;

  constructor(link: Link<string | Uint8Array>) {
    this.link = link;
  }

  get closed(): boolean {
    return this.link.closed;
  }

  get tx(): Connection['tx'] {
    return this.link.connection.tx;
  }

  write(bytes: Uint8Array | string): boolean {
    return this.link.write(bytes);
  }

  read(amount: number): void {
    this.link.read(amount);
  }

  end(bytes?: Uint8Array | string): void {
    this.link.end(bytes);
  }

  close(): void {
    this.link.close();
  }

  destroy(): void {
    this.link.destroy();
  }

  reset(): void {
    this.link.connection.reset();
  }
}

export function connectionOf(lower: Lower): Connection {
  return lower instanceof Link ? lower.connection : (lower as unknown as Connection);
}

export function belowOf(lower: Lower): Below {
  return lower instanceof Link ? new OnLink(lower) : (lower as unknown as Connection);
}
