// The application trace: what a program and each of its clients said to each other, and nothing
// that a host may do in its own way. Chunks, turns and the order between connections are left out,
// so the traces of one program on two hosts are equal, or one of the hosts is wrong.
import type { Connection, Handlers } from '../../src';

/** `what` happened when so many bytes had come in and gone out. */
export interface Mark {
  readonly what: string;
  readonly in: number;
  readonly out: number;
}

export interface Conversation {
  /** The client's first bytes. */
  readonly name: string;
  readonly in: string;
  readonly out: string;
  readonly marks: readonly Mark[];
}

const NAME_SIZE = 8;

class Notes {
  private readonly in: Buffer[] = [];
  private readonly out: Buffer[] = [];
  private readonly marks: Mark[] = [];
  private bytesIn = 0;
  private bytesOut = 0;

  came(bytes: Uint8Array): void {
    this.in.push(Buffer.from(bytes));
    this.bytesIn += bytes.length;
  }

  went(bytes: Uint8Array | string): void {
    const copied = Buffer.from(bytes as Uint8Array);
    this.out.push(copied);
    this.bytesOut += copied.length;
  }

  mark(what: string): void {
    this.marks.push({ what, in: this.bytesIn, out: this.bytesOut });
  }

  finish(): Conversation {
    const all = Buffer.concat(this.in);
    return {
      name: all.toString('latin1', 0, NAME_SIZE),
      in: all.toString('latin1'),
      out: Buffer.concat(this.out).toString('latin1'),
      marks: this.marks,
    };
  }
}

export class ApplicationTrace {
  private readonly notes = new Map<Connection, Notes>();
  private readonly finished: Conversation[] = [];
  private waiting: { closed: number; resolve(): void }[] = [];

  /** The program, overheard: same handlers, same calls. */
  overhear(handlers: Handlers): Handlers {
    const of = (connection: Connection): Notes => {
      const known = this.notes.get(connection);
      if (known) return known;
      const notes = new Notes();
      this.notes.set(connection, notes);
      overhearCalls(connection, notes);
      return notes;
    };
    return {
      ...handlers,
      open(connection) {
        of(connection).mark('open');
        return handlers.open?.(connection);
      },
      data(connection, bytes) {
        of(connection).came(bytes);
        return handlers.data?.(connection, bytes);
      },
      end(connection) {
        of(connection).mark('end');
        return handlers.end?.(connection);
      },
      error(connection, error) {
        of(connection).mark(`error ${(error as NodeJS.ErrnoException).code}`);
        return handlers.error?.(connection, error);
      },
      close: (connection) => {
        const notes = of(connection);
        notes.mark('close');
        this.finished.push(notes.finish());
        this.notes.delete(connection);
        for (const { closed, resolve } of this.waiting) {
          if (this.finished.length >= closed) resolve();
        }
        return handlers.close?.(connection);
      },
    };
  }

  /** The conversations, by name, once so many are over. */
  async conversations(closed: number): Promise<readonly Conversation[]> {
    if (this.finished.length < closed) {
      await new Promise<void>((resolve) => this.waiting.push({ closed, resolve }));
    }
    return [...this.finished].sort((one, two) => (one.in < two.in ? -1 : 1));
  }
}

/** Listens to what the program asks of the connection, as far as the peer can tell. */
function overhearCalls(connection: Connection, notes: Notes): void {
  const { write, end, close, destroy } = connection;
  connection.write = (bytes) => {
    const welcome = write.call(connection, bytes);
    notes.went(bytes);
    return welcome;
  };
  connection.end = (bytes) => {
    // Connection.end() writes through write(), which is overheard.
    end.call(connection, bytes);
    notes.mark('our end');
  };
  connection.close = () => {
    close.call(connection);
    notes.mark('our close');
  };
  connection.destroy = () => {
    destroy.call(connection);
    notes.mark('our destroy');
  };
}
