// The sets of handlers in use. The core knows them by their place here; a place is given away again
// when the last record that uses it has heard its `close`, so that a program may dial for ever.
import type { Handlers } from './handlers';

interface Entry {
  handlers: Handlers;
  /** What they were given for: the subject of errors. */
  subject: string;
  /** What they were waiting for while it was not open: the system call of such errors. */
  doing: string;
  users: number;
}

export class HandlerTable {
  private readonly entries: Entry[] = [];
  private readonly free: number[] = [];

  /** For one record: a listener or a dialled connection. */
  add(handlers: Handlers, subject: string, doing = 'connect'): number {
    const entry = { handlers, subject, doing, users: 1 };
    const place = this.free.pop() ?? this.entries.length;
    this.entries[place] = entry;
    return place;
  }

  handlers(place: number): Handlers {
    return (this.entries[place] as Entry).handlers;
  }

  subject(place: number): string {
    return (this.entries[place] as Entry).subject;
  }

  doing(place: number): string {
    return (this.entries[place] as Entry).doing;
  }

  /** One more record: an accepted connection. */
  use(place: number): void {
    (this.entries[place] as Entry).users++;
  }

  release(place: number): void {
    const entry = this.entries[place] as Entry;
    entry.users--;
    if (entry.users > 0) return;
    entry.handlers = {};
    this.free.push(place);
  }
}
