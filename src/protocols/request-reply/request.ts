// The end that requests: it dials and dials again, gives each request a number, and asks again for
// what was not answered. A request may so be answered twice; who replies must not mind.
import { CalandriaError, typeError } from '../../errors';
import { checkCount, checkOptions } from '../../reactor/arguments';
import type { Connection } from '../../reactor/connection';
import type { Reactor } from '../../reactor/reactor';
import type { ConnectOptions } from '../../reactor/socket-options';
import type { Timer } from '../../reactor/timer';
import { bytesOf } from '../framing';
import { lengthPrefixed } from '../length-prefixed';
import type { Link } from '../link';
import { pipeline } from '../pipeline';
import { type Bytes, badMessage, type Lower, type Protocol } from '../protocol';
import { dialProtocol } from '../serve';
import { NUMBER_BYTES, numbered, numberOf } from './frames';
import { greeting, REPLYING, REQUESTING } from './greeting';
import { Sending } from './sending';

export interface RequesterOptions {
  /** Most bytes of a request or reply. Default 1 MiB. */
  readonly max?: number;
  /** Milliseconds after which a request that was not answered is sent again. Default 60,000. */
  readonly resend?: number;
  /** Milliseconds after which it is given up (ERR_CALANDRIA_TIMEOUT). Default 180,000. */
  readonly timeout?: number;
  /** Milliseconds before it dials again, doubled each time up to a hundredfold. Default 100. */
  readonly redial?: number;
  /** Most requests that wait for their replies. Default 1,024. */
  readonly pending?: number;
  /** Hears why a connection was lost, or could not be made. */
  failed?(error: Error): void;
}

const MAX = 1 << 20;
const DEFAULTS = { resend: 60_000, timeout: 180_000, redial: 100, pending: 1024 };
const REDIAL_MOST = 100;
const NUMBERS = 2 ** 31;

interface Pending {
  readonly message: Uint8Array;
  readonly timers: readonly Timer[];
  resolve(reply: Uint8Array): void;
  reject(error: Error): void;
}

/** Asks whoever replies at an address. */
export class Requester {
  private readonly reactor: Reactor;
  private readonly where: ConnectOptions;
  private readonly options: Required<Omit<RequesterOptions, 'failed' | 'max'>>;
  private readonly max: number;
  private readonly failed: (error: Error) => void;
  private readonly protocol: Protocol<Lower, Uint8Array>;
  /** By number, in the order in which they were asked. */
  private readonly pending = new Map<number, Pending>();
  private connection: Connection | undefined;
  /** Once both sides have greeted. */
  private link: Link<Bytes> | undefined;
  private sending: Sending | undefined;
  private redialling: Timer | undefined;
  private attempts = 0;
  private next: number;
  private closed = false;

  constructor(reactor: Reactor, where: ConnectOptions, options: RequesterOptions = {}) {
    checkOptions('options', options);
    const { max = MAX, failed = () => {}, ...given } = options;
    this.options = { ...DEFAULTS, ...given };
    for (const [name, value] of Object.entries(this.options)) checkCount(name, value);
    if (typeof failed !== 'function') throw typeError('failed', 'a function', failed);
    this.reactor = reactor;
    this.where = where;
    this.max = max;
    this.failed = failed;
    this.protocol = pipeline(
      greeting(REQUESTING, REPLYING),
      lengthPrefixed({ bytes: 8, max }),
      this.handlers(),
    );
    // Drawn, so that a reply to somebody who was here before is not taken for one of ours.
    this.next = Math.floor(reactor.random() * NUMBERS);
    this.dial();
  }

  /**
   * A promise of the reply. Rejects with ERR_CALANDRIA_TIMEOUT when there is none in time,
   * ERR_CALANDRIA_LIMIT when too many wait, ERR_CALANDRIA_BAD_MESSAGE when it is too long, and
   * ERR_CALANDRIA_CLOSED.
   */
  async ask(request: Bytes): Promise<Uint8Array> {
    const body = bytesOf(request);
    const { pending, resend, timeout } = this.options;
    if (this.closed) throw closed();
    if (this.pending.size >= pending) {
      const what = `${pending} requests wait for their replies already (options.pending).`;
      throw new CalandriaError('ERR_CALANDRIA_LIMIT', what);
    }
    if (body.length + NUMBER_BYTES > this.max) {
      throw badMessage('request', `${body.length} bytes and a number are more than ${this.max}`);
    }
    const number = this.draw();
    const message = numbered(number, body);
    return new Promise((resolve, reject) => {
      const timers = [
        this.reactor.setTimer(resend, () => this.resend(message), { repeat: true }),
        this.reactor.setTimer(timeout, () => {
          const what = `No reply within ${timeout} ms.`;
          this.settle(number)?.reject(new CalandriaError('ERR_CALANDRIA_TIMEOUT', what));
        }),
      ];
      this.pending.set(number, { message, timers, resolve, reject });
      this.sending?.send(message);
    });
  }

  /** Gives up what waits, and closes the connection. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.redialling?.cancel();
    for (const number of [...this.pending.keys()]) this.settle(number)?.reject(closed());
    // Who has not greeted us yet may never do.
    if (this.link) this.link.close();
    else this.connection?.destroy();
  }

  /** A peer that does not take what it was sent has no use for more of it. */
  private resend(message: Uint8Array): void {
    if (this.sending?.clear) this.sending.send(message);
  }

  private draw(): number {
    while (this.pending.has(this.next)) this.next = (this.next + 1) % NUMBERS;
    const number = this.next;
    this.next = (number + 1) % NUMBERS;
    return number;
  }

  private settle(number: number): Pending | undefined {
    const found = this.pending.get(number);
    this.pending.delete(number);
    for (const timer of found?.timers ?? []) timer.cancel();
    return found;
  }

  private dial(): void {
    this.redialling = undefined;
    try {
      this.connection = dialProtocol(this.reactor, this.protocol as Protocol, this.where);
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_CALANDRIA_CLOSED') throw error;
      // The reactor is closing.
      this.close();
    }
  }

  private handlers(): Protocol<Link<Bytes>, Uint8Array> {
    return {
      name: 'request',
      open: (link) => {
        this.attempts = 0;
        this.link = link;
        this.sending = new Sending(link);
        for (const { message } of this.pending.values()) this.sending.send(message);
      },
      data: (_, message) => {
        const number = numberOf(message);
        if (number === undefined) return;
        this.settle(number)?.resolve(message.slice(NUMBER_BYTES));
      },
      drain: () => this.sending?.drained(),
      error: (_, error) => this.failed(error),
      close: () => {
        this.link = undefined;
        this.sending = undefined;
        if (!this.closed) this.redial();
      },
    };
  }

  /** Later and later, and not at the same time as everybody else. */
  private redial(): void {
    const factor = Math.min(2 ** this.attempts, REDIAL_MOST);
    this.attempts++;
    const delay = this.options.redial * factor * (1 - this.reactor.random() / 2);
    this.redialling = this.reactor.setTimer(delay, () => this.dial());
  }
}

function closed(): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_CLOSED', 'The requester is closed.');
}
