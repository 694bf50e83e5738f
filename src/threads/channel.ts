// Channels: values from threads to threads, in order, each to one of those who receive. A channel
// holds so many; who sends more waits for somebody to receive.
import { CalandriaError } from '../errors';
import { Queue } from '../queue';
import { checkWhole } from '../reactor/arguments';
import { Line, LineWait } from './line';
import type { Thread } from './thread';
import type { WaitKind } from './wait';

const THREAD: readonly WaitKind[] = ['thread'];
const CAPACITY_MAX = 2 ** 24;

export class Channel<Value> {
  /** Values that it holds. With 0 a sender waits for its receiver. */
  readonly capacity: number;
  /** Internal. */
  readonly senders = new Line();
  /** Internal. */
  readonly receivers = new Line();
  private readonly values = new Queue<Value>();
  private isClosed = false;

  /** Comes from threads.channel(). */
  constructor(capacity: number) {
    this.capacity = checkWhole('capacity', capacity, CAPACITY_MAX);
  }

  /** Values in it. */
  get length(): number {
    return this.values.length;
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /**
   * From anywhere, without waiting. False: there is no room, and nothing was taken.
   * @throws ERR_CALANDRIA_CLOSED
   */
  trySend(value: Value): boolean {
    if (this.isClosed) throw this.closedError();
    const room = this.values.length < this.capacity || !this.receivers.empty;
    if (!room) return false;
    this.values.push(value);
    this.receivers.serve();
    return true;
  }

  /** From anywhere, without waiting. Undefined: there is nothing. */
  tryReceive(): { readonly value: Value } | undefined {
    const received = this.take();
    this.senders.serve();
    return received;
  }

  /**
   * Nothing can be sent any more: who waits to, or tries, hears ERR_CALANDRIA_CLOSED. What is in it
   * can still be received.
   */
  close(): void {
    this.isClosed = true;
    this.senders.serve();
    this.receivers.serve();
  }

  /** Internal: the oldest value; there may be room afterwards. */
  take(): { readonly value: Value } | undefined {
    const sender = this.senders.first as SendWait<Value> | undefined;
    if (this.values.length === 0 && sender) {
      this.senders.leave(sender);
      this.values.push(sender.value);
      sender.fulfil();
    }
    return this.values.length > 0 ? { value: this.values.take() } : undefined;
  }

  /** Internal. */
  closedError(): CalandriaError {
    return new CalandriaError('ERR_CALANDRIA_CLOSED', 'The channel is closed.');
  }
}

abstract class ChannelWait<Value, Result> extends LineWait<Result> {
  protected readonly channel: Channel<Value>;

  constructor(thread: Thread, channel: Channel<Value>) {
    super(thread);
    this.channel = channel;
  }

  get kinds(): readonly WaitKind[] {
    return THREAD;
  }

  protected abstract readonly others: Line;

  /**
   * Those who send and those who receive both wait only where one any() does both: it is no match
   * for itself, but for everybody else.
   */
  override attempt(): boolean {
    return (this.line.empty || !this.others.empty) && this.act();
  }
}

export class SendWait<Value> extends ChannelWait<Value, void> {
  readonly value: Value;

  constructor(thread: Thread, channel: Channel<Value>, value: Value) {
    super(thread, channel);
    this.value = value;
  }

  protected get line(): Line {
    return this.channel.senders;
  }

  protected get others(): Line {
    return this.channel.receivers;
  }

  act(): boolean {
    const { channel } = this;
    if (channel.closed) this.fail(channel.closedError());
    else if (channel.trySend(this.value)) this.fulfil();
    else return false;
    return true;
  }
}

/** The next value. */
abstract class TakeWait<Value, Result> extends ChannelWait<Value, Result> {
  protected get line(): Line {
    return this.channel.receivers;
  }

  protected get others(): Line {
    return this.channel.senders;
  }

  act(): boolean {
    const { channel } = this;
    const received = channel.take();
    if (!received && !channel.closed) return false;
    this.conclude(received);
    channel.senders.serve();
    return true;
  }

  /** Undefined: there will be none. */
  protected abstract conclude(received: { readonly value: Value } | undefined): void;
}

export class ReceiveWait<Value> extends TakeWait<Value, Value> {
  protected conclude(received: { readonly value: Value } | undefined): void {
    if (received) this.fulfil(received.value);
    else this.fail(this.channel.closedError());
  }
}

/** For loops: the end is no error. */
export class NextWait<Value> extends TakeWait<Value, { readonly value: Value } | undefined> {
  protected conclude(received: { readonly value: Value } | undefined): void {
    this.fulfil(received);
  }
}
