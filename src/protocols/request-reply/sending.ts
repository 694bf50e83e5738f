// Messages on their way to a peer that may be slow: what its queue has no room for waits here, in
// order. How many wait is bounded by who sends.
import type { Link } from '../link';
import type { Bytes } from '../protocol';

export class Sending {
  private readonly link: Link<Bytes>;
  private waiting: Uint8Array[] = [];
  private blocked = false;

  constructor(link: Link<Bytes>) {
    this.link = link;
  }

  /** Nothing waits, and the peer takes what it is given. */
  get clear(): boolean {
    return this.waiting.length === 0 && !this.blocked;
  }

  send(message: Uint8Array): void {
    this.waiting.push(message);
    this.flush();
  }

  drained(): void {
    this.blocked = false;
    this.flush();
  }

  private flush(): void {
    let sent = 0;
    for (; sent < this.waiting.length && !this.blocked; sent++) {
      if (!this.take(this.waiting[sent] as Uint8Array)) break;
    }
    this.waiting = this.waiting.slice(sent);
  }

  /** False: there is no room for it now. */
  private take(message: Uint8Array): boolean {
    try {
      this.blocked = !this.link.write(message);
      return true;
    } catch (error) {
      const { code } = error as { code?: string };
      // Closed meanwhile: nobody is there to take it.
      if (code === 'ERR_CALANDRIA_CLOSED') return true;
      if (code !== 'ERR_CALANDRIA_QUEUE_FULL') throw error;
      // With a queue that is empty there will be no room later, either.
      if (this.link.connection.tx.queued === 0) this.link.destroy();
      this.blocked = true;
      return false;
    }
  }
}
