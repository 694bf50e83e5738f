// A chain: the links of one connection's pipeline, and the order among them. What comes from below
// is handed from layer to layer within one call; what was held back is handed on when its layer
// wants it, never from within another handler.
import { Link } from './link';
import type { Layer, Lower } from './protocol';

export class Chain {
  readonly lower: Lower;
  /** From the bottom to the top. */
  private readonly links: Link[] = [];
  /** No message and no end goes up any more: the connection was closed from here, or failed. */
  stopped = false;
  /** The connection is at its end: what is held goes up, wanted or not. */
  flushing = false;
  /** The layer that cannot go on. */
  failing: Link | undefined;
  /** Handlers of layers are running. */
  private running = false;
  private scheduled = false;
  private theirEnd = false;
  private ourEnd = false;
  /** What the connection was asked for last. */
  private flowing = true;

  constructor(lower: Lower, layers: readonly Layer[]) {
    this.lower = lower;
    for (const layer of layers) this.links.push(new Link(this, layer, this.links.at(-1)));
  }

  // ── What the connection tells ──

  opened(): void {
    this.run(() => this.bottom.open());
  }

  arrived(message: unknown): void {
    this.run(() => this.bottom.receive(message));
  }

  drained(): void {
    this.run(() => this.bottom.drain());
  }

  ended(): void {
    this.theirEnd = true;
    this.run(() => this.bottom.endReached());
  }

  failed(error: Error): void {
    this.run(() => {
      this.flush(this.links);
      for (const link of this.links) link.failed(error);
    });
  }

  closed(): void {
    this.run(() => {
      // Both sides have ended: what is held came before, and nobody writes behind his own end.
      if (this.theirEnd && this.ourEnd) this.flush(this.links);
      this.stopped = true;
      for (const link of this.links) link.finished();
    });
  }

  private get bottom(): Link {
    return this.links[0] as Link;
  }

  // ── What links ask for ──

  stop(): void {
    this.stopped = true;
  }

  end(): void {
    this.ourEnd = true;
    this.lower.end();
  }

  /** A layer cannot go on: those above it hear of it, and the connection is closed. */
  fail(error: Error, link: Link): void {
    if (this.stopped) return;
    this.failing = link;
    this.run(() => {
      const above = this.links.slice(this.links.indexOf(link) + 1);
      this.flush(above);
      this.stopped = true;
      for (const each of above) each.failed(error);
    });
    this.lower.close();
  }

  /** An appetite changed. */
  regulate(): void {
    if (this.running || this.scheduled) return;
    if (!this.links.every((link) => link.wants)) this.adjust();
    this.scheduled = true;
    // Not now: the caller is in the middle of something. A microtask belongs to the same turn.
    queueMicrotask(() => {
      this.scheduled = false;
      try {
        this.run(() => {});
      } catch (error) {
        this.threw(error);
      }
    });
  }

  /** What a handler returned; it may be a promise. */
  watch(result: unknown): void {
    if (result === undefined) return;
    if (typeof (result as PromiseLike<void> | null)?.then !== 'function') return;
    (result as PromiseLike<void>).then(undefined, (error) => this.threw(error));
  }

  threw(error: unknown): void {
    this.stopped = true;
    this.lower.threw(error);
  }

  // ── The order ──

  private run(what: () => void): void {
    if (this.running) return what();
    this.running = true;
    try {
      what();
      if (!this.stopped) this.settle();
    } catch (error) {
      // The reactor destroys the connection; nothing may be handed on to a layer that broke.
      this.stopped = true;
      throw error;
    } finally {
      this.running = false;
    }
  }

  /** Hands on what is held, from the top, as long as somebody wants some of it. */
  private settle(): void {
    for (let moved = true; moved && !this.stopped; ) {
      moved = false;
      for (let place = this.links.length - 1; place >= 0; place--) {
        moved = (this.links[place] as Link).pump() || moved;
      }
    }
    if (!this.stopped && !this.flushing) this.adjust();
  }

  /** The connection is read from while every layer wants something. */
  private adjust(): void {
    const flowing = this.links.every((link) => link.wants);
    if (flowing === this.flowing || this.stopped) return;
    this.flowing = flowing;
    this.lower.read(flowing ? Number.POSITIVE_INFINITY : 0);
  }

  private flush(links: readonly Link[]): void {
    if (this.stopped) return;
    this.flushing = true;
    for (let moved = true; moved && !this.stopped; ) {
      moved = false;
      for (const link of links) moved = link.pump() || moved;
    }
  }
}
