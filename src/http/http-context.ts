// What the connections of one server share: its limits, its deadlines, a pool of intakes, the date.
import type { WallClock } from '../outside';
import type { Connection } from '../reactor/connection';
import type { Reactor } from '../reactor/reactor';
import { Deadline, Deadlines, type Waiting } from './deadlines';
import type { Exchange } from './exchange';
import type { HttpConnection } from './http-connection';
import { Intake } from './intake';
import type { HttpLimits } from './options';
import { PIECE_MAX } from './output';
import type { MakeParser } from './parser';
import { type Refusal, refusal } from './refusal';

/** Intakes that are kept for the next request. */
const INTAKES_MAX = 64;

const HEAD_TOO_SLOW = refusal(408, 'the head took too long');
const BODY_TOO_SLOW = refusal(408, 'the body took too long');
const NO_ANSWER = refusal(503, 'there was no answer in time');

/** What the server is told of. */
export interface HttpListening {
  /** Answers whether the exchange goes on beyond this call. Does not throw. */
  handle(exchange: Exchange): boolean;
  /** The exchange is over, well or not. */
  done(exchange: Exchange): void;
  /** A request that was not for the program. */
  refused(refusal: Refusal, connection: Connection): void;
}

export class HttpContext {
  readonly limits: HttpLimits;
  /** Bytes that are queued at a time: an empty queue has room for them. */
  readonly piece: number;
  /** The reactor's memory, once something came out of it: what lies there is lent for a turn. */
  arena: ArrayBufferLike | undefined = undefined;
  readonly heads: Deadline;
  readonly bodies: Deadline;
  readonly answers: Deadline;
  readonly writing: Deadline;
  readonly idle: Deadline;
  readonly lingering: Deadline;
  /** No request is begun any more. */
  draining = false;
  private readonly reactor: Reactor;
  private readonly clock: WallClock;
  private readonly makeParser: MakeParser;
  private readonly listening: HttpListening;
  private readonly deadlines: Deadlines;
  private readonly intakes: Intake[] = [];
  private memory: Buffer = Buffer.alloc(0);
  private dateSecond = -1;
  private dateLine = '';

  constructor(
    reactor: Reactor,
    clock: WallClock,
    limits: HttpLimits,
    makeParser: MakeParser,
    listening: HttpListening,
  ) {
    this.reactor = reactor;
    this.clock = clock;
    this.limits = limits;
    this.makeParser = makeParser;
    this.listening = listening;
    const { queueBytes, queueBytesTotal } = reactor.limits;
    this.piece = Math.min(PIECE_MAX, queueBytes, queueBytesTotal);
    const list = (milliseconds: number, expired: (one: HttpConnection) => void) =>
      new Deadline(milliseconds, expired);
    this.heads = list(limits.headMilliseconds, (one) => one.refuse(HEAD_TOO_SLOW));
    this.bodies = list(limits.bodyMilliseconds, (one) => one.refuse(BODY_TOO_SLOW));
    this.answers = list(limits.answerMilliseconds, (one) => one.refuse(NO_ANSWER));
    this.writing = list(limits.writeMilliseconds, (one) => one.writeExpired());
    this.idle = list(limits.idleMilliseconds, (one) => one.closeBehind());
    this.lingering = list(limits.lingerMilliseconds, (one) => one.lingerExpired());
    this.deadlines = new Deadlines(reactor, [
      this.heads,
      this.bodies,
      this.answers,
      this.writing,
      this.idle,
      this.lingering,
    ]);
  }

  get now(): number {
    return this.reactor.now;
  }

  /** ms since 1970, if known. */
  get wallTime(): number | undefined {
    return this.clock.now;
  }

  enter(list: Deadline, waiting: Waiting): void {
    const { now } = this.reactor;
    list.enter(waiting, now);
    this.deadlines.watch(list, now);
  }

  handle(exchange: Exchange): boolean {
    return this.listening.handle(exchange);
  }

  done(exchange: Exchange): void {
    this.listening.done(exchange);
  }

  refused(why: Refusal, { connection }: HttpConnection): void {
    this.listening.refused(why, connection);
  }

  /** The Date field of answers of this second, with its line end (RFC 9110 section 6.6.1). */
  date(): string {
    const { now } = this.clock;
    // Without a clock there is no Date (RFC 9110 section 6.6.1).
    if (now === undefined) return '';
    const second = Math.floor(now / 1000);
    if (second !== this.dateSecond) {
      this.dateSecond = second;
      this.dateLine = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
    }
    return this.dateLine;
  }

  later(milliseconds: number, action: () => void | Promise<void>): void {
    this.reactor.setTimer(milliseconds, action);
  }

  takeIntake(): Intake {
    const known = this.intakes.pop();
    if (known) {
      known.reset();
      return known;
    }
    const parser = this.makeParser(this.limits);
    return new Intake(parser, this.limits, (bytes) => this.wholeOf(bytes));
  }

  giveIntake(intake: Intake): void {
    if (this.intakes.length < INTAKES_MAX) this.intakes.push(intake);
    else intake.parser.free();
  }

  /** Nothing of it is needed any more. */
  close(): void {
    this.deadlines.stop();
    for (const intake of this.intakes.splice(0)) intake.parser.free();
  }

  /** The memory that bytes lie in, as one Buffer: that of the reactor hardly ever changes. */
  private wholeOf(bytes: Uint8Array): Buffer {
    if (this.memory.buffer !== bytes.buffer) this.memory = Buffer.from(bytes.buffer);
    return this.memory;
  }
}
