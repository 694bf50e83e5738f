// The end that replies.
import { typeError } from '../../errors';
import { checkCount, checkOptions } from '../../reactor/arguments';
import { bytesOf } from '../framing';
import { lengthPrefixed } from '../length-prefixed';
import type { Link } from '../link';
import { pipeline } from '../pipeline';
import type { Bytes, Lower, Protocol } from '../protocol';
import { headOf } from './frames';
import { greeting, REPLYING, REQUESTING } from './greeting';
import { Sending } from './sending';

/** Makes the reply to a request. What it throws ends the connection, as with any handler. */
export type Answer = (request: Uint8Array, link: Link<Bytes>) => Bytes | Promise<Bytes>;

export interface ReplyOptions {
  /** Most bytes of a request or reply, the numbers in front of it included. Default 1 MiB. */
  readonly max?: number;
  /** Most requests of a connection that are being answered; others wait. Default 64. */
  readonly pending?: number;
}

const PENDING = 64;

/** A protocol that answers requests, as they come; replies may overtake each other. */
export function reply(answer: Answer, options: ReplyOptions = {}): Protocol<Lower, Uint8Array> {
  if (typeof answer !== 'function') throw typeError('answer', 'a function', answer);
  checkOptions('options', options);
  const { pending = PENDING, ...framing } = options;
  checkCount('pending', pending);
  const replierOf = (link: Link<Bytes>): Replier => link.data as Replier;
  return pipeline(greeting(REPLYING, REQUESTING), lengthPrefixed({ ...framing, bytes: 8 }), {
    name: 'reply',
    open(link: Link<Bytes>) {
      link.data = new Replier(link, answer, pending);
    },
    data: (link, message) => replierOf(link).asked(message),
    drain: (link) => replierOf(link).drained(),
    end: (link) => replierOf(link).ended(),
  });
}

/** One connection's end. */
class Replier {
  private readonly link: Link<Bytes>;
  private readonly answer: Answer;
  private readonly most: number;
  private readonly sending: Sending;
  private pending = 0;
  private theirEnd = false;

  constructor(link: Link<Bytes>, answer: Answer, most: number) {
    this.link = link;
    this.answer = answer;
    this.most = most;
    this.sending = new Sending(link);
  }

  /** A message without a number is no request, and is passed over. */
  async asked(message: Uint8Array): Promise<void> {
    const head = headOf(message);
    if (head < 0) return;
    // What is answered later has to outlive the turn.
    const copy = message.slice();
    this.pending++;
    this.regulate();
    const body = bytesOf(await this.answer(copy.subarray(head), this.link));
    this.pending--;
    this.sending.send(Buffer.concat([copy.subarray(0, head), body]));
    this.regulate();
  }

  drained(): void {
    this.sending.drained();
    this.regulate();
  }

  /** Who asked and ended still gets what is being answered. */
  ended(): void {
    this.theirEnd = true;
    this.regulate();
  }

  private regulate(): void {
    const { link, pending, sending } = this;
    if (this.theirEnd) {
      if (pending === 0 && sending.clear) link.end();
      return;
    }
    // Replies that nobody takes are as good a reason not to ask for more.
    link.read(pending < this.most && sending.clear ? Number.POSITIVE_INFINITY : 0);
  }
}
