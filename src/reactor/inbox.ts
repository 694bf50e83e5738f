// An inbox: a name for a record that hears of posts from other threads. They arrive in the order in
// which they were taken, and as bytes, so that a replay needs no threads.
import * as layout from '../../assembly/layout';
import { typeError } from '../errors';
import type { InboxPort } from '../inbox/outbox';
import { CAPACITY_MAX, CAPACITY_MIN, Ring } from '../inbox/ring';
import { checkFunctions, checkOptions } from './arguments';
import { both } from './batch';
import type { Opening } from './opening';
import {
  handlerNames,
  type Result,
  Source,
  type SourceHandlers,
  type SourceOrigin,
  wantsOfSource,
} from './source';

export interface InboxOptions {
  /**
   * Bytes that posts may take up until they are handled; each takes 8 more than it has, and is
   * padded to 8. From 1 KiB to 1 GiB, rounded up to a power of two. Default 1 MiB.
   */
  readonly capacity?: number;
}

export interface InboxHandlers extends SourceHandlers<Inbox> {
  /** A post. The bytes lie in the read arena and are valid until this turn ends. */
  message?(inbox: Inbox, bytes: Uint8Array): Result;
}

const CAPACITY = 1 << 20;

export class Inbox extends Source<Uint8Array> {
  /** For `new Outbox(port)` in any thread: hand it over with postMessage or workerData. */
  readonly port: InboxPort;
  protected readonly doing = 'read';
  private readonly ring: Ring;
  private readonly share: number;
  protected readonly handlers: InboxHandlers;

  /** Inboxes come from reactor.inbox(). */
  constructor(origin: SourceOrigin, ring: Ring, share: number, handlers: InboxHandlers) {
    super(origin);
    this.ring = ring;
    this.share = share;
    this.handlers = handlers;
    this.port = { ring: ring.buffer };
  }

  /** Internal: false in a replay, where posts come out of the trace. */
  get attended(): boolean {
    return this.ring.attended;
  }

  /** Bytes that its posts may take up. */
  get capacity(): number {
    return this.ring.capacity;
  }

  /** Internal. */
  arrived(batch: Uint8Array): Result {
    // What arrived has left the ring.
    this.ring.notifyProducers();
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    const { message } = this.handlers;
    let result = undefined as Result;
    for (let at = 0; at < batch.length && this.listening; ) {
      const length = view.getUint32(at, true);
      const from = at + layout.POST_HEAD;
      const bytes = batch.subarray(from, from + length);
      if (this.iterated) this.tell(bytes.slice());
      if (message) result = both(result, message.call(this.handlers, this, bytes));
      at = from + ((length + 7) & ~7);
    }
    return result;
  }

  protected override heardClose(): Result {
    this.ring.close();
    this.calls.unshare(this.share);
    this.ring.notifyProducers();
    return this.handlers.close?.(this);
  }
}

export function openInbox(opening: Opening, options: InboxOptions, handlers: InboxHandlers): Inbox {
  checkOptions('options', options);
  const { capacity = CAPACITY } = options;
  if (!Number.isInteger(capacity) || capacity < CAPACITY_MIN || capacity > CAPACITY_MAX) {
    throw typeError('capacity', `a whole number from ${CAPACITY_MIN} to ${CAPACITY_MAX}`, capacity);
  }
  checkFunctions('handlers', handlers, handlerNames('message'));
  opening.refuseWhenClosed();
  const ring = Ring.create(2 ** Math.ceil(Math.log2(capacity)));
  const share = opening.calls.share(ring);
  try {
    return opening.source(
      {
        kind: layout.KIND_INBOX,
        subject: 'an inbox',
        argument: share,
        wants: wantsOfSource(handlers),
      },
      (origin) => new Inbox(origin, ring, share, handlers),
    );
  } catch (error) {
    opening.calls.unshare(share);
    throw error;
  }
}
